/**
 * Tokens in a whole network: they come by themselves, each is used once, and neither their use nor their end is to be seen on
 * the client's line. Spec: docs/spec/13-tokens.md §4
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import { Observer } from "./observer.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

const PARAMETERS = { ...SIM_PARAMETERS, tokens: { ...SIM_PARAMETERS.tokens, perProvider: 3 } };

interface Seen {
  readonly alice: Observer;
  readonly answered: number;
  readonly refused: number;
  readonly dropped: ReadonlyMap<DropReason, number>;
}

/** Alice asks so many questions of the other provider, one after the other, or none. */
async function watch(questions: number): Promise<Seen> {
  const dropped = new Map<DropReason, number>();
  const observer = {
    dropped: ({ reason }: { reason: DropReason }) => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1),
  };
  const world = await World.create({ seed: "tokens", parameters: PARAMETERS, observer });
  const alice = await world.join({ name: "alice", provider: "a" });
  const provider = world.provider("b").nodeId;
  let [answered, refused] = [0, 0];
  const ask = async (left: number): Promise<void> => {
    if (left === 0) return;
    await alice.client.request({ provider, service: "echo", body: utf8("hello") }).then(
      () => answered++,
      (error: unknown) => {
        assert.ok(error instanceof Error && "code" in error && error.code === "NO_TOKENS", String(error));
        refused++;
      },
    );
    await ask(left - 1);
  };
  const asking = ask(questions);
  await world.clock.runFor(seconds(60));
  await asking;
  const seen = { alice: alice.observer, answered, refused, dropped };
  await world.stop();
  return seen;
}

test("who has used up a day's tokens is told so, and the line shows neither the questions nor their end", async () => {
  const idle = await watch(0);
  const busy = await watch(5);
  assert.ok(busy.answered >= 1 && busy.answered <= PARAMETERS.tokens.perProvider, `${busy.answered} were answered`);
  assert.ok(busy.refused >= 2, `${busy.refused} found no token`);
  for (const reason of ["TOKEN_INVALID", "TOKEN_SPENT"] as const) {
    assert.equal(busy.dropped.get(reason), undefined, "an honest client's tokens are good");
  }
  assert.equal(Observer.difference(idle.alice, busy.alice), undefined);
});

test("a client that is ended between an order and its answer has the tokens after its next start", async () => {
  const world = await World.create({ seed: "tokens again", parameters: PARAMETERS });
  const alice = await world.join({ name: "alice", provider: "a" });
  await world.clock.runFor(seconds(1.5));
  await world.clock.runUntilSettled(alice.stop(), seconds(30));
  await world.clock.runUntilSettled(alice.start(), seconds(30));
  const provider = world.provider("b").nodeId;
  const asked = alice.client.request({ provider, service: "echo", body: utf8("hello") });
  assert.deepEqual(await world.clock.runUntilSettled(asked, seconds(200)), utf8("hello"));
  await world.stop();
});

test("a mail that is lost is found missing and sent again though not a token is left", async () => {
  const world = await World.create({ seed: "no tokens", parameters: PARAMETERS });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const provider = world.provider("b").nodeId;
  const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(200));
  assert.ok(to !== undefined);
  for (let isLeft = true; isLeft; ) {
    const asked = alice.client.request({ provider, service: "echo", body: utf8("hello") });
    isLeft = await world.clock.runUntilSettled(
      asked.then(
        () => true,
        () => false,
      ),
      seconds(200),
    );
  }
  world.net.weather = { loss: 1, duplicates: 0 };
  await world.clock.runUntilSettled(alice.client.send({ to, body: utf8("still here") }), seconds(10));
  await world.clock.runFor(seconds(20));
  world.net.weather = { loss: 0, duplicates: 0 };
  await world.clock.runFor(seconds(400));
  assert.deepEqual(bob.texts(), ["still here"]);
  await world.stop();
});
