import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerFrames } from "#provider-server/entry/answer-frames.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { decodeFrame, type Frame } from "#transport/link/frame.ts";

const suite = await loadSuite("x25519", "native");
const SIZES = { packetBytes: 9000, payloadBytes: 4000 };
const read = (frame: Uint8Array): Frame =>
  decodeFrame(frame, { protocol: "starling-client/2", direction: "toDialer", sizes: SIZES });
const frames = (): AnswerFrames =>
  new AnswerFrames({ sizes: SIZES, padding: new SeededRandom("padding"), primitives: suite });
const entry = { cursor: 7, kind: "fragment", surbId: surbId(new Uint8Array(16).fill(3)) } as const;

test("what a frame carried for one client is not in the next one's, whether that carries something or nothing", () => {
  const answers = frames();
  const body = new SeededRandom("body").bytes(SIZES.payloadBytes);
  const first = answers.carrying({ ...entry, body });
  assert.deepEqual(read(first), { type: "entry", ...entry, body });
  answers.giveBack(first);

  const empty = answers.empty("none");
  assert.equal(empty.buffer, first.buffer, "the same memory");
  const nothing = read(empty);
  assert.ok(nothing.type === "entry" && nothing.kind === "none" && nothing.cursor === 0);
  assert.notDeepEqual(nothing.surbId, entry.surbId);
  const same = nothing.body.filter((byte, at) => byte === body[at]).length;
  assert.ok(same < (3 * SIZES.payloadBytes) / 256, `${same} bytes are as they were`);
  const noise = nothing.body.slice();
  answers.giveBack(empty);

  const again = read(answers.empty("no-account"));
  assert.ok(again.type === "entry" && again.kind === "no-account");
  assert.notDeepEqual(again.body, noise);
});

test("a frame that has not left is nobody else's", () => {
  const answers = frames();
  const body = new Uint8Array(SIZES.payloadBytes).fill(9);
  const waiting = answers.carrying({ ...entry, body });
  const others = [answers.empty("none"), answers.carrying({ ...entry, cursor: 8, body: body.fill(1) })];
  assert.equal(new Set([waiting, ...others].map(({ buffer }) => buffer)).size, 3);
  const kept = read(waiting);
  assert.ok(kept.type === "entry" && kept.cursor === 7 && kept.body.every((byte) => byte === 9));
});

test("a body of another length is refused", () => {
  assert.throws(() => frames().carrying({ ...entry, body: new Uint8Array(3999) }), RangeError);
});
