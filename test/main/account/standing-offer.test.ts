/** A code that is on offer is kept while it is good, and its bytes are overwritten then. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StandingOffer } from "#main/account/standing-offer.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";

const phone = { id: "2", isJoining: false, isUnfinished: false };
const laptop = { id: "1", isJoining: false, isUnfinished: false };

test("a code is over at its time, not before", async () => {
  const { clock, offer, made } = offered();
  await clock.runFor(seconds(899));
  assert.deepEqual(offer.now, made);
  await clock.runFor(seconds(1));
  assert.equal(offer.now, undefined);
});

test("a device that is joining has not used the code up yet; one that has joined has", () => {
  const { offer, made } = offered();
  offer.listed([laptop]);
  assert.deepEqual(offer.now, made);
  offer.listed([laptop, { ...phone, isJoining: true }]);
  assert.deepEqual(offer.now, made);
  offer.listed([laptop, { id: "3", isJoining: false, isUnfinished: true }]);
  assert.deepEqual(offer.now, made, "nor has one that did not finish with the code before");
  offer.listed([laptop, phone]);
  assert.equal(offer.now, undefined);
});

test("nobody's code stays when the account is locked, also when it comes only then", () => {
  const { offer, made } = offered();
  offer.close();
  assert.equal(offer.now, undefined);
  offer.keep(made);
  assert.equal(offer.now, undefined);
});

test("the bytes of a code are overwritten when it is over, replaced or taken back, or the account is locked", async (t) => {
  const encode = t.mock.method(TextEncoder.prototype, "encode");
  const ends: ((o: ReturnType<typeof offered>) => unknown)[] = [
    ({ clock }) => clock.runFor(seconds(900)),
    ({ offer, made }) => offer.keep(made),
    ({ offer }) => offer.forget(),
    ({ offer }) => offer.close(),
  ];
  for (const end of ends) {
    encode.mock.resetCalls();
    const made = offered();
    const bytes = encode.mock.calls[0]?.result;
    assert.ok(bytes !== undefined && bytes.some((byte) => byte !== 0));
    await end(made);
    assert.ok(bytes.every((byte) => byte === 0));
    made.offer.close();
  }
});

test("the end of a code that was replaced does not end the next one", async () => {
  const { clock, offer, made } = offered();
  const next = { ...made, code: "next", until: made.until + 60_000 };
  offer.keep(next);
  await clock.runFor(seconds(901));
  assert.deepEqual(offer.now, next);
});

function offered() {
  const clock = new VirtualClock({ start: milliseconds(1_000_000) });
  const offer = new StandingOffer(clock);
  const made = { code: "aaaqe-ayeau", line: "starling:1:x", until: clock.now() + 900_000 };
  offer.keep(made);
  return { clock, offer, made };
}
