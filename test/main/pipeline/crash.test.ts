/** The program dies at each step on a mail's way between its own store and the transport: the mail goes once, and comes once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Inbound } from "#main/pipeline/inbound.ts";
import { newId } from "#main/store/ids.ts";
import { mailFrom, NOW, sealMail } from "#test/support/mail-keys.ts";
import { atEveryStep, Died, type Life } from "#test/support/mortal.ts";
import { milliseconds, toHex } from "#transport";
import { messageId } from "#transport/core/units.ts";
import { ALICE, BOB, count, open, random, type World } from "./pipeline-world.ts";

test("killed at any step of sending, a mail is still a draft or goes exactly once", async (t) => {
  const world = await open(t);
  const steps = await atEveryStep((life) => sendOne(world, life));
  assert.ok(steps > 8, `only ${steps} steps were tried`);
});

test("and a transport that does not know a mail again is found out", async (t) => {
  const world = await open(t);
  world.transport.forgetsIds = true;
  await assert.rejects(
    atEveryStep((life) => sendOne(world, life)),
    /sent 2 times/,
  );
});

test("killed at any step of receiving, a mail is there once and its receipt is asked for", async (t) => {
  const world = await open(t);
  await world.program().contacts.accept(ALICE);
  const steps = await atEveryStep(async (life) => {
    const { transport, store } = world;
    const before = await count(store);
    const body = await sealMail({ mail: mailFrom(ALICE, BOB), signer: world.alice, reader: world.bob });
    const id = messageId(random.bytes(16));
    transport.incoming.set(toHex(id), body);
    const receive = async (inbound: Inbound): Promise<void> => {
      const offered = transport.incoming.get(toHex(id));
      if (offered !== undefined)
        await inbound.take({ messageId: id, body: offered.slice(), receivedAt: milliseconds(NOW) });
      await inbound.settle();
    };
    await untilDeath(receive(world.program(life).inbound));
    await receive(world.program().inbound);
    assert.equal((await count(store)) - before, 1);
    assert.equal(transport.incoming.size, 0, "the transport still has it");
    assert.ok(transport.acknowledged.has(toHex(id)), "no receipt");
    assert.deepEqual(await store.unsettled(), []);
  });
  assert.ok(steps > 5, `only ${steps} steps were tried`);
});

async function sendOne({ transport, store, program }: World, life: Life): Promise<void> {
  const sentBefore = transport.sent.length;
  const id = newId(random);
  await store.saveDraft({ id, to: [ALICE], subject: "s", text: "t", savedAt: NOW });
  await untilDeath(program(life).outbound.send(id));
  // The next start, and the user, who finds the draft if it is one.
  const { outbound } = program();
  const isDraft = (await store.drafts(1)).length === 1;
  await (isDraft ? outbound.send(id) : outbound.handOver());
  assert.deepEqual(await store.drafts(1), []);
  assert.deepEqual(await store.unsent(), []);
  const times = transport.sent.length - sentBefore;
  assert.equal(times, 1, `sent ${times} times`);
}

async function untilDeath(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    const isDeath = (one: unknown): boolean => one instanceof Died || (one instanceof Error && isDeath(one.cause));
    if (!isDeath(error)) throw error;
  });
}
