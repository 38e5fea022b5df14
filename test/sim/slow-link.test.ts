/**
 * A line that takes nothing, a reader that does not read, a queue that is full: no rate changes, and nobody else waits.
 * Spec: docs/spec/04-traffic.md §3, docs/spec/07-mailbox.md §1.2
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Entry } from "#provider-server/entry/entry.ts";
import { POLL_ANSWER_WAIT } from "#provider-server/entry/limits.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import { type Prepared, SendClock, type SendClockOptions } from "#transport/traffic/send-clock.ts";
import type { TickLaw } from "#transport/traffic/ticker.ts";

const suite = await loadSuite("x25519", "native");
const SIZES = { packetBytes: 4096, payloadBytes: 3674 };
const { mail, chat } = LIVE_PARAMETERS.profiles;
const parameters = { ...LIVE_PARAMETERS, profiles: { mail: { ...mail, sendRate: perSecond(1) }, chat } };

const LAWS: readonly TickLaw[] = ["slot", "poisson"];

interface Line {
  readonly law: TickLaw;
  /** From 20 s to 60 s the line takes nothing. */
  readonly isSlow: boolean;
  /** How many fragments wait behind the clock. */
  readonly queued: number;
}

/** When a client tried to send, and how many of its frames left. */
async function attempts(
  line: Line,
  Clock: new (options: SendClockOptions) => SendClock = SendClock,
): Promise<{ times: Milliseconds[]; left: number; queued: number }> {
  const clock = new VirtualClock();
  const times: Milliseconds[] = [];
  let left = 0;
  let queued = line.queued;
  const sendClock = new Clock({
    clock,
    timing: new SeededRandom("timing"),
    kinds: new SeededRandom("kinds"),
    law: line.law,
    spread: parameters.sendSpread,
    profiles: new ProfileSchedule({ parameters, choice: { profile: "mail", nextProfile: undefined } }),
    prepare: (kind) => {
      const carries = kind === "payload" && queued > 0;
      if (carries) queued--;
      return {
        frame: new Uint8Array(1),
        settled: (sent) => {
          if (sent) left++;
          else if (carries) queued++;
        },
      };
    },
    write: () => {
      times.push(clock.now());
      return !(line.isSlow && clock.now() >= 20_000 && clock.now() < 60_000);
    },
  });
  sendClock.start();
  await clock.runUntil(milliseconds(200_000));
  sendClock.stop();
  return { times, left, queued };
}

for (const law of LAWS) {
  const good: Line = { law, isSlow: false, queued: 0 };

  test(`a client tries at the same times whether its line takes frames or not, and with a full queue as with none (${law})`, async () => {
    const { times } = await attempts(good);
    assert.ok(times.length > 150);
    for (const line of [
      { law, isSlow: true, queued: 0 },
      { law, isSlow: true, queued: 5000 },
      { law, isSlow: false, queued: 5000 },
    ]) {
      assert.deepEqual((await attempts(line)).times, times, JSON.stringify(line));
    }
  });

  test(`what a full line did not take is lost or back in the queue: no burst follows (${law})`, async () => {
    const whole = await attempts({ ...good, queued: 5000 });
    const slow = await attempts({ law, isSlow: true, queued: 5000 });
    const during = slow.times.filter((time) => time >= 20_000 && time < 60_000).length;
    assert.ok(during > 25);
    assert.equal(slow.left, whole.left - during, "each slot of the outage is gone for good");
    assert.ok(slow.queued > whole.queued, "and what it would have carried waits");
  });
}

test("under the slot clock one frame is tried in each slot, in its first part, through an outage as before it", async () => {
  const { times } = await attempts({ law: "slot", isSlow: true, queued: 5000 });
  const slots = times.map((time) => Math.floor(time / 1000));
  assert.deepEqual(
    slots,
    slots.map((_, i) => (slots[0] as number) + i),
  );
  const late = times.filter((time) => time % 1000 > 1000 * parameters.sendSpread + 1);
  assert.deepEqual(late, []);
});

/** "It will take it in a moment." */
class TriesAgain extends SendClock {
  readonly #options: SendClockOptions;

  constructor(options: SendClockOptions) {
    super(options);
    this.#options = options;
  }

  protected override write(prepared: Prepared): boolean {
    const { clock } = this.#options;
    const sent = super.write(prepared);
    if (!sent) clock.at(milliseconds(clock.now() + 300), () => void super.write(prepared));
    return sent;
  }
}

