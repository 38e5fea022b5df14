/** What the tests of a client's own boxes share: a list of nodes, a store, a virtual clock. */

import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { QUICK_PARAMETERS, testConsensus, testDescriptor, testNetwork, testNodes } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { OwnBoxes } from "#transport/client/boxes/own-boxes.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import {
  epochNumber,
  type KeyPeriod,
  keyPeriodNumber,
  type Milliseconds,
  milliseconds,
  type NodeId,
} from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Consensus } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";

export const suite = await loadSuite("x25519", "native");
export const parameters: Parameters = { ...QUICK_PARAMETERS, boxReplies: 2 };
const NETWORK = testNetwork({ suite });
/** Who runs them: `own` and `sister` are one operator's. */
const OPERATORS = { own: "somebody", sister: "somebody", other: "another", third: "a third" };
export type Name = keyof typeof OPERATORS;

function descriptor(name: Name, epoch = 0) {
  const periods = [epoch, epoch + 1];
  return testDescriptor(suite, { name, role: "provider", operator: OPERATORS[name], periods });
}

export const idOf = (name: Name): NodeId => descriptor(name).nodeId;

/** A list with these providers. */
export function listOf(names: readonly Name[], epoch = 0): Consensus {
  const { layers } = testNodes(suite, { perLayer: 2, periods: [epoch, epoch + 1] });
  const providers = byNodeId(names.map((name) => descriptor(name, epoch)));
  return testConsensus(NETWORK, suite, { layers, providers, epoch: epochNumber(epoch) });
}

export const CONSENSUS = listOf(["own", "sister", "other", "third"]);
export const START: Milliseconds = milliseconds(1_800_000_000_000);

export interface BoxesWorld {
  readonly clock: VirtualClock;
  readonly store: MemoryClientStore;
  readonly chance: SeededRandom;
  readonly boxes: OwnBoxes;
  /** Whatever the tests say. */
  readonly state: { consensus: Consensus | undefined; deviceSecret: Uint8Array; lost: number; found: number };
  readonly current: () => { consensus: Consensus; period: KeyPeriod } | undefined;
  /** A new program with the same store and the same time. */
  again(): Promise<BoxesWorld>;
}

interface Given {
  readonly clock?: VirtualClock;
  readonly store?: MemoryClientStore;
  readonly parameters?: Parameters;
}

/** Boxes whose store is not read yet. */
export function newBoxes(seed: string, o: Given & { readonly state?: BoxesWorld["state"] } = {}): OwnBoxes {
  const { clock = new VirtualClock({ start: START }), store = new MemoryClientStore(), state = newState() } = o;
  return new OwnBoxes({
    clock,
    primitives: suite,
    parameters: o.parameters ?? parameters,
    store,
    keys: new SeededRandom(`${seed}/keys`),
    deviceSecret: () => state.deviceSecret,
    consensus: () => state.consensus,
    onLost: () => state.lost++,
    onFound: () => state.found++,
  });
}

const newState = (): BoxesWorld["state"] => ({
  consensus: CONSENSUS,
  deviceSecret: new Uint8Array(32).fill(7),
  lost: 0,
  found: 0,
});

export async function boxesWorld(seed: string, o: Given = {}): Promise<BoxesWorld> {
  const { clock = new VirtualClock({ start: START }), store = new MemoryClientStore() } = o;
  const state = newState();
  const boxes = newBoxes(seed, { ...o, clock, store, state });
  await boxes.load();
  boxes.listed(clock.now());
  const current = () =>
    state.consensus === undefined ? undefined : { consensus: state.consensus, period: keyPeriodNumber(0) };
  const again = (): Promise<BoxesWorld> => boxesWorld(`${seed} again`, { ...o, clock, store });
  return { clock, store, chance: new SeededRandom(`${seed}/boxes`), boxes, state, current, again };
}
