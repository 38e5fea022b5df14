import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "#main/store/store.ts";
import { mailFrom, NOW, sealMail } from "#test/support/mail-keys.ts";
import { milliseconds, toHex } from "#transport";
import { messageId } from "#transport/core/units.ts";
import { ALICE, BOB, open, random } from "./pipeline-world.ts";

test("a mail that arrives is settled by itself, however many of strangers wait; an accepted one's receipts all go", async (t) => {
  const world = await open(t);
  const { store, transport, alice, bob } = world;
  let looked = 0;
  const unsettled: Store["unsettled"] = async (id) => {
    const list = await store.unsettled(id);
    looked += list.length;
    return list;
  };
  const { inbound, contacts } = world.program(undefined, { ...store, unsettled });
  const mails = 12;
  for (let n = 0; n < mails; n++) {
    const body = await sealMail({ mail: mailFrom(ALICE, BOB), signer: alice, reader: bob });
    await inbound.take({ messageId: messageId(random.bytes(16)), body, receivedAt: milliseconds(NOW) });
  }
  assert.equal((await store.unsettled()).length, mails, "she is nobody's contact yet");
  assert.ok(looked <= mails, `${looked} looks at ${mails} mails`);

  await contacts.accept(ALICE);
  const id = messageId(random.bytes(16));
  const body = await sealMail({ mail: mailFrom(ALICE, BOB), signer: alice, reader: bob });
  await inbound.take({ messageId: id, body, receivedAt: milliseconds(NOW) });
  assert.deepEqual([...transport.acknowledged], [toHex(id)]);
  await inbound.settle();
  assert.equal(transport.acknowledged.size, mails + 1);
  assert.deepEqual(await store.unsettled(), []);
});

test("a look at what is unsettled that the store refuses is made up for with the next mail", async (t) => {
  const world = await open(t);
  const { store, transport, alice, bob } = world;
  let refusals = 0;
  const unsettled: Store["unsettled"] = async (id) => {
    if (refusals-- > 0) throw new Error("the disk is full");
    return store.unsettled(id);
  };
  const { inbound, contacts } = world.program(undefined, { ...store, unsettled });
  const take = async (): Promise<string> => {
    const id = messageId(random.bytes(16));
    const body = await sealMail({ mail: mailFrom(ALICE, BOB), signer: alice, reader: bob });
    await inbound.take({ messageId: id, body, receivedAt: milliseconds(NOW) }).catch(() => undefined);
    return toHex(id);
  };
  const stranger = await take();
  await contacts.accept(ALICE);
  refusals = 1;
  const refused = await take();
  const next = await take();
  assert.deepEqual([...transport.acknowledged].toSorted(), [refused, next].toSorted(), "those that arrived");
  refusals = 1;
  await inbound.settle().catch(() => undefined);
  const last = await take();
  assert.deepEqual([...transport.acknowledged].toSorted(), [stranger, refused, next, last].toSorted(), "all");
});
