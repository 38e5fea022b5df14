import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { concat } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { epochNumber, milliseconds, nodeId, surbId } from "#transport/core/units.ts";
import { FrameAssembler, FrameMemory } from "#transport/link/frame-assembler.ts";
import { type Direction, frameTable } from "#transport/link/frame-table.ts";
import { decodeFrame, encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { Protocol } from "#transport/link/link.ts";
import { CONSENSUS_PART_BYTES, DIRECTORY_MESSAGE_BYTES_MAX, VOTE_BYTES_MAX } from "#transport/link/limits.ts";
import { paddedLength } from "#transport/link/padding.ts";
import { PartCollector, toParts } from "#transport/link/parts.ts";

const sizes = { packetBytes: 300, payloadBytes: 120 };
const LARGE = { packetBytes: 9000, payloadBytes: 120 };
const filled = (length: number): Uint8Array => new Uint8Array(length).map((_, index) => index);

const EVERY_FRAME: readonly { protocol: Protocol; direction: Direction; frame: Frame }[] = [
  ["starling-node/2", "fromDialer", { type: "packet", packet: filled(300) }],
  ["starling-client/2", "fromDialer", { type: "send", firstHop: nodeId(filled(32)), packet: filled(300) }],
  ["starling-client/2", "fromDialer", { type: "poll", cursor: 2 ** 40 }],
  ["starling-client/2", "fromDialer", { type: "getConsensus", epoch: epochNumber(7) }],
  ["starling-client/2", "fromDialer", { type: "getConsensus", epoch: "current" }],
  ["starling-client/2", "fromDialer", { type: "getConsensus", epoch: "network" }],
  ["starling-client/2", "fromDialer", { type: "control", body: filled(77) }],
  [
    "starling-client/2",
    "toDialer",
    { type: "entry", cursor: 9, kind: "reply", surbId: surbId(filled(16)), body: filled(120) },
  ],
  [
    "starling-client/2",
    "toDialer",
    { type: "consensusPart", time: milliseconds(5), index: 1, count: 2, part: filled(9) },
  ],
  ["starling-client/2", "toDialer", { type: "controlAnswer", body: filled(0) }],
  ["starling-directory/2", "fromDialer", { type: "publishDescriptor", descriptor: filled(100) }],
  ["starling-directory/2", "fromDialer", { type: "fetchConsensus", epoch: epochNumber(0) }],
  ["starling-directory/2", "fromDialer", { type: "fetchConsensus", epoch: "time" }],
  ["starling-directory/2", "fromDialer", { type: "vote", vote: filled(1000) }],
  ["starling-directory/2", "fromDialer", { type: "signature", signature: filled(101) }],
  ["starling-directory/2", "toDialer", { type: "consensus", time: milliseconds(1), bytes: filled(50) }],
  ["starling-directory/2", "toDialer", { type: "status", accepted: false, reason: "no" }],
].map(([protocol, direction, frame]) => ({ protocol, direction, frame }) as never);

const isMalformed = (error: unknown): boolean => error instanceof TransportError && error.code === "MALFORMED";

test("every frame is read back as it was written", () => {
  for (const { frame, ...context } of EVERY_FRAME) {
    assert.deepEqual(decodeFrame(encodeFrame(frame, sizes), { ...context, sizes }), frame);
  }
});

test("a frame of a client or node has the length of its type, whatever it carries", () => {
  const lengths = new Map<number, Set<number>>();
  for (const { protocol, frame } of EVERY_FRAME) {
    if (protocol === "starling-directory/2") continue;
    const bytes = encodeFrame(frame, sizes);
    lengths.set(bytes[0] as number, (lengths.get(bytes[0] as number) ?? new Set()).add(bytes.length));
  }
  for (const seen of lengths.values()) assert.equal(seen.size, 1);
  for (const length of [0, 1, 16_384]) {
    assert.equal(encodeFrame({ type: "control", body: new Uint8Array(length) }, sizes).length, 16_389);
  }
});

test("a frame with one byte more or less, or on the other side, is malformed", () => {
  for (const { frame, ...context } of EVERY_FRAME) {
    const bytes = encodeFrame(frame, sizes);
    const other = context.direction === "fromDialer" ? "toDialer" : "fromDialer";
    assert.throws(() => decodeFrame(concat(bytes, Uint8Array.of(0)), { ...context, sizes }), isMalformed);
    assert.throws(() => decodeFrame(bytes.subarray(0, -1), { ...context, sizes }), isMalformed);
    assert.throws(() => decodeFrame(bytes, { ...context, direction: other, sizes }), isMalformed);
  }
});

test("parts of the wrong length do not become a frame", () => {
  assert.throws(() => encodeFrame({ type: "packet", packet: filled(299) }, sizes), RangeError);
  assert.throws(() => encodeFrame({ type: "control", body: filled(16_385) }, sizes), RangeError);
});

test("whatever bytes come, decoding gives a frame that encodes to the same meaning, or MALFORMED", () => {
  const contexts = EVERY_FRAME.map(({ protocol, direction }) => ({ protocol, direction, sizes }));
  const sources = EVERY_FRAME.map(({ frame }) => encodeFrame(frame, sizes).slice(0, 2000));
  const mutated = fc
    .tuple(fc.constantFrom(...sources), fc.array(fc.tuple(fc.nat(1999), fc.nat(255)), { maxLength: 4 }))
    .map(([source, changes]) => {
      const bytes = source.slice();
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(
      fc.constantFrom(...contexts),
      fc.oneof(mutated, fc.uint8Array({ maxLength: 500 })),
      (context, bytes) => {
        let frame: Frame;
        try {
          frame = decodeFrame(bytes, context);
        } catch (error) {
          return isMalformed(error);
        }
        assert.deepEqual(decodeFrame(encodeFrame(frame, sizes), context), frame);
        return true;
      },
    ),
    { numRuns: 3000 },
  );
});

test("frames come out whole and in order however the stream is cut", () => {
  const context = { protocol: "starling-client/2", direction: "fromDialer", sizes } as const;
  const frames = EVERY_FRAME.filter(
    (entry) => entry.protocol === context.protocol && entry.direction === context.direction,
  );
  const stream = concat(...frames.map(({ frame }) => encodeFrame(frame, sizes)));
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
      const assembler = new FrameAssembler(frameTable(context));
      const out: Frame[] = [];
      const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      at.slice(1).forEach((end, index) => {
        assembler.push(stream.slice(at[index], end), (bytes) => out.push(decodeFrame(bytes, context)));
      });
      assert.deepEqual(
        out,
        frames.map(({ frame }) => frame),
      );
      assert.equal(assembler.partialBytes, 0);
    }),
    { numRuns: 60 },
  );
});

