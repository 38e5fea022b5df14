/**
 * Everybody sends in the same part of a slot, so a mix knows users' packets by when they come. One that drops only what comes then, or
 * only what comes at other times, is to meet nodes' loops as well: here the production code of nodes draws loops and of clients ticks,
 * and whatever set of moments of a slot is chosen, loops are hit two fifths as much as packets, or more.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeLoops } from "#provider-server/node/node-loops.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seededNodeStreams } from "#test/support/small-network.ts";
import { testConsensus, testNetwork, testNodes } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { keyPeriodNumber, meanInterval, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { uniform } from "#transport/core/random.ts";
import { drawDelay } from "#transport/directory/path.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import type { WrappedPacket } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { Ticker } from "#transport/traffic/ticker.ts";
import { meddling } from "./harness/adversary.ts";
import { WATCHED_PARAMETERS, WatchedWorld } from "./harness/watched-world.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite }); // with the profiles, spread and loops of a live network
const { profiles, sendSpread, delayCap } = made.network.parameters;
const consensus = testConsensus(made, suite, testNodes(suite, { perLayer: 4 }));
const size = geometry({ suite: "x25519", packetBytes: made.network.parameters.packetBytes });
const HOURS = 1;
/** What two lines take in the virtual network. */
const LINES = 20;
const END = milliseconds(HOURS * 3_600_000);

/** When packets come to any mix of a layer, layer 1 first. */
type Arrivals = [number[], number[], number[]];

/** Tells the way and the delays of what is wrapped, which no mix knows. */
class Telling extends Sphinx {
  last: Parameters<Sphinx["wrap"]>[0]["path"] | undefined;

  override wrap(o: Parameters<Sphinx["wrap"]>[0]): WrappedPacket {
    this.last = o.path;
    return super.wrap(o);
  }
}

async function arrivalsOfLoops(): Promise<Arrivals> {
  const arrivals: Arrivals = [[], [], []];
  const layerOf = new Map(consensus.layers.flatMap((mixes, at) => mixes.map(({ nodeId }) => [toHex(nodeId), at])));
  for (const { nodeId } of [...consensus.layers.flat(), ...consensus.providers]) {
    const clock = new VirtualClock({ start: milliseconds(0) });
    const sphinx = new Telling({ suite, geometry: size });
    const loops = new NodeLoops({
      clock,
      streams: seededNodeStreams(`loops of ${toHex(nodeId)}`),
      network: made.network,
      sphinx,
      nodeId,
      current: () => ({ consensus, period: keyPeriodNumber(0) }),
      send() {
        let at: number = clock.now();
        for (const hop of (sphinx.last as NonNullable<typeof sphinx.last>).hops.slice(0, -1)) {
          const layer = layerOf.get(toHex(hop.nodeId));
          if (layer !== undefined) arrivals[layer]?.push(at);
          at += hop.delay;
        }
      },
    });
    loops.start();
    await clock.runUntil(END);
    loops.stop();
    // A slot of the slowest profile may still be to come for those that are drawn.
    const left = sphinx.last;
    await clock.runFor(seconds(60));
    assert.equal(sphinx.last, left, "nothing leaves a node that has stopped");
  }
  return arrivals;
}

/** Of clients of one profile. */
async function arrivalsOfPackets(name: "mail" | "chat"): Promise<Arrivals> {
  const { sendRate, meanDelay } = profiles[name];
  const arrivals: Arrivals = [[], [], []];
  const delays = new SeededRandom(`delays of ${name}`);
  const clients = name === "mail" ? 40 : 4;
  for (let client = 0; client < clients; client++) {
    const clock = new VirtualClock({ start: milliseconds(0) });
    const ticker = new Ticker({
      clock,
      random: new SeededRandom(`${name} ${client}`),
      law: "slot",
      spread: sendSpread,
      pace: { at: () => ({ rate: sendRate, until: undefined }) },
      tick(time) {
        let at: number = time;
        for (const layer of arrivals) {
          layer.push(at);
          at += drawDelay({ delays, meanDelay, delayCap });
        }
      },
    });
    ticker.start();
    await clock.runUntil(END);
    ticker.stop();
  }
  return arrivals;
}

const PARTS = 16;

/** Which share of what comes falls into each part of a profile's slot. */
function shares(arrivals: readonly number[], name: "mail" | "chat"): number[] {
  const length = meanInterval(profiles[name].sendRate);
  const counts = Array.from({ length: PARTS }, () => 0);
  for (const at of arrivals) (counts[Math.floor(((at % length) / length) * PARTS)] as number)++;
  return counts.map((count) => count / arrivals.length);
}

const loops = await arrivalsOfLoops();

for (const name of ["mail", "chat"] as const) {
  const packets = await arrivalsOfPackets(name);
  for (const layer of [1, 2, 3] as const) {
    test(`whenever packets of the ${name} profile come to layer ${layer}, loops come`, () => {
      const ofLoops = shares(loops[layer - 1] as number[], name);
      const ofPackets = shares(packets[layer - 1] as number[], name);
      for (const [part, share] of ofPackets.entries()) {
        if (share < 1 / (8 * PARTS)) continue; // as good as no packets
        const hit = (ofLoops[part] as number) / share;
        assert.ok(hit > 0.4, `part ${part}: ${share} of packets, ${ofLoops[part]} of loops`);
      }
      // Answers come at any time: who drops what comes when nobody sends meets loops, too.
      for (const [part, share] of ofLoops.entries()) assert.ok(share * PARTS > 0.4, `part ${part}: ${share} of loops`);
    });
  }
}

test("a mix of the first layer that drops half of what comes just when everybody sends is avoided two epochs later", async () => {
  const { sendRate } = WATCHED_PARAMETERS.profiles.mail;
  const slot = meanInterval(sendRate);
  const bad = new Set<string>();
  const chance = new SeededRandom("which half");
  const adversary = meddling({
    incoming({ node, now }) {
      const isSendTime = now % slot < slot * WATCHED_PARAMETERS.sendSpread + LINES;
      return bad.has(node) && isSendTime && uniform(chance) < 1 / 2 ? "dropped" : undefined;
    },
  });
  const watched = await WatchedWorld.create({ seed: "when everybody sends", ...adversary });
  await watched.runTo(1);
  bad.add(watched.layer(1, 0)[0] as string);
  await watched.runTo(4);
  assert.deepEqual(watched.demotions(4), Object.fromEntries([...bad].map((name) => [name, "avoided"])));
  await watched.world.stop();
});
