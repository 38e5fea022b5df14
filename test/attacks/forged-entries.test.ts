/**
 * What lies in a mailbox comes through many hands. Whatever was changed, made up or mixed together is dropped without a sign,
 * and what is honest beside it still arrives (docs/spec/01-message.md §3-4).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Inbox, type MailboxEntry } from "#transport/client/inbox.ts";
import { encodeReceipt, type ReceiptEntry, receiptProof } from "#transport/client/receipt.ts";
import { placed } from "#transport/box/place.ts";
import { toHex, utf8 } from "#transport/core/bytes.ts";
import { messageId, milliseconds, type MessageId, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeFragment, type Fragment, type FragmentKind } from "#transport/fragment/fragment.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { split } from "#transport/fragment/split.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";

const suite = await loadSuite("x25519", "native");
const geometry = geometryOf({ suite: "x25519", packetBytes: 4096 });
const random = new SeededRandom("forged entries");
const pair = suite.sealKem.generate(random);
const mailboxKey = suite.sealKem.open(pair.privateKey);
const step = SIM_PARAMETERS.fragmentStep;

function newId(): MessageId {
  return messageId(random.bytes(16));
}

function fragments(kind: FragmentKind, name: MessageId, body: Uint8Array): Fragment[] {
  const cut = kind === "message" ? placed(undefined, body) : body;
  return split({ suite, geometry, step, kind, messageId: name, body: cut });
}

function sealed(fragment: Fragment): Uint8Array {
  const plaintext = encodeFragment(geometry, fragment, random);
  return seal({ suite, geometry, mailboxKey: pair.publicKey, plaintext, random });
}

interface Outcome {
  readonly messages: string[];
  readonly receipts: ReceiptEntry[];
  readonly cursor: number;
}

/** Puts the bodies into a mailbox in this order and reads it. */
async function read(
  bodies: readonly Uint8Array[],
  kind: MailboxEntry["kind"] | "boxed" = "fragment",
): Promise<Outcome> {
  const clock = new VirtualClock();
  const messages: string[] = [];
  const receipts: ReceiptEntry[] = [];
  let refusals = 0;
  const inbox = new Inbox({
    clock,
    suite,
    geometry,
    parameters: SIM_PARAMETERS,
    store: new MemoryClientStore(),
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    makeReady: async () => undefined,
    isClockGood: () => true,
    onNotice: async () => undefined,
    openSealed: (bytes) => openSeal({ suite, geometry, mailboxKey, sealed: bytes }),
    onLoop: () => undefined,
    onRefused: () => refusals++,
    onBoxedRefused: () => refusals++,
    onReply: () => undefined,
    onBox: async () => undefined,
    onReceipt: async (entry) => void receipts.push(entry),
    onFragment: () => undefined,
    onMessage: ({ body }) => messages.push(Buffer.from(body).toString()),
    onSeenAgain: async () => undefined,
  });
  await inbox.load();
  bodies.forEach((body, i) => {
    if (kind === "boxed") void inbox.takeBoxed(body, () => undefined);
    else inbox.take({ cursor: i + 1, kind, surbId: surbId(new Uint8Array(16)), body });
  });
  await clock.runFor(milliseconds(1000));
  await clock.runUntilSettled(inbox.idle(), milliseconds(1000));
  assert.equal(
    refusals,
    0,
    "nothing that somebody makes up looks like a full disk, which would keep loops from being counted",
  );
  return { messages, receipts, cursor: inbox.cursor };
}

test("a fragment with any bit changed is dropped, and the cursor passes it", async () => {
  const [whole] = fragments("message", newId(), utf8("untouched")).map(sealed) as [Uint8Array];
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
      const changed = whole.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const outcome = await read([changed, whole]);
      assert.deepEqual(outcome.messages, ["untouched"]);
      assert.equal(outcome.cursor, 2);
    }),
    { numRuns: 60 },
  );
});

test("random bodies, fragments and replies alike, are dropped", async () => {
  const junk = [random.bytes(geometry.payloadBytes), new Uint8Array(geometry.payloadBytes), random.bytes(7)];
  assert.equal((await read(junk)).cursor, 3);
  assert.equal((await read(junk, "reply")).cursor, 3);
  for (const kind of ["fragment", "boxed"] as const) assert.deepEqual((await read(junk, kind)).messages, []);
});

test("fragments of two messages under one id do not become a third", async () => {
  const name = newId();
  const one = fragments("message", name, random.bytes(5_000)).map(sealed);
  const other = fragments("message", name, random.bytes(5_000)).map(sealed);
  assert.equal((await read(one)).messages.length, 1);
  assert.equal(one.length, other.length);
  const [first] = one as [Uint8Array, ...Uint8Array[]];
  const mixed = [first, ...other.slice(1)];
  assert.ok(mixed.length > 1);
  for (const kind of ["fragment", "boxed"] as const) {
    assert.deepEqual((await read(mixed, kind)).messages, [], "none of them is missing, and no digest is that of both");
  }
});

test("a fragment that contradicts those before it does not spoil the message", async () => {
  const name = newId();
  const honest = fragments("message", name, utf8("x".repeat(6_000)));
  const [first, ...rest] = honest.map(sealed) as [Uint8Array, ...Uint8Array[]];
  const liar = sealed({ ...(honest[1] as Fragment), messageBytes: 6_071 });
  for (const kind of ["fragment", "boxed"] as const) {
    assert.deepEqual((await read([first, liar, ...rest], kind)).messages, ["x".repeat(6_000)]);
  }
});

test("every order of fragments, with doubles, gives the message once", async () => {
  const body = utf8("y".repeat(9_000));
  const all = fragments("message", newId(), body).map(sealed);
  const orders = fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length });
  await fc.assert(
    fc.asyncProperty(orders, async (entries) => {
      assert.deepEqual((await read(entries)).messages, ["y".repeat(9_000)]);
    }),
    { numRuns: 15 },
  );
});

test("a receipt counts for what it proves; one with bytes too many or too few for nothing", async () => {
  const entry = { id: newId(), proof: random.bytes(32) };
  const good = encodeReceipt({ place: undefined, entries: [entry] });
  const bodies = [good, good.subarray(0, -1), Buffer.concat([good, Buffer.alloc(1)]), new Uint8Array(2)];
  const entries = bodies.flatMap((body) => fragments("receipt", newId(), body).map(sealed));
  const { receipts } = await read(entries);
  assert.deepEqual(
    receipts.map((receipt) => toHex(receipt.id)),
    [toHex(entry.id)],
  );
});

test("the proof of a receipt needs the whole message", () => {
  const name = newId();
  const body = random.bytes(4_000);
  const proof = receiptProof(suite, { id: name, body });
  const almost = body.slice();
  almost[3_999] = (almost[3_999] as number) ^ 1;
  assert.notDeepEqual(receiptProof(suite, { id: name, body: almost }), proof);
  assert.notDeepEqual(receiptProof(suite, { id: newId(), body }), proof);
});
