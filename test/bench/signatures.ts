/**
 * `npm run bench -- signatures`: what the hybrid signatures of the directory cost beside Ed25519 alone, in the same run on one
 * thread, and how long a client is busy with the signatures of one list. docs/benchmarks.md
 */

import { SystemRandom } from "#transport/core/system-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { AUTHORITIES_MAX } from "#transport/directory/limits.ts";
import { medianMicroseconds } from "./measure.ts";

/**
 * Once an epoch a client verifies as many signatures as there are authorities, in one turn of the thread that also sends: a packet
 * that is due meanwhile waits. A tenth of the chat profile's 1,250 ms between slots, once an hour.
 */
const LIST_MS_BAR = 125;
/** What is signed of a list: a label, its epoch and its hash. */
const MESSAGE_BYTES = 60;

interface Entry {
  readonly implementation: "native" | "portable";
  /** Microseconds. */
  readonly ed25519: { readonly sign: number; readonly verify: number };
  readonly hybrid: { readonly sign: number; readonly verify: number };
  readonly verifyRatio: number;
  readonly signRatio: number;
  /** Milliseconds for the most signatures that a list can have. */
  readonly listMs: number;
}

/** True when the longest list is verified within the bar, in both implementations. */
export async function runSignatureBench({ json }: { json: boolean }): Promise<boolean> {
  const entries = [await measure("native", 20), await measure("portable", 3)];
  const passed = entries.every(({ listMs }) => listMs <= LIST_MS_BAR);
  if (json) console.log(JSON.stringify({ bench: "signatures", listMsBar: LIST_MS_BAR, passed, entries }, null, 2));
  else print(entries);
  return passed;
}

async function measure(implementation: "native" | "portable", repeats: number): Promise<Entry> {
  const { ed25519, hybrid } = await loadSuite("xwing", implementation);
  const random = new SystemRandom();
  const seed = random.bytes(32);
  const message = random.bytes(MESSAGE_BYTES);
  const [ownKey, key] = [ed25519.publicKey(seed), hybrid.publicKey(seed)];
  const [own, signature] = [ed25519.sign(message, seed), hybrid.sign(message, seed)];
  const times = medianMicroseconds(
    {
      ownSign: () => void ed25519.sign(message, seed),
      ownVerify: () => mustHold(ed25519.verify(own, message, ownKey)),
      sign: () => void hybrid.sign(message, seed),
      verify: () => mustHold(hybrid.verify(signature, message, key)),
    },
    { rounds: 21, repeats },
  ) as Record<"ownSign" | "ownVerify" | "sign" | "verify", number>;
  return {
    implementation,
    ed25519: { sign: times.ownSign, verify: times.ownVerify },
    hybrid: { sign: times.sign, verify: times.verify },
    verifyRatio: times.verify / times.ownVerify,
    signRatio: times.sign / times.ownSign,
    listMs: (AUTHORITIES_MAX * times.verify) / 1000,
  };
}

function mustHold(isGood: boolean): void {
  if (!isGood) throw new Error("a signature that was just made does not hold");
}

function print(entries: readonly Entry[]): void {
  console.log("| | Ed25519 sign | verify | hybrid sign | verify | sign × | verify × | nine signatures, ms |");
  console.log("|---|--:|--:|--:|--:|--:|--:|--:|");
  for (const { implementation, ed25519, hybrid, signRatio, verifyRatio, listMs } of entries) {
    const times = [ed25519.sign, ed25519.verify, hybrid.sign, hybrid.verify].map((time) => time.toFixed(0));
    const rest = [signRatio.toFixed(1), verifyRatio.toFixed(1), listMs.toFixed(1)];
    console.log(`| ${[`${implementation}, µs`, ...times, ...rest].join(" | ")} |`);
  }
}
