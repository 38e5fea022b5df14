/**
 * What a client makes of its own loops: when it says that its provider loses mail, how soon, and how rarely it is wrong. The loops are
 * drawn with given chances; `test/attacks/entry-provider.test.ts` does it with packets.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopHealth } from "#transport/client/loop-health.ts";
import { LINK_SETTLING, MAILBOX_ANSWERS_MAX } from "#transport/client/limits.ts";
import { below, exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { type MessageId, messageId, milliseconds, type NodeId, nodeId } from "#transport/core/units.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";

const JOURNEY = milliseconds(15_000);
const PATIENCE = 75_000;
/** Between two loops of the mail profile. */
const GAP = 105_000;
const LINKS = 4;
const LINK_LOSS = 0.01;
const POLL_GAP = 15_000;
const CUT_EVERY = 100_000;
const AWAY = 1000;
/** An hour of the mail profile has 34 loops. */
const EPOCHS = 5_000;
const LOOPS_AN_EPOCH = 34;
const GUARDS = 3;
const LAYER = 8;

const numbered = (length: number, n: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
};
const id = (n: number): MessageId => messageId(numbered(16, n));
const mix = (n: number): NodeId => nodeId(numbered(32, n));
const MIXES = Array.from({ length: 3 * LAYER }, (_, n) => mix(n));

/** A client whose loops pass three guards and eight mixes of each other layer. */
function client(random: RandomSource) {
  const said: boolean[] = [];
  const health = new LoopHealth({ journey: JOURNEY, onChange: () => said.push(health.isLosing) });
  let count = 0;
  return {
    said,
    get count() {
      return count;
    },
    loop(o: { readonly dropped?: number; readonly bad?: { readonly mix: number; readonly drops: number } } = {}): void {
      const way = [0, LAYER, 2 * LAYER].map((from) => from + below(random, from === 0 ? GUARDS : LAYER));
      const at = milliseconds(++count * GAP);
      health.sent(
        id(count),
        at,
        way.map((place) => MIXES[place] as NodeId),
      );
      const drops = o.bad !== undefined && way.includes(o.bad.mix) ? o.bad.drops : 0;
      const arrives = (1 - LINK_LOSS) ** LINKS * (1 - (o.dropped ?? 0)) * (1 - drops);
      if (uniform(random) < arrives) health.returned(id(count));
      health.answered(at, true);
    },
  };
}

test("where each link loses 1 %, five thousand hours of the mail profile bring no false alarm", () => {
  const one = client(new SeededRandom("honest"));
  for (let n = 0; n < EPOCHS * LOOPS_AN_EPOCH; n++) one.loop();
  assert.deepEqual(one.said, []);
});

/** In order, of two hundred clients. */
function loopsUntil(dropped: number): number[] {
  return Array.from({ length: 200 }, (_, n) => {
    const one = client(new SeededRandom(`${dropped}/${n}`));
    while (one.said.length === 0) one.loop({ dropped });
    return one.count;
  }).toSorted((a, b) => a - b);
}

test("of a provider that drops a fifth it is said after some sixty loops, two hours of mail; of one that drops all, after nine", () => {
  const [fifth, all] = [loopsUntil(0.2), loopsUntil(1)];
  assert.ok((fifth[100] as number) <= 70 && (fifth[180] as number) <= 135, `${fifth[100]}, ${fifth[180]}`);
  assert.ok((all[100] as number) <= 10 && (all[199] as number) <= 20, `${all[100]}, ${all[199]}`);
});

test("it is said no more once all came back for some forty loops", () => {
  const one = client(new SeededRandom("again"));
  for (let n = 0; n < 100; n++) one.loop({ dropped: 0.5 });
  assert.equal(one.said.at(-1), true);
  for (let n = 0; n < 100; n++) one.loop();
  assert.equal(one.said.at(-1), false);
});

