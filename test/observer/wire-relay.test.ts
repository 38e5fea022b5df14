import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordReader } from "./wire-relay.ts";

test("records are told apart wherever the stream is cut", () => {
  const stream = Buffer.concat([record(3), record(300), record(1), record(16_401)]);
  for (const cut of [1, 2, 4, 5, 7, 300, stream.length]) {
    const seen: number[] = [];
    const reader = new RecordReader((length) => seen.push(length));
    for (let at = 0; at < stream.length; at += cut) reader.take(stream.subarray(at, at + cut));
    assert.deepEqual(seen, [8, 305, 6, 16_406], `cut every ${cut} bytes`);
  }
});

test("of a stream's records only the first is shown, for the protocol's name", () => {
  const seen: string[] = [];
  const reader = new RecordReader((_, record) => seen.push(record.toString("latin1")));
  reader.take(
    Buffer.concat([Buffer.of(22, 3, 1, 0, 2), Buffer.from("hi"), Buffer.of(23, 3, 3, 0, 1), Buffer.from("x")]),
  );
  assert.deepEqual(seen, ["hi", ""]);
});

/** Application data of so many bytes, with its header. */
const record = (length: number): Buffer =>
  Buffer.concat([Buffer.of(23, 3, 3, length >> 8, length & 255), Buffer.alloc(length, 7)]);
