/**
 * Who tells somebody's correspondents where to write to could gather, or lose, what they write. A place counts as far as it is proven:
 * by who could read a whole message, for that account alone (docs/spec/17-boxes.md §4).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Place } from "#transport/box/place.ts";
import { TransportClient } from "#transport/client/client.ts";
import { encodeReceipt, type ReceiptEntry } from "#transport/client/receipt.ts";
import { equalBytes, fromHex, toHex, utf8 } from "#transport/core/bytes.ts";
import { mailboxId, type MessageId, milliseconds, seconds } from "#transport/core/units.ts";
import { putInto, sealedTo } from "#test/sim/box-scene.ts";
import { PlacesScene } from "#test/sim/places-scene.ts";
import type { SimClient } from "#test/sim/sim-client.ts";

const DAY = 24 * 3_600_000;

test("who passes on somebody's signed mail with a place of their own draws that mail's receipt, and nothing else", async () => {
  const scene = await PlacesScene.create("forged place");
  const { world, alice, bob } = scene;
  const forged = placeAt(scene, "c");
  const mallory = await world.join({
    name: "mallory",
    provider: "b",
    make: (options) =>
      new (class extends TransportClient {
        protected override ownPlace(): Place {
          return forged;
        }
      })(options),
  });
  const send = mallory.client.send({ to: scene.toAlice, body: utf8("signed by Bob") });
  const passedOn = await world.clock.runUntilSettled(send, seconds(30));
  const honest = await scene.send(bob, alice, utf8("by Bob himself"));
  // As far as Alice's program can see both are Bob's: the signature inside is.
  await scene.read(alice, passedOn, scene.toBob);
  await scene.read(alice, honest.id, scene.toBob);
  assert.deepEqual(await receiptPlaces(alice, [passedOn, honest.id]), [toHex(forged.boxId), (await scene.box(bob)).id]);
  await scene.until(bob, honest.id, "delivered");
  assert.equal(await alice.store.place(scene.keyOf(bob)), undefined);
  const mail = await scene.send(alice, bob, utf8("not for others"));
  assert.equal(mail.place, undefined);
  await scene.read(bob, mail.id, scene.toAlice);
  assert.deepEqual(await scene.lies(alice, mail.id), new Set([scene.mailbox(bob)]));
  await world.stop();
});

test("a message that comes again under its name with another place moves no receipt", async () => {
  const scene = await PlacesScene.create("replayed place");
  const { world, alice, bob } = scene;
  const { id } = await scene.send(bob, alice, utf8("once"));
  await scene.read(alice, id, scene.toBob);
  await scene.until(bob, id, "delivered");
  assert.deepEqual(await alice.store.owedReceipts(), []);
  const place = placeAt(scene, "c");
  const again = await sealedTo(world, alice, { body: utf8("once"), seed: "again", id, place });
  putInto(world, { mailboxOf: alice }, again);
  await untilOwed(scene, alice);
  assert.deepEqual(await receiptPlaces(alice, [id]), [(await scene.box(bob)).id]);
  await world.stop();
});

test("a receipt without the proof of a message moves nothing, whoever knows the message's name", async () => {
  const scene = await PlacesScene.create("no proof");
  const { world, alice, bob } = scene;
  const { id } = await scene.send(alice, bob, utf8("to Bob"));
  const [message] = await alice.store.outgoing();
  const wrong = (message?.proof ?? new Uint8Array(32)).map((byte) => byte ^ 1);
  await receipt(scene, [{ id, proof: wrong }], placeAt(scene, "c"));
  assert.notEqual(alice.client.journey(id)?.delivery, "delivered");
  assert.equal(await alice.store.place(scene.keyOf(bob)), undefined);
  await world.stop();
});

test("the reader of one message moves with its proof what is written to that reader, and to nobody else", async () => {
  const scene = await PlacesScene.create("own proof");
  const { world, alice, bob } = scene;
  const mallory = await world.join({ name: "mallory", provider: "b" });
  const toMallory = await world.clock.runUntilSettled(alice.client.lookup(mallory.address), seconds(300));
  assert.ok(toMallory);
  const toBob = await scene.send(alice, bob, utf8("to Bob"));
  const send = alice.client.send({ to: toMallory, body: utf8("to Mallory") });
  const own = await world.clock.runUntilSettled(send, seconds(10));
  const proof = proofIn(await alice.store.outgoing(), own);
  const place = placeAt(scene, "c");
  // With it a guess at the other's.
  await receipt(
    scene,
    [
      { id: toBob.id, proof },
      { id: own, proof },
    ],
    place,
  );
  assert.equal(alice.client.journey(own)?.delivery, "delivered");
  assert.deepEqual(await alice.store.place(toMallory.accountKey), place);
  assert.equal(await alice.store.place(scene.keyOf(bob)), undefined);
  await world.stop();
});

test("a proof counts once: a device that was put out takes nothing away with what it had read before", async () => {
  const scene = await PlacesScene.create("old proof");
  const { world, alice, bob } = scene;
  const { id } = await scene.send(alice, bob, utf8("read on two devices"));
  await scene.read(bob, id, scene.toAlice);
  await scene.until(alice, id, "delivered");
  const known = await alice.store.place(scene.keyOf(bob));
  assert.deepEqual(known?.boxId, fromHex((await scene.box(bob)).id));
  const proof = proofIn(await alice.store.outgoing(), id);
  await receipt(scene, [{ id, proof }], { ...placeAt(scene, "c"), until: milliseconds(known.until + 1) });
  assert.deepEqual(await alice.store.place(scene.keyOf(bob)), known);
  await world.stop();
});

test("nobody stays where no box can be: a place that ends after any box would, or at a provider that nobody lists, is not used", async () => {
  const scene = await PlacesScene.create("far place");
  const { world, alice, bob } = scene;
  const ids: MessageId[] = [];
  for (const text of ["one", "two"]) ids.push((await scene.send(alice, bob, utf8(text))).id);
  const [first, second] = ids as [MessageId, MessageId];
  const all = await alice.store.outgoing();
  const far = { ...placeAt(scene, "c"), until: milliseconds(2 ** 50) };
  await receipt(scene, [{ id: first, proof: proofIn(all, first) }], far);
  assert.equal(alice.client.journey(first)?.delivery, "delivered");
  assert.equal(await alice.store.place(scene.keyOf(bob)), undefined);
  const nowhere = {
    ...placeAt(scene, "c"),
    providerId: scene.world.provider("c").nodeId.map((b) => b ^ 1) as Place["providerId"],
  };
  await receipt(scene, [{ id: second, proof: proofIn(all, second) }], nowhere);
  assert.equal((await scene.send(alice, bob, utf8("three"))).place, undefined);
  await world.stop();
});

/** A box that nobody opened, at the provider of this name. */
function placeAt({ world }: PlacesScene, name: string): Place {
  return {
    providerId: world.provider(name).nodeId,
    boxId: mailboxId(new Uint8Array(32).fill(66)),
    until: milliseconds(Math.floor(world.clock.now()) + 7 * DAY),
  };
}