test("length-prefixed frames come out whole byte by byte, and one over its limit breaks the stream", () => {
  const context = { protocol: "starling-directory/2", direction: "fromDialer", sizes } as const;
  const bytes = encodeFrame({ type: "publishDescriptor", descriptor: filled(700) }, sizes);
  const assembler = new FrameAssembler(frameTable(context));
  const out: Uint8Array[] = [];
  for (const byte of bytes)
    assert.equal(
      assembler.push(Uint8Array.of(byte), (frame) => out.push(frame)),
      true,
    );
  assert.deepEqual(out, [bytes]);
  assert.equal(
    assembler.push(Uint8Array.of(0x30, 0, 0, 0xd0, 0x05), () => assert.fail("no frame")),
    false,
  );
});

test("an unknown type breaks the stream for good, after the frames before it", () => {
  const table = frameTable({ protocol: "starling-client/2", direction: "fromDialer", sizes });
  const assembler = new FrameAssembler(table);
  const poll = encodeFrame({ type: "poll", cursor: 1 }, sizes);
  const out: Uint8Array[] = [];
  assert.equal(
    assembler.push(concat(poll, Uint8Array.of(0x7f), poll), (frame) => out.push(frame)),
    false,
  );
  assert.equal(
    assembler.push(poll, (frame) => out.push(frame)),
    false,
  );
  assert.deepEqual(out, [poll]);
});

