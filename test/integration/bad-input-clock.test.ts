/**
 * A clock that is wrong by hours, ahead or behind, on a user's computer or on a node's; everything goes on by itself once it
 * is right:
 *
 * | whose clock                              | what is said                                | the mail                             |
 * |------------------------------------------|---------------------------------------------|--------------------------------------|
 * | the writer's, while the program runs     | network.state clock-wrong, send CLOCK_WRONG | stays a draft; older mail is queued  |
 * | the writer's, when the program starts    | the same                                    | the same                             |
 * | someone's who signs up                   | CLOCK_WRONG                                 | no account is made                   |
 * | a mix's                                  | a line in its log                           | goes by other mixes                  |
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith, People, type Person } from "#test/support/people.ts";
import { seconds } from "#transport/core/units.ts";

const TEXT = "at whatever time";
const BEFORE = "queued before";
const HOURS = 3 * 3600 * 1000;

for (const [where, error] of [
  ["ahead", HOURS],
  ["behind", -HOURS],
] as const) {
  test(`the clock is set ${where} by hours while the program runs: nothing leaves until it is right`, async (t) => {
    const people = await People.on(t, { seed: `clock ${where}` });
    const { alice, bob } = await people.aliceAndBob();
    await people.world.killNode("a");
    await people.run(seconds(1));
    await alice.write(bob.address, BEFORE);
    alice.clock.error = error;
    people.world.startNode("a");
    const draftId = await staysDraft(people, alice, bob);
    alice.clock.error = 0;
    await bothArrive(people, alice, bob, draftId);
  });

  test(`the computer is started with a clock ${where} by hours: the same`, async (t) => {
    const people = await People.on(t, { seed: `start ${where}` });
    const { alice, bob } = await people.aliceAndBob();
    await alice.write(bob.address, BEFORE);
    await people.during(alice.contract["app.lock"]({}));
    alice.clock.error = error;
    await alice.unlock();
    const draftId = await staysDraft(people, alice, bob);
    alice.clock.error = 0;
    await bothArrive(people, alice, bob, draftId);
  });

  test(`nobody signs up with a clock ${where} by hours: keys made then would be good at another time`, async (t) => {
    const people = await People.on(t, { seed: `sign up ${where}` });
    const alice = await people.newcomer("alice", "a");
    alice.clock.error = error;
    await failsWith(alice.signUp(), "CLOCK_WRONG");
    assert.equal((await alice.contract["app.state"]({})).stage, "new");
    alice.clock.error = 0;
    await alice.signUp();
    await comes(people, alice, "mixing");
  });

  test(`a mix whose clock is ${where} by hours says so and takes no part until it is right; mail arrives`, async (t) => {
    const people = await People.on(t, { seed: `mix ${where}` });
    const { world } = people;
    const { alice, bob } = await people.aliceAndBob();
    const said = (what: string): boolean => world.log.some((line) => line.startsWith("mix0: ") && line.includes(what));
    await world.killNode("mix0");
    world.clockOf("mix0").error = error;
    world.startNode("mix0");
    await people.until(() => said("this machine's clock differs from the authorities'"), "its word");
    await people.until(async () => (await alice.network()).mixes === 5, "a list without it");
    world.clockOf("mix0").error = 0;
    await people.until(async () => (await alice.network()).mixes === 6, "a list with it", seconds(300));
    await alice.write(bob.address, TEXT);
    await bob.receivesOnce(TEXT);
  });
}

async function comes(people: People, person: Person, state: "clock-wrong" | "mixing"): Promise<void> {
  await people.until(async () => (await person.network()).state === state, `${person.name}'s network is ${state}`);
}

async function staysDraft(people: People, writer: Person, reader: Person): Promise<string> {
  await comes(people, writer, "clock-wrong");
  const draftId = await writer.draft(reader.address, TEXT);
  // Whether the reader's key is over cannot be told either.
  const { state } = await people.during(writer.contract["recipient.check"]({ address: reader.address }));
  assert.equal(state, "unavailable");
  await failsWith(people.during(writer.contract["draft.send"]({ draftId })), "CLOCK_WRONG");
  await people.run(seconds(20));
  assert.deepEqual(await writer.draftTexts(), [TEXT]);
  assert.ok(!(await reader.texts()).includes(TEXT));
  return draftId;
}

async function bothArrive(people: People, writer: Person, reader: Person, draftId: string): Promise<void> {
  const right = people.world.clock.now();
  await comes(people, writer, "mixing");
  await people.during(writer.contract["draft.send"]({ draftId }));
  await reader.receivesOnce(BEFORE, TEXT);
  const minutes = (people.world.clock.now() - right) / 60_000;
  assert.ok(minutes < 3, `it took ${minutes} minutes after the clock was right`);
  assert.deepEqual([...writer.reported, ...reader.reported], []);
}
