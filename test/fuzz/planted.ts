/** Decoders with a fault each, by which the harness shows that it finds what it is for. */

import { Reader } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { Target } from "./fuzz.ts";
import { bytesTaken } from "./memory.ts";

/** count u16 ‖ that many bytes: what a good decoder makes of it. */
function read(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  const body = reader.bytes16(1024);
  reader.end();
  return body;
}

const CORPUS = [20, 300].map((length) => {
  const bytes = new Uint8Array(2 + length).fill(1);
  new DataView(bytes.buffer).setUint16(0, length);
  return bytes;
});

/** What breaks a decoder: a byte that no real input has there. */
const isBad = (bytes: Uint8Array): boolean => bytes.length > 2 && (bytes[2] as number) >= 0x80;

const leaked: Uint8Array[] = [];
const forever = new Promise<void>(() => undefined);

const decoders: Readonly<Record<string, Target["decode"]>> = {
  "a good one": (bytes) => void read(bytes),
  "a good one that takes its time": async (bytes) => {
    await Promise.resolve();
    read(bytes);
  },
  "one that crashes": (bytes) => {
    if (isBad(bytes)) (undefined as unknown as { at: number }).at += 1;
    read(bytes);
  },
  "one that crashes (later)": async (bytes) => {
    await Promise.resolve();
    if (isBad(bytes)) throw new RangeError("of its own");
    read(bytes);
  },
  "one that only what is made up crashes": (bytes) => {
    if (bytes.length >= 12 && new Set(bytes.subarray(0, 12)).size === 12) throw new RangeError("of its own");
    read(bytes);
  },
  "one that is slow": (bytes) => {
    const until = processorTime() + 2_200;
    while (isBad(bytes) && processorTime() < until);
    read(bytes);
  },
  "one that hangs": (bytes) => {
    while (isBad(bytes));
    read(bytes);
  },
  "one that hangs (later)": async (bytes) => {
    await Promise.resolve();
    while (isBad(bytes));
    read(bytes);
  },
  "one that waits for nothing": async (bytes) => {
    if (isBad(bytes)) await forever;
    read(bytes);
  },
  "one that leaks": (bytes) => {
    leaked.push(new Uint8Array(2 ** 17));
    read(bytes);
  },
  "one that takes 1 GiB": (bytes) => {
    if (isBad(bytes) && new Uint8Array(2 ** 30).length === 0) return;
    read(bytes);
  },
  "one that takes 1 GiB and gives it back": (bytes) => {
    if (isBad(bytes)) takeAndGiveBack();
    read(bytes);
  },
  "one that takes 100 MiB of the heap": (bytes) => {
    if (isBad(bytes) && Array.from({ length: 13 * 2 ** 20 }, () => 0.5).length === 0) return;
    read(bytes);
  },
  "one that takes so much that the system ends it": (bytes) => {
    if (isBad(bytes)) process.kill(process.pid, "SIGKILL");
    read(bytes);
  },
  "one that takes what was changed": () => undefined,
};

const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** Written to and collected before it ends: what is looked at then is as before. */
function takeAndGiveBack(): void {
  const before = bytesTaken();
  if (new Uint8Array(2 ** 30).fill(1).length === 0) return;
  while (bytesTaken() > before + 2 ** 29) Array.from({ length: 1_000 }, (_, i) => ({ i }));
}

/** Takes real inputs, which come first, and nothing else. */
function refusing(): Target["decode"] {
  let given = 0;
  return () => {
    if (given++ >= 2 * CORPUS.length) throw new TransportError("MALFORMED");
  };
}

export function plantedTargets(): Target[] {
  return Object.entries({ ...decoders, "one that refuses everything": refusing() }).map(([name, decode]) => ({
    name,
    corpus: CORPUS,
    decode,
    takesChanged: name === "one that takes what was changed" ? "none" : "some",
  }));
}