test("a document of any length goes through parts of one size and comes back", () => {
  for (const length of [1, 32_767, 32_768, 32_769, 100_000]) {
    const document = filled(length);
    const collector = new PartCollector();
    const parts = toParts(document, { time: milliseconds(3), room: 0 });
    const results = parts.map((part) => collector.add(part));
    assert.deepEqual(results.at(-1), { kind: "document", bytes: document, time: 3 });
    assert.ok(results.slice(0, -1).every((result) => result.kind === "incomplete"));
  }
  const none = toParts(undefined, { time: milliseconds(3), room: 100_000 });
  const collector = new PartCollector();
  assert.deepEqual(none.map((part) => collector.add(part)).at(-1), { kind: "absent", time: 3 });
});

test("parts out of order are malformed", () => {
  const [first, second] = toParts(filled(40_000), { time: milliseconds(0), room: 0 });
  assert.ok(first && second);
  assert.throws(() => new PartCollector().add(second), isMalformed);
  assert.throws(() => {
    const collector = new PartCollector();
    collector.add({ ...first, part: filled(5) });
    collector.add(second);
  }, isMalformed);
  assert.throws(() => {
    const collector = new PartCollector();
    collector.add(first);
    collector.add({ ...second, index: 2, count: 3 });
  }, isMalformed);
  const most = DIRECTORY_MESSAGE_BYTES_MAX / CONSENSUS_PART_BYTES;
  assert.equal(new PartCollector().add({ ...first, count: most }).kind, "incomplete");
  assert.throws(
    () => new PartCollector().add({ ...first, count: most + 1 }),
    isMalformed,
    "more than any document has",
  );
});

test("a document that a lost link cut short does not spoil the next one", () => {
  const [first, second] = toParts(filled(40_000), { time: milliseconds(0), room: 0 });
  assert.ok(first && second);
  const collector = new PartCollector();
  for (let i = 0; i < 2; i++) collector.add(first);
  assert.deepEqual(collector.add(second), { kind: "document", bytes: filled(40_000), time: 0 });
});

test("every answer with a document takes as many parts as the longest that is given out, and comes back", () => {
  const newest = filled(70_000);
  for (const document of [undefined, filled(300), filled(40_000), newest]) {
    const parts = toParts(document, { time: milliseconds(3), room: newest.length });
    const collector = new PartCollector();
    const last = parts.map((part) => collector.add(part)).at(-1);
    assert.equal(parts.length, 3);
    assert.deepEqual(
      last,
      document === undefined ? { kind: "absent", time: 3 } : { kind: "document", bytes: document, time: 3 },
    );
  }
});

const length = (frame: Frame): number => encodeFrame(frame, sizes).length;

test("a directory frame's length is its type's, or one of few lengths for votes and documents", () => {
  for (const size of [250, 3000, 53_248])
    assert.equal(length({ type: "publishDescriptor", descriptor: filled(size) }), 53_257);
  for (const size of [0, 400]) {
    assert.equal(length({ type: "status", accepted: false, reason: "x".repeat(size) }), 524);
  }
  assert.equal(length({ type: "signature", signature: filled(3410) }), 4105);
  for (const epoch of ["current", "network", "time", epochNumber(7)] as const) {
    assert.equal(length({ type: "fetchConsensus", epoch }), 13);
  }
  const answer = (size: number, room: number): number =>
    length({ type: "consensus", time: milliseconds(1), bytes: filled(size), room });
  for (const size of [0, 600, 31_000, 32_756]) assert.equal(answer(size, 0), 5 + 32_768);
  // The network file, an older and a newer consensus and none, as long as the newest.
  assert.deepEqual(new Set([0, 600, 95_000, 99_000].map((size) => answer(size, 99_000))).size, 1);
  for (let size = 32_768; size < 16_000_000; size = Math.ceil(size * 1.037)) {
    const padded = paddedLength(size);
    assert.ok(padded >= size && padded <= size * 1.125, `${size}`);
    assert.equal(paddedLength(padded), padded);
  }
  assert.equal(
    paddedLength(DIRECTORY_MESSAGE_BYTES_MAX),
    DIRECTORY_MESSAGE_BYTES_MAX,
    "the scale ends at the longest list",
  );
  assert.equal(paddedLength(VOTE_BYTES_MAX), VOTE_BYTES_MAX, "and at the longest vote");
  const vote = (size: number): number => length({ type: "vote", vote: filled(size) });
  assert.equal(vote(200_000), vote(205_000));
});