test("a guard that drops everything is not taken for the provider in the three hours in which the network finds it", () => {
  let wrong = 0;
  for (let n = 0; n < 200; n++) {
    const one = client(new SeededRandom(`guard/${n}`));
    for (let loop = 0; loop < 103; loop++) one.loop({ bad: { mix: 0, drops: 1 } });
    wrong += Number(one.said.length > 0);
  }
  assert.ok(wrong <= 4, `${wrong} of 200`);
});

function plain() {
  const said: boolean[] = [];
  const health = new LoopHealth({ journey: JOURNEY, onChange: () => said.push(health.isLosing) });
  const send = (from: number, to: number): void => {
    for (let n = from; n < to; n++) health.sent(id(n), milliseconds(n * 1000), MIXES.slice(n % 3, (n % 3) + 1));
  };
  return { health, said, send };
}

test("the last ten loops are shown apart, with the time until which they tell: a mix that died shows after a few", () => {
  const { health, send } = plain();
  assert.deepEqual(health.recent(), { sent: 0, returned: 0, until: undefined });
  send(0, 40);
  for (let n = 0; n < 40; n++) if (n < 30 || n % 2 === 0) health.returned(id(n));
  health.answered(milliseconds(39_000 + PATIENCE), true);
  health.answered(milliseconds(39_000 + PATIENCE), true);
  assert.deepEqual(health.recent(), { sent: 10, returned: 5, until: 39_000 });
  assert.equal(health.count(milliseconds(100_000)).returned, 35);
});

/** Each loop, poll and cut of some hours at the rates of the mail profile: a link of a hundred seconds, then one second of none. */
class CutLink {
  readonly said: boolean[] = [];
  sent = 0;
  readonly #health = new LoopHealth({ journey: JOURNEY, onChange: () => this.said.push(this.#health.isLosing) });
  readonly #random: RandomSource;
  readonly #o: { readonly dropped: number; readonly restarts: boolean };
  /** When each reaches the mailbox, in that order. */
  #mailbox: { readonly id: MessageId; readonly at: number }[] = [];

  constructor(seed: string, o: { readonly dropped: number; readonly restarts: boolean }) {
    this.#random = new SeededRandom(seed);
    this.#o = o;
  }

