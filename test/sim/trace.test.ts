/**
 * The promise: what somebody sees who watches all of a client's sockets is the same whether or not its user writes.
 * Docs: docs/spec/04-traffic.md §10
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seconds } from "#transport/core/units.ts";
import { Observer } from "./observer.ts";
import { EXTRA_WHEN_BUSY, sharedStream, SILENT_WHEN_EMPTY, WRAPS_ONLY_REAL } from "./planted-faults.ts";
import { type ScenarioOptions, watch } from "./scenario.ts";
import { SIM_PARAMETERS } from "./world.ts";

// With these seeds the lines lose something of the mails.
for (const seed of ["one", "four", "nine"]) {
  test(`nobody who watches a client's sockets sees whether its user writes (seed ${seed})`, async () => {
    const idle = await watch({ seed, writes: false });
    const busy = await watch({ seed, writes: true });
    assert.equal(Observer.difference(idle.alice, busy.alice), undefined);
    assert.equal(Observer.difference(idle.bob, busy.bob), undefined);

    // The claim says something only because all of this happened behind it.
    assert.equal(idle.mailsToBob + idle.mailsToAlice, 0);
    assert.ok(busy.mailsToBob >= 3 && busy.mailsToAlice >= 2, `${busy.mailsToBob} there, ${busy.mailsToAlice} back`);
    for (const cargo of ["fragment", "request", "loop", "drop"] as const) assert.ok(busy.cargo.get(cargo), cargo);
    assert.ok(busy.deliveries.includes("delivered"));
    assert.ok(busy.repeated > 0, "something was lost and sent again");
  });
}

test("the same holds with tokens, on lines that lose nothing", async () => {
  const common = { seed: "tokens", loss: 0 };
  const idle = await watch({ ...common, writes: false });
  const busy = await watch({ ...common, writes: true });
  assert.ok(busy.mailsToBob > 0);
  assert.equal(Observer.difference(idle.alice, busy.alice), undefined);
  assert.equal(Observer.difference(idle.bob, busy.bob), undefined);
});

test("the same holds for a Poisson clock", async () => {
  const parameters = { ...SIM_PARAMETERS, clock: "poisson" } as const;
  const seed = "exponential waits";
  const duration = seconds(60);
  const idle = await watch({ seed, writes: false, duration, parameters });
  const busy = await watch({ seed, writes: true, duration, parameters });
  assert.ok(busy.mailsToBob > 0);
  assert.equal(Observer.difference(idle.alice, busy.alice), undefined);
});

test("the same holds at the pace and the delays of the chat profile", async () => {
  const { chat } = SIM_PARAMETERS.profiles;
  const parameters = { ...SIM_PARAMETERS, profiles: { mail: chat, chat } };
  const common = { seed: "chat", duration: seconds(40), parameters };
  const idle = await watch({ ...common, writes: false });
  const busy = await watch({ ...common, writes: true });
  assert.ok(busy.mailsToBob > 0);
  assert.equal(Observer.difference(idle.alice, busy.alice), undefined);
  assert.equal(Observer.difference(idle.bob, busy.bob), undefined);
});

const SEED = "faults";
const FAULTS: readonly [string, ScenarioOptions["alice"] & object][] = [
  ["is silent when its queue is empty", SILENT_WHEN_EMPTY],
  ["sends an extra packet when it is busy", EXTRA_WHEN_BUSY],
  ["wraps at the tick, and only what is real", WRAPS_ONLY_REAL],
];

for (const [fault, alice] of FAULTS) {
  test(`a client that ${fault} is found out`, async () => {
    const idle = await watch({ seed: SEED, writes: false, duration: seconds(40), alice });
    const busy = await watch({ seed: SEED, writes: true, duration: seconds(40), alice });
    assert.notEqual(Observer.difference(idle.alice, busy.alice), undefined);
  });
}

test("a client that draws everything from one random stream is found out", async () => {
  const common = { seed: SEED, duration: seconds(40) };
  const idle = await watch({ ...common, writes: false, alice: sharedStream(SEED) });
  const busy = await watch({ ...common, writes: true, alice: sharedStream(SEED) });
  assert.notEqual(Observer.difference(idle.alice, busy.alice), undefined);
});
