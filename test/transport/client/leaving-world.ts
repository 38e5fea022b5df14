/** A writer's outbox with one message of three fragments to a reader's place, its slots and the answers to its questions at hand. */

import assert from "node:assert/strict";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { placesWith } from "#test/support/correspondents.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import type { Place } from "#transport/box/place.ts";
import { LAST_REMINDER_WAIT, REMINDERS_MAX } from "#transport/client/limits.ts";
import { Outbox } from "#transport/client/outbox.ts";
import type { Payload } from "#transport/client/payload.ts";
import { NO_PROGRESS, type OutgoingMessage, type Recipient } from "#transport/client/store.ts";
import { toHex } from "#transport/core/bytes.ts";
import { mailboxId, messageId, type Milliseconds, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { decodeFragment, fragmentDataBytes } from "#transport/fragment/fragment.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import type { Outgoing } from "#transport/client/outgoing.ts";

const parameters = { ...SIM_PARAMETERS, boxReplies: 2 };
const geometry = geometryOf(parameters);
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const ID = messageId(new Uint8Array(16).fill(1));
export const OTHER = messageId(new Uint8Array(16).fill(2));
export const HOME = new Uint8Array(32).fill(90);
const BODY_BYTES = 3 * fragmentDataBytes(geometry) - 200;

export const reader: Recipient = {
  address: "reader@b.example",
  accountKey: new Uint8Array(32).fill(8),
  providerId: nodeId(new Uint8Array(32).fill(9)),
  mailboxId: mailboxId(HOME),
  mailboxKey: new Uint8Array(1216),
  validUntil: milliseconds(1e12),
};

export const newer = (n: number): Recipient => ({
  ...reader,
  mailboxKey: new Uint8Array(1216).fill(n),
  validUntil: milliseconds(reader.validUntil + n),
});

/** Provider, recipient and index of what a slot takes. */
export function where(taken: { provider: number; payload: Payload } | undefined): [number, string, number] | undefined {
  if (taken === undefined) return undefined;
  const { destination, plaintext } = taken.payload.content;
  return [taken.provider, toHex(destination.recipient), decodeFragment(geometry, plaintext).index];
}

export async function setUp() {
  const clock = new VirtualClock();
  const store = new MemoryClientStore();
  const random = new SeededRandom("leaving");
  const questions: { to: Recipient; hashes: readonly Uint8Array[] }[] = [];
  /** To the coming questions; without one there is none. */
  const answers: (boolean[] | Error)[] = [];
  const progress: string[] = [];
  const clockIs = { good: true };
  const list: { providers: readonly number[] } = { providers: [1, 2, 3] };
  let packets = 0;
  const open = async (): Promise<Outbox> => {
    const outbox = new Outbox({
      clock,
      store,
      quiet: new QuietTime({ clock, nextTick: () => undefined }),
      geometry,
      parameters,
      padding: random,
      reliability: random,
      places: placesWith({ clock, store, parameters, list }),
      waits: {
        askWait: () => seconds(5),
        repeatWait: () => seconds(5),
        remindWait: (reminders) => milliseconds(reminders < REMINDERS_MAX ? 20_000 : LAST_REMINDER_WAIT),
        longest: { ask: seconds(100), repeat: seconds(100), remind: () => milliseconds(4 * DAY) },
      },
      nextOrder: () => 0,
      isClockGood: () => clockIs.good,
      have: async (to, hashes) => {
        questions.push({ to, hashes });
        const answer = answers.shift();
        if (answer === undefined) return new Promise(() => undefined);
        if (answer instanceof Error) throw answer;
        return answer;
      },
      onProgress: (outgoing) => progress.push(outgoing.delivery),
      onSent: () => undefined,
    });
    await outbox.load();
    await clock.runFor(seconds(1));
    return outbox;
  };
  /** Three fragments. */
  const add = async (
    outbox: Outbox,
    place: Place | undefined,
    id = ID,
    deadline = milliseconds(1e12),
  ): Promise<void> => {
    const message: OutgoingMessage = {
      id,
      to: { ...reader, place },
      bytes: BODY_BYTES,
      proof: new Uint8Array(32),
      queuedAt: clock.now(),
      progress: { ...NO_PROGRESS, deadline },
      fragments: [0, 1, 2].map(() => ({ state: "waiting", notBefore: milliseconds(0), attempts: 0, hashes: [] })),
    };
    const data = [0, 1, 2].map(() => new Uint8Array(42));
    await clock.runUntilSettled(outbox.add({ message, data }), seconds(1));
    await clock.runFor(milliseconds(100));
  };
  /** What the next slot takes; it leaves. */
  const leaves = async (outbox: Outbox) => {
    const [next] = [...outbox.queue.contenders(clock.now())];
    if (next === undefined) return undefined;
    const payload = next.take();
    payload.settled({ hash: new Uint8Array(16).fill(packets++), tags: [], at: clock.now() });
    await clock.runFor(milliseconds(100));
    return { provider: next.provider[0] as number, payload };
  };
  const leave = async (outbox: Outbox, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) assert.ok(await leaves(outbox), "something waits");
  };
  /** To be stored whole as soon as it was asked for. */
  const addStored = async (outbox: Outbox, place: Place, deadline?: Milliseconds): Promise<Outgoing> => {
    await add(outbox, place, ID, deadline);
    const [sent] = outbox.all() as [Outgoing];
    await leave(outbox, 3);
    answers.push([true, true, true]);
    return sent;
  };
  return { clock, store, open, add, addStored, leaves, leave, questions, answers, progress, clockIs, list };
}
