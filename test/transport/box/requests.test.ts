import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { COLLECT_DELAY_MAX, collectDelayMax } from "#transport/box/limits.ts";
import {
  decodeBoxRequest,
  decodeCollected,
  decodeOpened,
  encodeCollect,
  encodeCollected,
  encodeOpen,
  encodeOpened,
} from "#transport/box/requests.ts";
import { drawDelays } from "#transport/client/boxes/collect-draws.ts";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds, perSecond } from "#transport/core/units.ts";
import { needsToken } from "#transport/tokens/needs-token.ts";

const of = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte);
const after = (...delays: number[]): Milliseconds[] => delays.map(milliseconds);
const shape = { boxReplies: 3, surbBytes: 5, delayMax: milliseconds(600_000) };
const collect = {
  kind: "collect",
  secret: of(1),
  readerId: of(2),
  cursor: 7,
  taken: 0x8000_0000_0000_0005n,
  delays: after(10, 500, 600_000),
  surbs: [of(3, 5), of(4, 5)],
} as const;
const withDelays = (...delays: number[]): Uint8Array => encodeCollect({ ...collect, delays: after(...delays) });
const malformed = { code: "MALFORMED" };

test("an open is its kind and the secret", () => {
  const bytes = encodeOpen({ secret: of(1) });
  assert.equal(toHex(bytes), `01${"01".repeat(32)}`);
  assert.deepEqual(decodeBoxRequest(bytes, shape), { kind: "open", secret: of(1) });
  assert.throws(() => encodeOpen({ secret: of(1, 31) }), RangeError);
});

test("a collect is laid out as the specification says, and comes back", () => {
  const bytes = encodeCollect(collect);
  const [cursor, taken] = ["0000000000000007", "8000000000000005"];
  const rest = `0000000a000001f4000927c0${"03".repeat(5)}${"04".repeat(5)}`;
  assert.equal(toHex(bytes), `02${"01".repeat(32)}${"02".repeat(32)}${cursor}${taken}${rest}`);
  assert.deepEqual(decodeBoxRequest(bytes, shape), collect);
});

test("one answer needs no SURB but that of the frame", () => {
  const single = { ...collect, delays: after(0), surbs: [] };
  assert.deepEqual(decodeBoxRequest(encodeCollect(single), { ...shape, boxReplies: 1 }), single);
});

test("a collect of another number of answers, a byte more or less, or another kind is none", () => {
  const bytes = encodeCollect(collect);
  for (const boxReplies of [0, 1, 2, 4])
    assert.throws(() => decodeBoxRequest(bytes, { ...shape, boxReplies }), malformed);
  assert.throws(() => decodeBoxRequest(bytes.subarray(1), shape), malformed);
  assert.throws(() => decodeBoxRequest(bytes.subarray(0, -1), shape), malformed);
  assert.throws(() => decodeBoxRequest(new Uint8Array([...bytes, 0]), shape), malformed);
  assert.throws(() => decodeBoxRequest(new Uint8Array([...encodeOpen({ secret: of(1) }), 0]), shape), malformed);
  for (const kind of [0, 3]) assert.throws(() => decodeBoxRequest(of(kind, 33), shape), malformed);
  assert.throws(() => decodeBoxRequest(new Uint8Array(0), shape), malformed);
  assert.throws(() => encodeCollect({ ...collect, surbs: [] }), RangeError);
});

test("a collect whose delays do not rise, or are too long, is none", () => {
  assert.ok(decodeBoxRequest(withDelays(0, 1, 2), shape));
  assert.ok(decodeBoxRequest(withDelays(0, 1, COLLECT_DELAY_MAX), shape));
  for (const delays of [
    [1, 1, 2],
    [2, 1, 3],
    [0, 1, COLLECT_DELAY_MAX + 1],
  ])
    assert.throws(() => decodeBoxRequest(withDelays(...delays), shape), malformed);
});

test("delays are bounded by the longest mean time between drop slots of a network's profiles", () => {
  const { profiles } = LIVE_PARAMETERS;
  const live = collectDelayMax(LIVE_PARAMETERS);
  assert.equal(Math.round(live), 140_000);
  const seldom = { ...profiles, mail: { ...profiles.mail, sendRate: perSecond(1 / 1000) } };
  assert.equal(collectDelayMax({ profiles: seldom }), COLLECT_DELAY_MAX);
  const random = new SeededRandom("delays at their longest");
  for (const profile of Object.values(profiles)) {
    for (let n = 0; n < 2000; n++) {
      const delays = drawDelays(random, { boxReplies: 3 }, profile);
      assert.ok(decodeBoxRequest(withDelays(...delays), { ...shape, delayMax: live }));
    }
  }
  for (const most of [140_000, 140_001]) {
    const decode = () => decodeBoxRequest(withDelays(0, 1, most), { ...shape, delayMax: live });
    if (most <= live) assert.ok(decode());
    else assert.throws(decode, malformed);
  }
});

test("a cursor beyond what a number holds is none", () => {
  const bytes = encodeCollect(collect);
  bytes[65] = 0xff;
  assert.throws(() => decodeBoxRequest(bytes, shape), malformed);
});

test("an opened box says until when, and no room says nothing", () => {
  const opened = { until: milliseconds(1_800_000_000_000) };
  assert.equal(toHex(encodeOpened(opened)), "00000001a3185c5000");
  assert.deepEqual(decodeOpened(encodeOpened(opened)), opened);
  assert.equal(toHex(encodeOpened({ until: undefined })), "010000000000000000");
  assert.deepEqual(decodeOpened(encodeOpened({ until: undefined })), { until: undefined });
  for (const text of ["000000000000000000", "010000000000000001", "020000000000000001", "00", "00000001a3185c500000"])
    assert.throws(() => decodeOpened(fromHex(text)), malformed);
});

test("answers to a collect come back, and nothing else is one", () => {
  const sizes = { sealedBytes: 6 };
  const answers = [
    { what: "unknown" },
    { what: "nothing", next: 1 },
    { what: "entry", next: 3, number: 4, sealed: of(9, 6) },
    { what: "entry", next: 4, number: 4, sealed: of(9, 6) },
  ] as const;
  for (const answer of answers) assert.deepEqual(decodeCollected(encodeCollected(answer), sizes), answer);
  assert.equal(
    toHex(encodeCollected({ what: "entry", next: 3, number: 4, sealed: of(9, 6) })),
    `0200000000000000030000000000000004${"09".repeat(6)}`,
  );
  const bad = [
    { what: "nothing", next: 0 },
    { what: "entry", next: 0, number: 1, sealed: of(9, 6) },
    { what: "entry", next: 5, number: 4, sealed: of(9, 6) },
    { what: "entry", next: 4, number: 4, sealed: of(9, 5) },
    { what: "entry", next: 4, number: 4, sealed: of(9, 7) },
  ] as const;
  for (const answer of bad) assert.throws(() => decodeCollected(encodeCollected(answer), sizes), malformed);
  for (const bytes of [[], [0, 0], [3], [3, ...of(1, 22)]])
    assert.throws(() => decodeCollected(Uint8Array.from(bytes), sizes), malformed);
});

test("an open costs a token, a collect and a question for what is stored do not", () => {
  assert.equal(needsToken("box", encodeOpen({ secret: of(1) })), true);
  assert.equal(needsToken("box", encodeCollect(collect)), false);
  assert.equal(needsToken("box", new Uint8Array(0)), true);
  assert.equal(needsToken("have", encodeOpen({ secret: of(1) })), false);
  assert.equal(needsToken("keys", encodeCollect(collect)), true);
});