  until(isOver: () => boolean): void {
    let loop = this.#wait(GAP);
    let poll = this.#wait(POLL_GAP);
    for (let up = 0; !isOver(); up += CUT_EVERY + AWAY) {
      const cut = up + CUT_EVERY;
      this.#health.linked(milliseconds(up));
      for (let now = Math.min(loop, poll); now < cut; now = Math.min(loop, poll)) {
        if (now === loop) {
          if (now >= up) this.#send(now);
          loop += this.#wait(GAP);
        } else {
          if (now >= up) this.#poll(now);
          poll += this.#wait(POLL_GAP);
        }
      }
      this.#health.linkLost();
      if (this.#o.restarts) this.#mailbox = this.#mailbox.filter(({ at }) => at <= cut);
    }
  }

  #wait(mean: number): number {
    return exponential(this.#random, milliseconds(mean));
  }

  #send(now: number): void {
    const way = [0, LAYER, 2 * LAYER].map(
      (from) => MIXES[from + below(this.#random, from === 0 ? GUARDS : LAYER)] as NodeId,
    );
    const loop = { id: id(++this.sent), at: now + way.reduce((time) => time + this.#wait(JOURNEY / way.length), 0) };
    this.#health.sent(loop.id, milliseconds(now), way);
    if (uniform(this.#random) >= (1 - LINK_LOSS) ** LINKS * (1 - this.#o.dropped)) return;
    const after = this.#mailbox.findIndex(({ at }) => at > loop.at);
    this.#mailbox.splice(after < 0 ? this.#mailbox.length : after, 0, loop);
  }

  #poll(now: number): void {
    const [first] = this.#mailbox;
    const isThere = first !== undefined && first.at <= now;
    this.#health.answered(milliseconds(now), !isThere);
    if (!isThere) return;
    this.#mailbox.shift();
    this.#health.returned(first.id);
  }
}

test("a provider that drops a fifth and cuts the link every hundred seconds is found too, in six hours of mail instead of two", () => {
  const sent = Array.from({ length: 100 }, (_, n) => {
    const one = new CutLink(`cuts/${n}`, { dropped: 0.2, restarts: false });
    one.until(() => one.said.length > 0 || one.sent > 3000);
    return one.said[0] === true ? one.sent : Infinity;
  }).toSorted((a, b) => a - b);
  assert.ok((sent[50] as number) <= 250 && (sent[90] as number) <= 500, `${sent[50]}, ${sent[90]}`);
});

for (const [what, restarts] of [
  ["whose line breaks", false],
  ["that starts anew, with what was on its way lost,", true],
] as const) {
  test(`an honest provider ${what} every hundred seconds raises no alarm in 170,000 loops`, () => {
    const one = new CutLink(what, { dropped: 0, restarts });
    one.until(() => one.sent > EPOCHS * LOOPS_AN_EPOCH);
    assert.deepEqual(one.said, []);
  });
}

test("what was on its way when the link broke is no sign of anything", () => {
  const { health, said, send } = plain();
  send(0, 60);
  health.linkLost();
  health.answered(milliseconds(10 * PATIENCE), true);
  assert.deepEqual(said, []);
  assert.deepEqual(health.count(milliseconds(10 * PATIENCE)), { sent: 0, returned: 0 });
});

test("what left two journeys before the provider was last heard counts on the next link, what came back by then too, and nothing later", () => {
  const { health, said, send } = plain();
  send(0, 75);
  for (let n = 0; n < 75; n += 2) health.returned(id(n));
  health.answered(milliseconds(60_000), true);
  health.linkLost();
  assert.deepEqual([said, health.count(milliseconds(0)).sent], [[], 16]);
  health.returned(id(29));
  health.returned(id(31));
  health.answered(milliseconds(10 * PATIENCE), true);
  assert.deepEqual(
    health.count(milliseconds(0)),
    { sent: 31, returned: 17 },
    "of those that left in the first half minute",
  );
  assert.deepEqual(said, [true]);
});

test("while a provider that was away finds its lines again, loops say nothing", () => {
  const { health, said, send } = plain();
  health.linked(milliseconds(0));
  send(0, LINK_SETTLING / 1000);
  health.answered(milliseconds(10 * PATIENCE), true);
  assert.deepEqual(said, []);
  send(LINK_SETTLING / 1000, 60);
  health.answered(milliseconds(10 * PATIENCE), true);
  assert.deepEqual(said, [true]);
});

test("loops behind a full mailbox are late and not lost: they count when it is empty, or when a later one overtook them", () => {
  const { health, said, send } = plain();
  send(0, 60);
  const later = milliseconds(20 * PATIENCE);
  for (let n = 0; n < 100; n++) health.answered(later, false);
  assert.deepEqual([said, health.count(later).sent], [[], 0]);
  health.sent(id(1000), milliseconds(2 * PATIENCE), []);
  health.returned(id(1000));
  assert.deepEqual(said, [true], "those before it are not in the mailbox");

  const { health: other, said: words, send: sendAgain } = plain();
  sendAgain(0, 60);
  for (let n = 0; n < 60; n++) other.returned(id(n));
  other.answered(later, true);
  assert.deepEqual([words, other.count(later)], [[], { sent: 60, returned: 60 }]);
});

test("a provider that answers every poll with something invented hides nothing longer than a full mailbox would", () => {
  const { health, said, send } = plain();
  send(0, 60);
  const later = milliseconds(20 * PATIENCE);
  for (let n = 0; n < MAILBOX_ANSWERS_MAX; n++) health.answered(later, false);
  assert.deepEqual(said, []);
  health.answered(later, false);
  assert.deepEqual(said, [true]);
});

test("a loop that comes after its time was lost all the same", () => {
  const { health, said, send } = plain();
  send(0, 60);
  health.answered(milliseconds(20 * PATIENCE), true);
  for (let n = 0; n < 60; n++) health.returned(id(n));
  assert.deepEqual(said, [true]);
  assert.equal(health.count(milliseconds(PATIENCE)).returned, 0);
});
