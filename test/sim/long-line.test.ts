/**
 * A reader whose line takes five seconds each way, in the pace of the live network's chat profile: a dozen polls are under way before the first
 * is answered. Spec: docs/spec/07-mailbox.md §5
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { decodeFrame, type Frame } from "#transport/link/frame.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

const WAY = 5_000;
const { chat } = LIVE_PARAMETERS.profiles;
const PARAMETERS = { ...SIM_PARAMETERS, profiles: { mail: chat, chat }, minimumPool: 0 };
const sizes = geometry(PARAMETERS);

test("what waits in a mailbox comes at the pace of the polls, and not of the line", async () => {
  const world = await World.create({ seed: "long line", parameters: PARAMETERS, suite: noCryptography() });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(to !== undefined);
  await world.clock.runUntilSettled(bob.stop(), seconds(60));
  await world.clock.runUntilSettled(alice.client.send({ to, body: new Uint8Array(65_000) }), seconds(10));
  await world.clock.runFor(seconds(120));
  const [journey] = alice.client.journeys();
  assert.equal(journey?.delivery, "stored");

  world.net.line = (...ends) => ({ cut: false, delay: ends.includes("bob") ? WAY : 0 });
  const given: Extract<Frame, { type: "entry" }>[] = [];
  let polls = 0;
  world.net.onPassage = ({ to: reader, from, protocol, direction, frame: bytes }) => {
    if (reader !== "bob" && from !== "bob") return;
    const frame = decodeFrame(bytes, { protocol, direction, sizes });
    if (frame.type === "entry") given.push(frame);
    else if (frame.type === "poll") polls++;
  };
  const began = world.clock.now();
  await world.clock.runUntilSettled(bob.start(), seconds(60));
  await world.clock.runWhile(() => bob.received.size === 0, milliseconds(3_600_000));
  const took = (world.clock.now() - began) / 1000;
  const entries = given.filter(({ kind }) => kind !== "none");
  const different = new Set(entries.map(({ cursor }) => cursor)).size;
  assert.equal(entries.length, different, "none came twice while there were others");
  assert.ok(polls - given.length < (2 * 2 * WAY) / 750, "each poll has its answer, or is under way");
  // 27 polls at a mean of 750 ms and one way there and back; when each entry was asked for until it was acknowledged, 283 s and 370 answers.
  assert.ok(different >= 26 && took < 45, `${different} entries in ${took} s`);
  await world.stop();
});
