/**
 * What a hop's work costs beside the primitives that it cannot do without: in one run, on one thread, each primitive of
 * `unwrap` alone at the sizes that `unwrap` gives it, their sum, the whole `unwrap`, and `wrap` for four hops.
 */

import { hash } from "node:crypto";
import { sha3_256 } from "@noble/hashes/sha3.js";
import type { SuiteName } from "#transport/core/parameters.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { keyPeriodNumber, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { nativeMlKem768 } from "#transport/crypto/native-ml-kem.ts";
import { portableMlKem768 } from "#transport/crypto/portable-ml-kem.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { type Geometry, geometryForPayload, HOPS_MAX } from "#transport/sphinx/geometry.ts";
import { HOP_SECRET_BYTES } from "#transport/sphinx/hop-keys.ts";
import type { Path } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { medianMicroseconds } from "./measure.ts";

/** `unwrap` may take this much longer than its primitives, on the native implementation. */
const RATIO_BAR = 1.25;
const PAYLOADS_KIB = [2, 8, 24, 32];

export interface Entry {
  readonly suite: SuiteName;
  readonly implementation: string;
  readonly payloadBytes: number;
  readonly packetBytes: number;
  /** Microseconds of each primitive, as often as one unwrap needs it. */
  readonly primitivesUs: Readonly<Record<string, number>>;
  readonly sumUs: number;
  readonly unwrapUs: number;
  readonly ratio: number;
  readonly packetsPerSecond: number;
  readonly wrapUs: number;
}

/** True when every native ratio is within the bar. */
export async function runSphinxBench({ json }: { json: boolean }): Promise<boolean> {
  const entries: Entry[] = [];
  for (const suite of ["xwing", "x25519"] as const) {
    for (const kib of PAYLOADS_KIB)
      entries.push(await measureSphinx(suite, "native", kib * 1024, { rounds: 101, repeats: 20 }));
  }
  // The portable implementation once, for scale: it has no bar.
  for (const suite of ["xwing", "x25519"] as const) {
    entries.push(await measureSphinx(suite, "portable", 24 * 1024, { rounds: 5, repeats: 2 }));
  }
  const over = entries.filter(({ implementation, ratio }) => implementation === "native" && ratio > RATIO_BAR);
  if (json)
    console.log(JSON.stringify({ bench: "sphinx", ratioBar: RATIO_BAR, passed: over.length === 0, entries }, null, 2));
  else print(entries);
  for (const { suite, payloadBytes, ratio } of over) {
    console.error(
      `${suite} at ${payloadBytes} bytes: unwrap takes ${ratio.toFixed(2)} × its primitives; the bar is ${RATIO_BAR}`,
    );
  }
  return over.length === 0;
}

/** One row of the table, in the turns that medianMicroseconds() takes. */
export async function measureSphinx(
  name: SuiteName,
  implementation: "native" | "portable",
  payloadBytes: number,
  turns: { rounds: number; repeats: number },
): Promise<Entry> {
  const suite = await loadSuite(name, implementation);
  const geometry = geometryForPayload({ suite: name, payloadBytes });
  const sphinx = new Sphinx({ suite, geometry });
  const random = new SystemRandom();
  const hops = Array.from({ length: HOPS_MAX }, () => {
    const { privateKey, publicKey } = suite.kem.generate(random);
    return { nodeId: nodeId(random.bytes(32)), mixKey: publicKey, delay: milliseconds(1000), privateKey };
  });
  const path: Path = { period: keyPeriodNumber(7), hops };
  const payload = random.bytes(payloadBytes);
  const destination = { command: "mailbox", recipient: random.bytes(32) } as const;
  const { packet } = sphinx.wrap({ path, destination, payload, random });
  const first = hops[0] as (typeof hops)[number];
  const key = suite.kem.open(first.privateKey);
  const keys = { get: () => key };

  const primitives = { ...(await kemParts(suite, random)), ...primitivesOfUnwrap(suite, geometry, packet) };
  const tasks = {
    ...primitives,
    unwrap: () => void sphinx.unwrap(packet, keys, first.nodeId),
  };
  const times = medianMicroseconds(tasks, turns);
  const unwrapUs = times["unwrap"] as number;
  const primitivesUs = Object.fromEntries(Object.keys(primitives).map((task) => [task, round(times[task] as number)]));
  const sumUs = Object.keys(primitives).reduce((sum, task) => sum + (times[task] as number), 0);
  const wrap = medianMicroseconds(
    { wrap: () => void sphinx.wrap({ path, destination, payload, random }) },
    { rounds: Math.ceil(turns.rounds / 5), repeats: Math.ceil(turns.repeats / 4) },
  );
  return {
    suite: name,
    implementation,
    payloadBytes,
    packetBytes: geometry.packetBytes,
    primitivesUs,
    sumUs: round(sumUs),
    unwrapUs: round(unwrapUs),
    ratio: round(unwrapUs / sumUs),
    packetsPerSecond: Math.round(1e6 / unwrapUs),
    wrapUs: round(wrap["wrap"] as number),
  };
}

