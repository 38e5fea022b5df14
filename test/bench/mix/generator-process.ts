/** Makes packets for the mix under test and sends them over real links at random times (a Poisson process) of a given rate. */

import { answer } from "./ask.ts";
import { generatorNames, sinkNames } from "./directory.ts";
import { OneHopPackets, preciseNow } from "./one-hop.ts";
import { seedOf } from "#test/support/test-network.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { below, exponential } from "#transport/core/random.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { keyPeriodNumber, milliseconds, type NodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { nodeIdOf } from "#transport/directory/descriptor.ts";
import { FRAME_TYPES } from "#transport/link/frame-table.ts";
import type { Link } from "#transport/link/link.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
const sizes = geometry(LIVE_PARAMETERS);
const random = new SystemRandom();
const links: Link[] = [];
let nextHops: NodeId[] = [];
let packets: OneHopPackets;
let meanDelay = milliseconds(0);
let delayMax = 0;
let sent = 0;
let lost = 0;
let running = false;

answer(
  {
    async connect(o: { links: number; address: string; linkKey: Uint8Array; nodeId: NodeId; mixKey: Uint8Array }) {
      nextHops = sinkNames(o.links).map((name) => nodeIdOf(suite, suite.hybrid.publicKey(seedOf(`${name}/identity`))));
      packets = new OneHopPackets(
        { suite, geometry: sizes, period: keyPeriodNumber(0), nodeId: o.nodeId, mixKey: o.mixKey },
        random,
      );
      for (const name of generatorNames(o.links)) {
        const dialer = new TlsDialer({ identitySeed: seedOf(`${name}/link`), suite, sizes, clock: new SystemClock() });
        links.push(await dialer.dial({ address: o.address, expectedKey: o.linkKey, protocol: "starling-node/2" }));
      }
    },
    /** Encapsulates ahead: sending and encapsulating on the same cores as the mix would measure both together. */
    prepare(count: number) {
      packets.prepare(count);
    },
    start(o: { rate: number; meanDelay: number }) {
      meanDelay = milliseconds(o.meanDelay);
      delayMax = Math.floor(o.meanDelay * LIVE_PARAMETERS.delayCap);
      running = true;
      run(1000 / o.rate);
    },
    /** Since the last call. */
    counts() {
      const counts = { sent, lost, ...process.cpuUsage() };
      [sent, lost] = [0, 0];
      return counts;
    },
    stop() {
      running = false;
    },
  },
  undefined,
);

/** One chain of timers per `start`; a new one ends the old one's. */
let chain = 0;

function run(meanWait: number): void {
  const own = ++chain;
  let due = preciseNow();
  const step = (): void => {
    if (!running || own !== chain) return;
    const now = preciseNow();
    // A process that fell behind does not make up for it in a burst that no network would send.
    due = Math.max(due, now - BEHIND_MAX_MS);
    for (; due <= now; due += exponential(random, milliseconds(meanWait))) send();
    setTimeout(step, 1);
  };
  step();
}

const BEHIND_MAX_MS = 50;

function send(): void {
  const delay = milliseconds(Math.min(delayMax, Math.round(exponential(random, meanDelay))));
  const next = nextHops[below(random, nextHops.length)] as NodeId;
  const link = links[below(random, links.length)] as Link;
  const frame = free.pop() ?? newFrame(next);
  packets.make(next, delay, preciseNow(), frame.subarray(1));
  if (link.send(frame, () => free.push(frame))) return void sent++;
  free.push(frame);
  lost++;
}

/** Frames that have left: their payload is written already. */
const free: Uint8Array[] = [];

function newFrame(next: NodeId): Uint8Array {
  const frame = new Uint8Array(1 + sizes.packetBytes);
  frame[0] = FRAME_TYPES.packet;
  frame.set(packets.make(next, milliseconds(0), 0), 1);
  return frame;
}
