/** What every store of a client does, whatever it stands on (transport/client/store.ts). */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Place } from "#transport/box/place.ts";
import { type ClientStore, NO_PROGRESS, type OutgoingMessage, type Recipient } from "#transport/client/store.ts";
import { mailboxId, messageId, milliseconds, nodeId } from "#transport/core/units.ts";

/** Opens it; again, what was kept is there. */
export type OpenAgain = () => Promise<ClientStore & { close?(): Promise<void> }>;

export function clientStoreCompliance(name: string, make: (t: TestContext) => Promise<OpenAgain>): void {
  test(`${name}: places are kept for whom they are of until they are forgotten, replaced or over`, async (t) => {
    const open = await make(t);
    const store = await open();
    assert.equal(await store.place(bytes(1)), undefined);
    await store.savePlace(bytes(1), place(1, 5000));
    await store.savePlace(bytes(2), place(2, 6000));
    await store.savePlace(bytes(3), place(3, 7000));
    await store.savePlace(bytes(1), place(4, 8000));
    await store.savePlace(bytes(3), undefined);
    await store.savePlace(bytes(5), { ...place(5, 9000), isInDoubt: true });
    await store.close?.();
    const again = await open();
    const known = async (): Promise<unknown[]> => Promise.all([1, 2, 3, 4].map((n) => again.place(bytes(n))));
    assert.deepEqual(await known(), [place(4, 8000), place(2, 6000), undefined, undefined]);
    assert.deepEqual(await again.place(bytes(5)), { ...place(5, 9000), isInDoubt: true });
    await again.prune(milliseconds(6000));
    assert.deepEqual((await known())[1], place(2, 6000), "over at 6000, and nothing is older than that");
    await again.prune(milliseconds(6001));
    assert.deepEqual(await known(), [place(4, 8000), undefined, undefined, undefined]);
    await again.close?.();
  });

  test(`${name}: the account's own boxes are bytes that outlive a restart, and the store keeps neither copy`, async (t) => {
    const open = await make(t);
    const store = await open();
    assert.equal(await store.boxes(), undefined);
    const given = bytes(9, 104);
    await store.saveBoxes(given);
    given.fill(0);
    const got = await store.boxes();
    assert.deepEqual(got, bytes(9, 104));
    got.fill(0);
    await store.saveTokenStock(bytes(8));
    await store.close?.();
    const again = await open();
    assert.deepEqual(await again.boxes(), bytes(9, 104));
    assert.deepEqual(await again.tokenStock(), bytes(8));
    await again.saveBoxes(bytes(7, 3));
    assert.deepEqual(await again.boxes(), bytes(7, 3));
    await again.close?.();
  });

  test(`${name}: a message keeps its reader's place, and leaves it together with what that means for its fragments`, async (t) => {
    const open = await make(t);
    const store = await open();
    await store.addOutgoing(outgoing(1, { ...reader, place: place(1, 5000) }), [bytes(1), bytes(2)]);
    await store.addOutgoing(outgoing(2, { ...reader, place: place(2, 5000) }), [bytes(3), bytes(4)]);
    const waiting = { state: "waiting", notBefore: milliseconds(70), attempts: 1, hashes: [] } as const;
    const begun = { ...progress, firstSentAt: milliseconds(10) };
    for (const n of [1, 2]) await store.saveProgress(id(n), begun, new Map([[0, sent]]));
    await store.readdress(id(1), reader, {
      progress: { ...begun, lastSentAt: milliseconds(20) },
      fragments: new Map([[0, waiting]]),
    });
    await store.readdress(id(2), { ...reader, mailboxKey: bytes(6, 1216), place: place(2, 5000) });
    await store.readdress(id(3), reader, { progress: begun, fragments: new Map() });
    await store.close?.();
    const again = await open();
    const all = await again.outgoing();
    assert.equal(all.length, 2, "of a message that it does not have it says nothing");
    const [first, second] = all as [OutgoingMessage, OutgoingMessage];
    assert.equal(first.to.place, undefined);
    assert.deepEqual(first.fragments[0], waiting);
    assert.deepEqual([first.progress.firstSentAt, first.progress.lastSentAt], [10, 20]);
    assert.deepEqual(second.to.place, place(2, 5000));
    assert.deepEqual(second.to.mailboxKey, bytes(6, 1216));
    assert.deepEqual(second.fragments[0], sent);
    assert.deepEqual(await again.outgoingData(id(1), 1), bytes(2));
    await again.close?.();
  });

  test(`${name}: what was delivered is forgotten by when that was, whatever was written after its receipt, and nothing else is`, async (t) => {
    const open = await make(t);
    const store = await open();
    for (const n of [1, 2, 3]) await store.addOutgoing(outgoing(n, reader), [bytes(1), bytes(2)]);
    for (const [n, at] of [
      [1, 4000],
      [2, 6000],
    ] as const) {
      const delivered = { ...progress, deliveredAt: milliseconds(at) };
      await store.finishOutgoing(id(n), delivered);
      await store.saveProgress(id(n), delivered, new Map([[0, sent]]));
      await assert.rejects(store.outgoingData(id(n), 0));
    }
    await store.prune(milliseconds(4000));
    assert.deepEqual(await numbersIn(store), [1, 2, 3], "all were queued before, none was delivered before");
    await store.close?.();
    const again = await open();
    await again.prune(milliseconds(5000));
    assert.deepEqual(await numbersIn(again), [2, 3]);
    await again.saveProgress(id(1), progress, new Map([[0, sent]])).catch(() => undefined);
    await again.addOutgoing(outgoing(1, reader), [bytes(3), bytes(4)]);
    const anew = (await again.outgoing()).find((m) => m.id[0] === 1);
    assert.equal(anew?.fragments[0]?.state, "waiting", "nothing is left of the one that was forgotten");
    assert.deepEqual(await again.outgoingData(id(3), 1), bytes(2));
    await again.close?.();
  });

  test(`${name}: what is stored without a receipt is forgotten by when it left last, data and all, once no reminder comes any more`, async (t) => {
    const open = await make(t);
    const store = await open();
    const stored = { ...progress, storedAt: milliseconds(2000), lastSentAt: milliseconds(4000), reminders: 5 };
    const kinds = [
      stored,
      { ...stored, remindAt: milliseconds(4500), reminders: 4 },
      { ...stored, remindAt: milliseconds(4500) },
      { ...stored, reminders: 4 },
      { ...stored, storedAt: undefined, failedAt: milliseconds(3000) },
      { ...stored, lastSentAt: milliseconds(6000) },
    ];
    for (const [i, kind] of kinds.entries()) {
      await store.addOutgoing(outgoing(i + 1, reader), [bytes(1), bytes(2)]);
      await store.saveProgress(id(i + 1), kind, new Map([[0, sent]]));
    }
    await store.prune(milliseconds(4000));
    assert.deepEqual(await numbersIn(store), [1, 2, 3, 4, 5, 6]);
    await store.close?.();
    const again = await open();
    await again.prune(milliseconds(5000));
    assert.deepEqual(await numbersIn(again), [2, 3, 4, 5, 6]);
    await assert.rejects(again.outgoingData(id(1), 0));
    assert.deepEqual(await again.outgoingData(id(5), 1), bytes(2), "its user may send it again");
    await again.close?.();
  });

  test(`${name}: what came and was not taken is forgotten by its newest fragment, whole messages too, and the store names it`, async (t) => {
    const open = await make(t);
    const store = await open();
    const come = (n: number, index: number, at: number): Promise<void> =>
      store.acceptEntry({
        cursor: n,
        fragment: { id: id(n), index, total: 2, messageBytes: 40, data: bytes(n), at: milliseconds(at) },
      });
    await come(1, 0, 1000);
    await come(1, 1, 2000);
    await come(2, 0, 1000);
    await come(3, 0, 1000);
    await come(3, 1, 6000);
    await come(4, 0, 1000);
    await store.consume({ id: id(4), at: milliseconds(1000), proof: bytes(4), acknowledgeTo: undefined });
    assert.deepEqual(await store.prune(milliseconds(1000)), []);
    await store.close?.();
    const again = await open();
    const forgotten = await again.prune(milliseconds(5000));
    assert.deepEqual(new Set(forgotten.map(([n]) => n)), new Set([1, 2]));
    const left = (await again.incoming()).map((summary) => [summary.id[0], summary.indexes]);
    assert.deepEqual(left, [[3, [0, 1]]]);
    await assert.rejects(again.incomingFragment(id(1), 0));
    assert.deepEqual(await again.prune(milliseconds(5000)), []);
    await again.close?.();
  });

  test(`${name}: a seen message keeps the place that it carried, also once a receipt is owed for it`, async (t) => {
    const open = await make(t);
    const store = await open();
    const at = milliseconds(1000);
    const seen = { at, proof: bytes(4), acknowledgeTo: undefined };
    await store.consume({ ...seen, id: id(1), place: place(1, 5000) });
    await store.consume({ ...seen, id: id(2) });
    const to = { ...reader, place: place(1, 5000) };
    await store.oweReceipt({ id: id(1), proof: seen.proof, to, dueAt: milliseconds(2000) });
    await store.close?.();
    const again = await open();
    const first = await again.seen(id(1));
    assert.deepEqual(first?.place, place(1, 5000));
    assert.deepEqual(first?.acknowledgeTo?.place, place(1, 5000));
    assert.equal((await again.seen(id(2)))?.place, undefined);
    const [owed] = await again.owedReceipts();
    assert.deepEqual(owed?.to.place, place(1, 5000));
    await again.close?.();
  });

  test(`${name}: whom a receipt may go to is kept with the message that was taken, and none is owed yet`, async (t) => {
    const open = await make(t);
    const store = await open();
    const at = milliseconds(1000);
    await store.consume({ id: id(1), at, proof: bytes(4), acknowledgeTo: reader });
    await store.close?.();
    const again = await open();
    const to = (await again.seen(id(1)))?.acknowledgeTo;
    assert.deepEqual([to?.address, to?.mailboxKey, to?.place], [reader.address, reader.mailboxKey, undefined]);
    assert.deepEqual(await again.owedReceipts(), []);
    await again.close?.();
  });
}

