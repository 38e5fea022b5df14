/**
 * Two people's clients for some minutes, with or without mail, watched at all their sockets. With mail, everything a user can
 * set off happens: look-ups, mails of several sizes both ways, receipts, questions to `have`, retransmission.
 */

import type { SlotCargo } from "#transport/client/types.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type MessageId, type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import type { ClientOptions } from "./sim-client.ts";
import type { Observer } from "./observer.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import type { SimClient } from "./sim-client.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

export interface ScenarioOptions {
  readonly seed: string;
  readonly writes: boolean;
  /**
   * Of frames between nodes. Drawn from one stream for all frames, so that with other packets on them other ones are lost; an order for
   * tokens that is lost is asked for again, and seen. So where lines lose something there are no tokens.
   */
  readonly loss?: number;
  readonly duration?: Milliseconds;
  readonly parameters?: Parameters;
  /** How Alice's client is made, for planted faults. */
  readonly alice?: Pick<ClientOptions, "make" | "streams">;
}

export interface Seen {
  readonly alice: Observer;
  readonly bob: Observer;
  /** How many of Alice's slots carried what. */
  readonly cargo: ReadonlyMap<SlotCargo, number>;
  readonly mailsToBob: number;
  readonly mailsToAlice: number;
  readonly deliveries: readonly string[];
  /** Fragments of Alice's that left more than once. */
  readonly repeated: number;
}

const SIZES = [40, 300, 9_000, 60_000];

export async function watch(options: ScenarioOptions): Promise<Seen> {
  const { seed, writes, loss = 0.02, duration = seconds(150), parameters = SIM_PARAMETERS } = options;
  const cargo = new Map<SlotCargo, number>();
  const sent = new Map<string, number>();
  const tokens = loss > 0 ? { ...parameters.tokens, perProvider: 0 } : parameters.tokens;
  const world = await World.create({ seed, parameters: { ...parameters, tokens } });
  const alice = await world.join({
    name: "alice",
    provider: "a",
    ...options.alice,
    observer: {
      slotSent: ({ carried }) => cargo.set(carried, (cargo.get(carried) ?? 0) + 1),
      fragmentSent: ({ messageId, index }) => {
        const key = `${Buffer.from(messageId).toString("hex")}/${index}`;
        sent.set(key, (sent.get(key) ?? 0) + 1);
      },
    },
  });
  const bob = await world.join({ name: "bob", provider: "b" });
  world.net.weather = { loss, duplicates: 0.05 };
  const end = milliseconds(world.clock.now() + duration);
  if (writes) correspond(world, seed, alice, bob);
  await world.clock.runUntil(end);
  // How long a client takes to stop depends on what it has to write down.
  for (const { observer } of [alice, bob]) observer.leave();
  const seen: Seen = {
    alice: alice.observer,
    bob: bob.observer,
    cargo,
    mailsToBob: bob.received.size,
    mailsToAlice: alice.received.size,
    deliveries: alice.client.journeys().map((journey) => journey.delivery),
    repeated: [...sent.values()].filter((times) => times > 1).length,
  };
  await world.stop();
  return seen;
}

/** Alice writes at random times; Bob answers each mail and lets her know that he has it. */
function correspond(world: World, seed: string, alice: SimClient, bob: SimClient): void {
  const random = new SeededRandom(`${seed}/users`);
  const write = async (from: SimClient, to: SimClient, bytes: number): Promise<void> => {
    const record = await from.client.lookup(to.address);
    if (record !== undefined) await from.client.send({ to: record, body: random.bytes(bytes) });
  };
  const answer = async (messageId: MessageId): Promise<void> => {
    const record = await bob.client.lookup(alice.address);
    if (record === undefined) return;
    await bob.client.acknowledge({ messageId, to: record });
    await bob.client.send({ to: record, body: random.bytes(500) });
  };
  bob.client.on("message", ({ messageId }) => quietly(answer(messageId)));
  SIZES.forEach((bytes, index) => {
    const at = milliseconds(world.clock.now() + 1_000 + index * 7_300);
    world.clock.at(at, () => quietly(write(alice, bob, bytes)));
  });
}

/** In bad weather a look-up may end without an answer; then that mail is not written. */
const quietly = (work: Promise<unknown>): void => void work.catch(() => undefined);
