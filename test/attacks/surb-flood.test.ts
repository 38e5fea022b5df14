/**
 * A client never has more SURBs out than it can tell apart, whatever its program asks for; what a SURB's holder can do with it
 * is in reply-flood.test.ts. Spec: docs/spec/01-message.md §7
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "#test/sim/world.ts";
import { REQUESTS_MAX } from "#transport/client/limits.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { seconds } from "#transport/core/units.ts";

test("a program that asks without end gets REFUSED, not SURBs without end", async () => {
  const world = await World.create({ seed: "surb flood" });
  const alice = await world.join({ name: "alice", provider: "a" });
  const provider = world.provider("b").nodeId;
  const ask = (): Promise<string> =>
    alice.client.request({ provider, service: "echo", body: utf8("again") }).then(
      () => "answered",
      (error: unknown) => (error instanceof TransportError ? error.code : String(error)),
    );
  const flood = Array.from({ length: REQUESTS_MAX + 30 }, ask);
  // The last ones are refused before anything else happens.
  const last = await world.clock.runUntilSettled(Promise.all(flood.slice(REQUESTS_MAX)), seconds(1));
  assert.deepEqual(new Set(last), new Set(["REFUSED"]));
  await world.clock.runFor(seconds(40));
  const stopped = alice.stop();
  await world.clock.runUntilSettled(stopped, seconds(60));
  const first = await world.clock.runUntilSettled(Promise.all(flood.slice(0, REQUESTS_MAX)), seconds(10));
  const { perProvider } = world.parameters.tokens;
  const answered = first.filter((outcome) => outcome === "answered").length;
  assert.ok(answered > 0 && answered <= perProvider, `${answered} were answered: a token for each`);
  await world.stop();
});
