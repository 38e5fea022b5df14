/** A network in which little moves, so that weeks of it pass in seconds: for everything that takes days. */

import type { MailboxRecord } from "#transport/directory/mailbox-record.ts";
import type { MessageId } from "#transport/core/units.ts";
import { type Milliseconds, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import type { SimClient } from "./sim-client.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const LEAD = seconds(1200);

/** A packet every ten minutes, a poll every five; keys, retention and what counts as inactive are those of a network for people. */
export const SLOW_PARAMETERS: Parameters = {
  ...SIM_PARAMETERS,
  profiles: {
    mail: { ...SIM_PARAMETERS.profiles.mail, sendRate: perSecond(1 / 600), pollRate: perSecond(1 / 300) },
    chat: { ...SIM_PARAMETERS.profiles.chat, sendRate: perSecond(1 / 600), pollRate: perSecond(1 / 300) },
  },
  epoch: { duration: milliseconds(6 * HOUR), lead: LEAD, overlap: LEAD, keyPeriods: 1, keyLead: LEAD },
  nodeLoopRate: perSecond(1 / 7200),
  minimumPool: 0,
  // What the look-ups and questions of these tests need: sixteen take half of the time of a day in which little moves.
  tokens: { period: milliseconds(2 * DAY), perProvider: 8 },
};

export function slowWorld(seed: string, change: Partial<Parameters> = {}): Promise<World> {
  const parameters = { ...SLOW_PARAMETERS, ...change };
  return World.create({ seed, parameters, suite: noCryptography(), nodeLimits: { aliveInterval: seconds(600) } });
}

export const days = (count: number): Milliseconds => milliseconds(count * DAY);

/** Asks again while there is no answer, as a program would. */
export async function lookUp(world: World, from: SimClient, address: string): Promise<MailboxRecord> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const record = await world.clock.runUntilSettled(from.client.lookup(address), days(1)).catch(() => undefined);
    if (record !== undefined) return record;
    await world.clock.runFor(seconds(600));
  }
  throw new Error(`nobody answers about ${address}`);
}

export async function post(world: World, from: SimClient, to: MailboxRecord, body: Uint8Array): Promise<MessageId> {
  return world.clock.runUntilSettled(from.client.send({ to, body }), seconds(3600));
}

/** A program that lets the writer at this address know that a message was read; what finds no answer is asked for by reminders. */
export const acknowledging =
  (writer: string) =>
  (client: SimClient["client"]): void => {
    client.on("message", ({ messageId }) => {
      const acknowledge = async (): Promise<void> => {
        const to = await client.lookup(writer);
        if (to !== undefined) await client.acknowledge({ messageId, to });
      };
      void acknowledge().catch(() => undefined);
    });
  };

export async function stopClient(world: World, client: SimClient): Promise<void> {
  await world.clock.runUntilSettled(client.stop(), seconds(3600));
}

export async function startClient(world: World, client: SimClient): Promise<void> {
  await world.clock.runUntilSettled(client.start(), seconds(3600));
}

/** Until the condition holds, a day at most. */
export async function until(world: World, condition: () => boolean): Promise<void> {
  const came = await world.clock.runWhile(() => !condition(), days(1));
  if (!came) throw new Error("it did not come within a day");
}
