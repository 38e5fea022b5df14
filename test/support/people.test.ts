/** Virtual time waits for what a program's threads have to do: else a loaded machine's work would lose against timeouts in virtual seconds. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { People } from "./people.ts";

test("hardly any virtual time passes while keys are made and a thread begins, however long the machine takes", async (t) => {
  const people = await People.on(t, { seed: "people" });
  const { clock } = people.world;
  const took = async (work: () => Promise<unknown>): Promise<number> => {
    const began = clock.now();
    await work();
    return (clock.now() - began) / 1000;
  };
  const alice = await people.newcomer("alice", "a");
  const signUp = await took(() => alice.signUp());
  assert.ok(signUp < 10, `signing up: ${signUp} virtual seconds`);
  await people.during(alice.contract["app.lock"]({}));
  const unlocking = await took(() => alice.unlock());
  assert.ok(unlocking < 10, `unlocking: ${unlocking} virtual seconds`);
});
