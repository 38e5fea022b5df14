/** What one slot and one entry cost in a browser's worker: runs there, for `npm run bench -- browser`. */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { WebRandom } from "#transport/core/system-web-random.ts";
import { epochNumber, mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import { portableSuite } from "#transport/crypto/portable.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { wrapSlot } from "#transport/traffic/wrap-slot.ts";

export interface BrowserMeasures {
  /** Milliseconds, median and 99th hundredth of the runs. */
  readonly wrap: readonly [median: number, p99: number];
  readonly open: readonly [median: number, p99: number];
}

const RUNS = 200;

const { addEventListener, postMessage } = globalThis as unknown as {
  readonly addEventListener: (type: "message", listener: () => void) => void;
  readonly postMessage: (said: object) => void;
};

addEventListener("message", () => postMessage(measure()));

function measure(): BrowserMeasures {
  const suite = portableSuite(LIVE_PARAMETERS.suite);
  const random = new WebRandom();
  const sizes = geometry(LIVE_PARAMETERS);
  const sphinx = new Sphinx({ suite, geometry: sizes });
  const hops = Array.from({ length: 4 }, () => ({
    nodeId: nodeId(random.bytes(32)),
    mixKey: suite.kem.generate(random).publicKey,
    delay: milliseconds(5),
  }));
  const mailbox = suite.sealKem.generate(random);
  const key = suite.sealKem.open(mailbox.privateKey);
  const plaintext = random.bytes(sizes.fragmentBytes);
  const path = { epoch: epochNumber(1), hops };
  const recipient = mailboxId(random.bytes(32));
  const sealed = seal({ suite, geometry: sizes, mailboxKey: mailbox.publicKey, plaintext, random });
  const content = { destination: { command: "mailbox", recipient } as const, plaintext, mailboxKey: mailbox.publicKey };
  return {
    wrap: timed(() => wrapSlot({ sphinx, path, content, keys: random })),
    open: timed(() => openSeal({ suite, geometry: sizes, mailboxKey: key, sealed })),
  };
}

function timed(work: () => unknown): readonly [number, number] {
  for (let i = 0; i < 20; i++) work();
  const times = Array.from({ length: RUNS }, () => {
    const before = performance.now();
    work();
    return performance.now() - before;
  }).toSorted((a, b) => a - b);
  return [times[RUNS / 2] as number, times[Math.floor(RUNS * 0.99)] as number];
}