test("frames that are only lent lie in one memory; frames that are given never share any", () => {
  const context = { protocol: "starling-node/2", direction: "fromDialer", sizes } as const;
  const [first, second] = [1, 2].map((fill) =>
    encodeFrame({ type: "packet", packet: new Uint8Array(sizes.packetBytes).fill(fill) }, sizes),
  ) as [Uint8Array, Uint8Array];
  for (const lend of [true, false]) {
    const assembler = new FrameAssembler(frameTable(context));
    assembler.lend = lend;
    const seen: Uint8Array[] = [];
    const memory: ArrayBufferLike[] = [];
    const stream = concat(first, second, first);
    for (let at = 0; at < stream.length; at += 999)
      assembler.push(stream.subarray(at, at + 999), (frame) => {
        seen.push(frame.slice());
        memory.push(frame.buffer);
      });
    assert.deepEqual(seen, [first, second, first]);
    assert.equal(new Set(memory).size, lend ? 1 : 3);
  }
});

test("lines that share memory for lent frames do not write into each other's, and hold it no longer than a frame is under way", () => {
  const table = frameTable({ protocol: "starling-client/2", direction: "fromDialer", sizes: LARGE });
  const shared = new FrameMemory();
  const memory = new Set<ArrayBufferLike>();
  const lines = [1, 2, 3].map((fill) => {
    const assembler = new FrameAssembler(table, shared);
    assembler.lend = true;
    const packet = new Uint8Array(LARGE.packetBytes).fill(fill);
    const frame = encodeFrame({ type: "send", firstHop: nodeId(filled(32)), packet }, LARGE);
    return {
      assembler,
      stream: concat(frame, encodeFrame({ type: "poll", cursor: fill }, LARGE), frame),
      frame,
      seen: 0,
    };
  });
  const whole = lines[0]?.stream.length ?? 0;
  for (let at = 0; at < whole; at += 2999)
    for (const line of lines)
      line.assembler.push(line.stream.subarray(at, at + 2999), (lent) => {
        line.seen++;
        if (lent.length < 100) return;
        memory.add(lent.buffer);
        assert.deepEqual(new Uint8Array(lent), line.frame);
      });
  assert.deepEqual(
    lines.map(({ seen }) => seen),
    [3, 3, 3],
  );
  // One for each line that is in the midst of a frame, and no more for the second round.
  assert.equal(memory.size, 3);
  const late = lines.map(({ frame, assembler }) => assembler.push(frame, (lent) => void memory.add(lent.buffer)));
  assert.deepEqual(late, [true, true, true]);
  assert.equal(memory.size, 3);
});

test("a lent packet lies at a multiple of eight, where it is copied to shared memory word by word", () => {
  const assembler = new FrameAssembler(frameTable({ protocol: "starling-node/2", direction: "fromDialer", sizes }));
  assembler.lend = true;
  const frame = encodeFrame({ type: "packet", packet: filled(300) }, sizes);
  let frames = 0;
  for (const piece of [frame.subarray(0, 7), frame.subarray(7), frame])
    assembler.push(piece, (lent) => {
      frames++;
      assert.equal((lent.byteOffset + 1) % 8, 0);
      assert.deepEqual(new Uint8Array(lent), frame);
    });
  assert.equal(frames, 2);
});
