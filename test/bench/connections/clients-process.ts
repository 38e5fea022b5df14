/**
 * Many cheap clients in one process: each has a device's key, a TLS link and the two clocks of the mail profile. They send frames
 * as long and as often as a program's, with noise in place of a packet, for the provider under test opens none of them.
 */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { pick } from "#transport/core/random.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import type { NodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import { readNetwork } from "#provider-server/cli/network.ts";
import { decodeFrame, encodeFrame, type Frame } from "#transport/link/frame.ts";
import { FRAME_TYPES } from "#transport/link/frame-table.ts";
import type { Link } from "#transport/link/link.ts";
import { PartCollector } from "#transport/link/parts.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import { Ticker } from "#transport/traffic/ticker.ts";
import { answer } from "../mix/ask.ts";
import { deviceSeed } from "./device-seed.ts";

const sizes = geometry(LIVE_PARAMETERS);
const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
const clock = new SystemClock();
const random = new SystemRandom();
const profiles = new ProfileSchedule({
  parameters: LIVE_PARAMETERS,
  choice: { profile: "mail", nextProfile: undefined },
});
const [send, poll] = [profiles.pace("sendRate"), profiles.pace("pollRate")];
const pollFrame = encodeFrame({ type: "poll", cursor: 0 }, sizes);
/** One for each mix of the first layer; a frame that is sent is not changed, so all clients share them. */
let frames: Uint8Array[] = [];
const counts = { sent: 0, lost: 0, polls: 0, entries: 0, closed: 0, redialled: 0 };

answer(
  {
    /** Resolves when the clients from `from` to before `until` have links or gave up: how many have, and after how many milliseconds. */
    async connect(o: { from: number; until: number; address: string; linkKey: Uint8Array; networkFile: string }) {
      const start = performance.now();
      let [next, links] = [o.from, 0];
      const dialAll = async (): Promise<void> => {
        for (let i = next++; i < o.until; i = next++) {
          const link = await dial(i, o);
          if (link === undefined) continue;
          begin(link);
          links++;
        }
      };
      if (frames.length === 0) {
        const link = await dial(next++, o);
        if (link === undefined) throw new Error("the provider takes no link");
        frames = framesTo(await firstLayer(link, o.networkFile));
        links++;
      }
      await Promise.all(Array.from({ length: DIALS_AT_ONCE }, dialAll));
      return { links, milliseconds: performance.now() - start };
    },
    counts: () => ({ ...counts }),
  },
  process.pid,
);

/** Fewer than a provider takes: what is measured is what it costs, not how it refuses. */
const DIALS_AT_ONCE = 32;
/** On a busy machine a handshake may take longer than the ten seconds that a dialer waits. */
const ATTEMPTS = 3;

async function dial(i: number, o: { address: string; linkKey: Uint8Array }): Promise<Link | undefined> {
  const dialer = new TlsDialer({ identitySeed: deviceSeed(i), suite, sizes, clock });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return await dialer.dial({ address: o.address, expectedKey: o.linkKey, protocol: "starling-client/2" });
    } catch {
      counts.redialled++;
    }
  }
  return undefined;
}

function begin(link: Link): void {
  link.onFrame(
    (frame) => {
      if (frame[0] === FRAME_TYPES.entry) counts.entries++;
    },
    { lent: true },
  );
  const { clock: law, sendSpread: spread } = LIVE_PARAMETERS;
  const clocks = [
    new Ticker({
      clock,
      random,
      law,
      spread,
      pace: send,
      tick: () => (link.send(pick(random, frames)) ? counts.sent++ : counts.lost++),
    }),
    new Ticker({ clock, random, law, pace: poll, tick: () => (link.send(pollFrame) ? counts.polls++ : counts.lost++) }),
  ];
  link.onClose(() => {
    counts.closed++;
    for (const ticker of clocks) ticker.stop();
  });
  for (const ticker of clocks) ticker.start();
}

const framesTo = (mixes: readonly NodeId[]): Uint8Array[] =>
  mixes.map((firstHop) => encodeFrame({ type: "send", firstHop, packet: random.bytes(sizes.packetBytes) }, sizes));

/** The mixes that the provider has links to: others would cost it nothing. */
async function firstLayer(link: Link, networkFile: string): Promise<NodeId[]> {
  const collector = new PartCollector();
  const bytes = await new Promise<Uint8Array>((resolve, reject) => {
    link.onFrame((raw) => {
      const frame: Frame = decodeFrame(raw, { protocol: "starling-client/2", direction: "toDialer", sizes });
      const collected = frame.type === "consensusPart" ? collector.add(frame) : undefined;
      if (collected?.kind === "document") resolve(collected.bytes);
      if (collected?.kind === "absent") reject(new Error("the provider has no list"));
    });
    link.send(encodeFrame({ type: "getConsensus", epoch: "current" }, sizes));
  });
  const { layers } = verifyConsensus(readNetwork(networkFile, suite), bytes, suite);
  begin(link);
  return layers[0].map(({ nodeId }) => nodeId);
}
