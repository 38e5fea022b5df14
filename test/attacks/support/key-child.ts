/**
 * Makes a period key as a node does, erases it, and looks for its private half in all of its own memory (Linux,
 * /proc/self/mem). Prints how often each part of it was found before and after.
 */

import { shake256 } from "@noble/hashes/sha3.js";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { PeriodKeys } from "#provider-server/mix/period-keys.ts";
import { FilePeriodStore } from "#provider-server/mix/period-store.ts";
import { keyPeriodNumber } from "#transport/core/units.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { SuiteName } from "#transport/core/parameters.ts";

const [directory = "", name = "xwing"] = process.argv.slice(2);
const KEY_AT = 12;
const KEY_BYTES = 32;
const MASK = 0x5a;
const PERIOD = keyPeriodNumber(5);

const suite = await loadSuite(name as SuiteName, "native");
const keys = new PeriodKeys({
  suite,
  random: new SystemRandom(),
  store: new FilePeriodStore(directory),
  replayCapacity: 100,
  onErasedEarly: () => undefined,
});
keys.ensure(PERIOD);
const secrets = takeMasked(`${directory}/5.period`);
const before = counts();
keys.eraseBefore(keyPeriodNumber(6));
for (let n = 0; n < 5; n++) {
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(`${JSON.stringify({ before, after: counts() })}\n`);

/** How often each secret is found, by name. */
function counts(): Record<string, number> {
  return Object.fromEntries(Object.entries(secrets).map(([secret, needle]) => [secret, occurrences(needle)]));
}

function mask(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte) => byte ^ MASK);
}

/**
 * The key as the file has it, and for X-Wing what it is expanded to; masked, so that this program's own needles are not found,
 * and the copies they are made from wiped.
 */
function takeMasked(path: string): Record<string, Uint8Array> {
  const file = openSync(path, "r");
  const seed = Buffer.allocUnsafeSlow(KEY_BYTES);
  readSync(file, seed, 0, KEY_BYTES, KEY_AT);
  closeSync(file);
  // Seed d ‖ z of ML-KEM and scalar of X25519 (draft-connolly-cfrg-xwing-kem §5.2).
  const expanded = shake256(seed, { dkLen: 96 });
  const parts = { mlKemSeed: mask(expanded.subarray(0, KEY_BYTES)), scalar: mask(expanded.subarray(64)) };
  const found = { key: mask(seed), ...(name === "xwing" && parts) };
  for (const bytes of [seed, expanded]) bytes.fill(0xff);
  return found;
}

function occurrences(needle: Uint8Array): number {
  const first = (needle[0] as number) ^ MASK;
  const memory = openSync("/proc/self/mem", "r");
  const chunk = Buffer.allocUnsafeSlow(2 ** 20);
  let found = 0;
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    if (match === null) continue;
    const [start, end] = [Number.parseInt(match[1] as string, 16), Number.parseInt(match[2] as string, 16)];
    // Chunks overlap by a key, so that none is cut in two.
    for (let at = start; at < end; at += chunk.length - KEY_BYTES) {
      const read = readAt(memory, chunk, { at, length: Math.min(chunk.length, end - at) });
      for (let i = chunk.indexOf(first); i >= 0 && i + KEY_BYTES <= read; i = chunk.indexOf(first, i + 1)) {
        let same = 1;
        while (same < KEY_BYTES && chunk[i + same] === ((needle[same] as number) ^ MASK)) same++;
        if (same === KEY_BYTES) found++;
      }
      // What was read must not be found again as a copy.
      chunk.fill(0xff);
    }
  }
  closeSync(memory);
  return found;
}

function readAt(file: number, chunk: Buffer, o: { at: number; length: number }): number {
  try {
    return readSync(file, chunk, 0, o.length, o.at);
  } catch {
    return 0; // A region that the kernel does not show.
  }
}
