/**
 * A disk that is full: one code, nothing that was saved is lost, and everything goes on when there is room again.
 *
 * | whose disk                  | what is said               | what happens meanwhile                                     |
 * |-----------------------------|----------------------------|------------------------------------------------------------|
 * | the writer's                | DISK_FULL                  | drafts stay as they were saved; a mail stays a draft       |
 * | the reader's                | nothing                    | mail waits at the provider, in part or whole               |
 * | the reader's provider's     | a line in its log          | fragments are refused, and sent again                      |
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MainError } from "#main/error.ts";
import { failsWith, People, type Person } from "#test/support/people.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seconds } from "#transport/core/units.ts";

const TEXT = "small";
/** Larger than what a full database has free between its rows. */
const LARGE = "0123456789abcdef\n".repeat(12_000);

test("the writer's disk is full: what was saved stays, what was not says so, and goes out when there is room", async (t) => {
  const people = await People.on(t, { seed: "full at the writer" });
  const { alice, bob } = await people.aliceAndBob();
  const { id: draftId } = await alice.contract["draft.save"]({ to: [bob.address], subject: "", text: TEXT });
  await alice.services.files.attach({
    draftId,
    name: "a",
    type: "text/plain",
    bytes: new SeededRandom("a").bytes(40_000),
  });
  await fill(alice);
  const change = { draftId, to: [bob.address], subject: "", text: LARGE };
  await failsWith(alice.contract["draft.save"](change), "DISK_FULL");
  await failsWith(people.during(alice.contract["draft.send"]({ draftId })), "DISK_FULL");
  const file = { draftId, name: "b", type: "text/plain", bytes: new Uint8Array(100_000) };
  await assert.rejects(alice.services.files.attach(file), { code: "DISK_FULL" });
  assert.deepEqual(await alice.draftTexts(), [TEXT]);
  assert.equal((await alice.contract["mail.list"]({ folder: "sent", limit: 9 })).conversations.length, 0);
  await people.run(seconds(10));
  assert.equal((await alice.network()).state, "mixing", "cover goes on");

  await empty(alice);
  await people.during(alice.contract["draft.send"]({ draftId }));
  await bob.receivesOnce(TEXT);
  assert.equal((await bob.inbox())[0]?.attachments[0]?.bytes, 40_000);
});

test("the reader's disk is full: mail waits at the provider and arrives once, without a restart", async (t) => {
  const people = await People.on(t, { seed: "full at the reader" });
  const { alice, bob } = await people.aliceAndBob();
  await fill(bob);
  await alice.write(bob.address, LARGE);
  await alice.write(bob.address, TEXT);
  await people.run(seconds(90));
  assert.ok(!(await bob.texts()).includes(LARGE));
  assert.equal((await bob.network()).state, "mixing", "cover goes on");
  await empty(bob);
  await bob.receivesOnce(LARGE, TEXT);
});

test("a mail that is fetched but finds no room to be stored as read is tried again, without a restart", async (t) => {
  const people = await People.on(t, { seed: "full between" });
  const { alice, bob } = await people.aliceAndBob();
  const { store } = bob.services.accounts.session;
  let refused = 0;
  t.mock.method(store, "addArrival", () => Promise.reject(new MainError("DISK_FULL", { detail: `${++refused}` })));
  await alice.write(bob.address, LARGE);
  await people.until(() => refused >= 2, "a second attempt");
  assert.deepEqual(await bob.texts(), []);
  t.mock.restoreAll();
  await bob.receivesOnce(LARGE);
  assert.deepEqual(bob.reported, []);
});

test("the disk of the reader's provider is full: what it refused is sent again and arrives once", async (t) => {
  const people = await People.on(t, { seed: "full at the provider" });
  const { alice, bob } = await people.aliceAndBob();
  // A reader who collects makes room on a full disk, and a mail may come through it piece by piece.
  await bob.close();
  const database = people.world.database("b");
  database.limitPages(1);
  const id = await alice.write(bob.address, LARGE);
  const said = (what: string): boolean =>
    people.world.log.some((line) => line.startsWith("b: ") && line.includes(what));
  await people.until(() => said("the disk is full"), "its word");
  await people.run(seconds(60));
  assert.equal((await alice.journey(id)).delivery, "mixing");
  database.limitPages(1_000_000);
  bob.startProgram();
  await bob.unlock();
  await bob.receivesOnce(LARGE);
  assert.ok(said("the disk takes entries again"));
});

const fill = (person: Person): Promise<void> => person.services.accounts.session.store.limitPages(1);
const empty = (person: Person): Promise<void> => person.services.accounts.session.store.limitPages(1_000_000);