const bytes = (fill: number, length = 32): Uint8Array => new Uint8Array(length).fill(fill);
const id = (n: number) => messageId(bytes(n, 16));
/** The first byte of each sent message's id. */
const numbersIn = async (store: ClientStore): Promise<number[]> =>
  (await store.outgoing()).map((message) => message.id[0] as number);
const place = (n: number, until: number): Place => ({
  providerId: nodeId(bytes(n)),
  boxId: mailboxId(bytes(n + 100)),
  until: milliseconds(until),
});
const reader: Recipient = {
  address: "b@b.example",
  accountKey: bytes(1),
  providerId: nodeId(bytes(2)),
  mailboxId: mailboxId(bytes(3)),
  mailboxKey: bytes(4, 1216),
  validUntil: milliseconds(9000),
};
const progress = {
  ...NO_PROGRESS,
  deadline: milliseconds(5000),
};
const sent = { state: "sent", notBefore: milliseconds(0), attempts: 1, hashes: [bytes(5, 16)] } as const;
const outgoing = (n: number, to: Recipient): OutgoingMessage => ({
  id: id(n),
  to,
  bytes: 5,
  proof: bytes(n),
  queuedAt: milliseconds(1000 + n),
  progress,
  fragments: [0, 1].map(() => ({ state: "waiting", notBefore: milliseconds(0), attempts: 0, hashes: [] })),
});