/** Comes into Alice's mailbox from somebody, and is dealt with. */
async function receipt({ world, alice }: PlacesScene, entries: readonly ReceiptEntry[], place: Place): Promise<void> {
  const body = encodeReceipt({ place, entries });
  const seed = toHex(body.subarray(-8));
  putInto(world, { mailboxOf: alice }, await sealedTo(world, alice, { body, seed, kind: "receipt" }));
  await world.clock.runFor(seconds(20));
}

function proofIn(messages: readonly { id: MessageId; proof: Uint8Array }[], id: MessageId): Uint8Array {
  const found = messages.find((message) => equalBytes(message.id, id));
  assert.ok(found);
  return found.proof;
}

/** Of the messages where the receipts go that are owed for them. */
async function receiptPlaces(reader: SimClient, ids: readonly MessageId[]): Promise<(string | undefined)[]> {
  const owed = await reader.store.owedReceipts();
  return ids.map((id) => {
    const place = owed.find((one) => equalBytes(one.id, id))?.to.place;
    return place && toHex(place.boxId);
  });
}

async function untilOwed({ world }: PlacesScene, reader: SimClient): Promise<void> {
  for (let n = 0; n < 200 && (await reader.store.owedReceipts()).length === 0; n++) {
    await world.clock.runFor(milliseconds(100));
  }
}