/** "No use in sending more while the line is full." */
class BacksOff extends SendClock {
  readonly #options: SendClockOptions;
  #until = 0;

  constructor(options: SendClockOptions) {
    super(options);
    this.#options = options;
  }

  protected override write(prepared: Prepared): boolean {
    const { clock } = this.#options;
    if (clock.now() < this.#until) return false;
    const sent = super.write(prepared);
    if (!sent) this.#until = clock.now() + 5000;
    return sent;
  }
}

for (const [fault, Clock] of [
  ["tries again what a full line did not take", TriesAgain],
  ["backs off when the line is full", BacksOff],
] as const) {
  for (const law of LAWS) {
    test(`a client that ${fault} is found out (${law})`, async () => {
      const good: Line = { law, isSlow: false, queued: 0 };
      const { times } = await attempts(good);
      assert.deepEqual((await attempts(good, Clock)).times, times, "on a good line it looks right");
      assert.notDeepEqual((await attempts({ ...good, isSlow: true }, Clock)).times, times);
    });
  }
}

test("a client that does not read delays nobody's answers", async () => {
  const waits = await answersBesideASlowReader((link) => link);
  assert.ok(waits.length === 50 && waits.every((wait) => wait === POLL_ANSWER_WAIT), waits.join(" "));
});

test("a provider that writes through one queue for all is found out", async () => {
  const queue: (() => boolean)[] = [];
  const drain = (): void => {
    while (queue[0]?.() === true) queue.shift();
  };
  const waits = await answersBesideASlowReader((link) => ({
    ...linkOf(link),
    send: (frame) => {
      queue.push(() => link.send(frame));
      drain();
      return true;
    },
  }));
  assert.notEqual(waits.length, 50);
});

/** How long 50 polls of others waited while the first client's link takes nothing. */
async function answersBesideASlowReader(serve: (link: Link) => Link): Promise<number[]> {
  const clock = new VirtualClock();
  const padding = new SeededRandom("padding");
  const entry = new Entry({
    clock,
    network: testNetwork({ suite }).network,
    sizes: SIZES,
    padding,
    primitives: suite,
    tokens: { order: () => ({ result: "REFUSED" }) },
    mailbox: { next: () => undefined },
    consensus: () => undefined,
    forward: () => undefined,
    onDrop: () => undefined,
    accounts: { accountOf: () => 1, handle: () => ({ id: 0, result: "MALFORMED", body: new Uint8Array(0) }) },
  });
  const waits: number[] = [];
  let asked = clock.now();
  const slow = new ClientLink({ name: 0, takes: false, answered: () => undefined });
  const others = Array.from(
    { length: 50 },
    (_, i) => new ClientLink({ name: i + 1, takes: true, answered: () => void waits.push(clock.now() - asked) }),
  );
  for (const link of [slow, ...others]) entry.accept(serve(link));
  for (let i = 0; i < 20; i++) slow.receive({ type: "poll", cursor: 0 });
  await clock.runFor(seconds(1));
  asked = clock.now();
  for (const link of others) link.receive({ type: "poll", cursor: 0 });
  await clock.runFor(seconds(5));
  return waits;
}

/** The server's end of a client's link. */
class ClientLink implements Link {
  readonly protocol = "starling-client/2";
  readonly peer: Link["peer"];
  readonly #takes: boolean;
  readonly #answered: () => void;
  #onFrame: (frame: Uint8Array) => void = () => undefined;

  constructor(o: { name: number; takes: boolean; answered: () => void }) {
    this.peer = { role: "client", key: new Uint8Array(32).fill(o.name + 1) };
    this.#takes = o.takes;
    this.#answered = o.answered;
  }

  get writable(): boolean {
    return this.#takes;
  }

  send(): boolean {
    if (this.#takes) this.#answered();
    return this.#takes;
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#onFrame = handler;
  }

  onClose(): void {
    // It stays.
  }

  close(): void {
    // It stays.
  }

  receive(frame: Frame): void {
    this.#onFrame(encodeFrame(frame, SIZES));
  }
}

function linkOf(link: Link): Link {
  return {
    protocol: link.protocol,
    peer: link.peer,
    writable: true,
    send: (frame) => link.send(frame),
    onFrame: (handler) => link.onFrame(handler),
    onClose: (handler) => link.onClose(handler),
    close: () => link.close(),
  };
}