/** What a decapsulation is made of, below the suite's interface: keys ready, as in a node. */
async function kemParts(suite: Suite, random: RandomSource): Promise<Record<string, () => void>> {
  const { kem } = await loadSuite("x25519", suite.implementation);
  const pair = kem.generate(random);
  const scalar = kem.open(pair.privateKey);
  const product = { X25519: () => void scalar.decapsulate(pair.publicKey) };
  if (suite.name === "x25519") return product;

  const native = suite.implementation === "native" ? nativeMlKem768() : undefined;
  const mlKem = native ?? portableMlKem768;
  const key = mlKem.open(random.bytes(64));
  const { ciphertext } = mlKem.encapsulate(key.publicKey, random.bytes(32));
  const combined = random.bytes(134);
  return {
    ...product,
    "ML-KEM-768 decapsulation": () => void key.decapsulate(ciphertext),
    "SHA3-256 of the combiner": native
      ? () => void hash("sha3-256", combined, "buffer")
      : () => void sha3_256(combined),
  };
}

/** The other primitives, with the lengths of docs/spec/03-sphinx.md §7; those that a hop needs twice run twice. */
function primitivesOfUnwrap(suite: Suite, geometry: Geometry, packet: Uint8Array): Record<string, () => void> {
  const ciphertext = packet.slice(6, 6 + geometry.ciphertextBytes);
  const header = packet.slice(0, geometry.headerBytes - 32);
  const routing = new Uint8Array(geometry.routingBytes + geometry.forwardBytes);
  const keyed = packet.slice(geometry.headerBytes);
  const right = packet.slice(geometry.headerBytes + 32);
  const roundKeys = new Uint8Array(128);
  const secret = new Uint8Array(32).fill(9);
  const options = { secret, salt: new Uint8Array(0), info: new Uint8Array(87), length: HOP_SECRET_BYTES };
  return {
    "blake2b of the ciphertext": () => void suite.blake2b(ciphertext),
    "hkdf of the hop's keys": () => void suite.hkdf(options),
    "blake2b MAC of the header": () => void suite.blake2b(header, secret),
    "chacha20 of the routing block": () => suite.chacha20InPlace(secret, routing),
    "chacha20 of the round keys": () => suite.chacha20InPlace(secret, roundKeys),
    "chacha20 of the payload, twice": () => {
      suite.chacha20InPlace(secret, right);
      suite.chacha20InPlace(secret, right);
    },
    "sha256 of key and payload, twice": () => {
      suite.sha256(keyed);
      suite.sha256(keyed);
    },
  };
}

function print(entries: readonly Entry[]): void {
  console.log("suite   implementation  payload    sum µs  unwrap µs  ratio  packets/s   wrap µs");
  for (const entry of entries) {
    console.log(
      entry.suite.padEnd(8) +
        entry.implementation.padEnd(16) +
        String(entry.payloadBytes).padStart(7) +
        entry.sumUs.toFixed(1).padStart(10) +
        entry.unwrapUs.toFixed(1).padStart(11) +
        entry.ratio.toFixed(3).padStart(7) +
        String(entry.packetsPerSecond).padStart(11) +
        entry.wrapUs.toFixed(0).padStart(10),
    );
  }
  for (const entry of entries) {
    console.log(`\n${entry.suite}, ${entry.implementation}, ${entry.payloadBytes} bytes of payload, µs in one unwrap:`);
    for (const [name, time] of Object.entries(entry.primitivesUs))
      console.log(`  ${name.padEnd(38)}${time.toFixed(2).padStart(9)}`);
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
