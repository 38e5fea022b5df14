import assert from "node:assert/strict";
import { test } from "node:test";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { type RandomSource, uniform } from "#transport/core/random.ts";
import { milliseconds, perSecond } from "#transport/core/units.ts";
import { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import { drawKind, SendClock, type SendClockOptions, type SlotKind } from "#transport/traffic/send-clock.ts";
import { WRAP_LEAD } from "#transport/traffic/limits.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";

const { mail, chat } = LIVE_PARAMETERS.profiles;
const parameters = { ...LIVE_PARAMETERS, profiles: { mail: { ...mail, sendRate: perSecond(1) }, chat } };

function start(o: Partial<SendClockOptions>): { clock: VirtualClock; sendClock: SendClock } {
  const clock = new VirtualClock();
  const sendClock = new SendClock({
    clock,
    timing: new SeededRandom("timing"),
    kinds: new SeededRandom("kinds"),
    law: "poisson",
    spread: parameters.sendSpread,
    profiles: new ProfileSchedule({ parameters, choice: { profile: "mail", nextProfile: undefined } }),
    prepare: () => ({ frame: new Uint8Array(1), settled: () => undefined }),
    write: () => true,
    ...o,
  });
  sendClock.start();
  return { clock, sendClock };
}

/** Randomness from which `uniform` draws `u`. */
function drawing(u: number): RandomSource {
  const whole = BigInt(Math.floor(u * 2 ** 52));
  // As `uniform` reads them: 32 bits, then 20 of the next three bytes.
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, whole << 12n);
  const source = { bytes: () => bytes.slice() };
  assert.ok(Math.abs(uniform(source) - u) < 1e-12);
  return source;
}

test("each slot is wrapped once before its tick and written at it", async () => {
  const events: [string, number][] = [];
  const log = (name: string): void => void events.push([name, clock.now()]);
  const { clock, sendClock } = start({
    prepare: () => {
      log("wrap");
      return { frame: new Uint8Array(1), settled: () => undefined };
    },
    write: () => {
      log("write");
      return true;
    },
  });
  await clock.runUntil(milliseconds(100_000));
  sendClock.stop();
  const wraps = events.filter(([name]) => name === "wrap").map(([, at]) => at);
  const writes = events.filter(([name]) => name === "write").map(([, at]) => at);
  assert.ok(writes.length > 70);
  writes.forEach((at, i) => {
    const lead = at - (wraps[i] as number);
    assert.ok(lead >= 0 && lead <= WRAP_LEAD, `${lead} ms`);
  });
});

test("a slot's kind changes exactly at the profile's shares", () => {
  const { payloadShare, loopShare } = mail;
  const kindAt = (u: number): SlotKind => drawKind(drawing(u), mail);
  assert.deepEqual([kindAt(1e-9), kindAt(payloadShare - 1e-9)], ["payload", "payload"]);
  assert.deepEqual([kindAt(payloadShare + 1e-9), kindAt(payloadShare + loopShare - 1e-9)], ["loop", "loop"]);
  assert.deepEqual([kindAt(payloadShare + loopShare + 1e-9), kindAt(1 - 1e-9)], ["drop", "drop"]);
});

test("the kinds keep the profile's shares and do not see what slots carry", async () => {
  const kinds = await kindsWith(1);
  const share = (kind: SlotKind): number => kinds.filter((k) => k === kind).length / kinds.length;
  assert.ok(Math.abs(share("payload") - mail.payloadShare) < 0.04);
  assert.ok(Math.abs(share("loop") - mail.loopShare) < 0.04);
  assert.deepEqual(await kindsWith(9), kinds);
});

test("a frame that the link does not take is lost, and whoever filled the slot hears of it", async () => {
  const outcomes: boolean[] = [];
  let writes = 0;
  const { clock, sendClock } = start({
    prepare: () => ({ frame: new Uint8Array(1), settled: (left) => outcomes.push(left) }),
    write: () => ++writes % 2 === 0,
  });
  await clock.runUntil(milliseconds(50_000));
  sendClock.stop();
  assert.equal(outcomes.length >= writes, true);
  assert.deepEqual(outcomes.slice(0, 4), [false, true, false, true]);
});

test("a clock that is stopped gives back what it held for its next slot", async () => {
  let open = 0;
  const { clock, sendClock } = start({
    prepare: () => {
      open++;
      return { frame: new Uint8Array(1), settled: () => open-- };
    },
  });
  await clock.runWhile(() => open === 0, milliseconds(60_000));
  assert.equal(open, 1, "a slot is wrapped and its tick has not come");
  sendClock.stop();
  assert.equal(open, 0);
});

test("what comes next is the wrapping of a slot, and then its tick: work that runs between them moves neither", async () => {
  let wrapped = 0;
  const { clock, sendClock } = start({
    law: "slot",
    spread: 1 / 4,
    prepare: () => {
      wrapped++;
      return { frame: new Uint8Array(1), settled: () => undefined };
    },
  });
  for (let slot = 1; slot < 30; slot++) {
    const wrap = sendClock.next;
    assert.ok(wrap !== undefined);
    await clock.runWhile(() => wrapped < slot, milliseconds(60_000));
    assert.ok(clock.now() >= wrap && clock.now() <= wrap + 1, `slot ${slot}: wrapped at ${clock.now()}, said ${wrap}`);
    const tick = sendClock.next;
    assert.ok(tick !== undefined && tick >= clock.now());
    await clock.runUntil(milliseconds(Math.ceil(tick)));
  }
  sendClock.stop();
});

test("work waits for a moment without a tick, and does not wait for ever", async () => {
  const clock = new VirtualClock();
  const quiet = new QuietTime({ clock, nextTick: () => milliseconds(Math.ceil((clock.now() + 1) / 100) * 100) });
  const times: number[] = [];
  await clock.runUntil(milliseconds(95));
  void quiet.run(() => times.push(clock.now()));
  void quiet.run(() => times.push(clock.now()), 50_000_000);
  await clock.runUntil(milliseconds(1_000));
  assert.equal(times.length, 1);
  assert.ok((times[0] as number) >= 100 && (times[0] as number) <= 110, "after the tick, not across it");
  await clock.runUntil(milliseconds(40_000));
  assert.equal(times.length, 2, "a job longer than every gap runs in the end");
});

test("what a quiet job throws reaches who asked for it", async () => {
  const clock = new VirtualClock();
  const quiet = new QuietTime({ clock, nextTick: () => undefined });
  const work = quiet.run(() => {
    throw new RangeError("no");
  });
  await assert.rejects(clock.runUntilSettled(work, milliseconds(100)), RangeError);
});

async function kindsWith(bytes: number): Promise<SlotKind[]> {
  const kinds: SlotKind[] = [];
  const { clock, sendClock } = start({
    prepare: (kind) => {
      kinds.push(kind);
      return { frame: new Uint8Array(bytes), settled: () => undefined };
    },
  });
  await clock.runUntil(milliseconds(2_000_000));
  sendClock.stop();
  return kinds;
}
