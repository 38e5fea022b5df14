/** Lines and calls of local programs. docs/spec/16-local-client.md §2-3 */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { TransportError } from "#transport/core/errors.ts";
import { Lines } from "#transport/local/lines.ts";
import { BODY_BYTES_MAX, COMPLAINT_CHARACTERS_MAX, LINE_BYTES_MAX } from "#transport/local/limits.ts";
import { decodeCall, encodeAnswer } from "#transport/local/protocol.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const base64Url = (value: Uint8Array): string => Buffer.from(value).toString("base64url");
const written = (call: object): Uint8Array =>
  bytes(JSON.stringify(call, (_key, part: unknown) => (part instanceof Uint8Array ? base64Url(part) : part)));

const id = fc.maxSafeNat();
const address = fc.constantFrom("bea@b.example", "a.b-c@sub.a.example");
const message = fc.uint8Array({ minLength: 16, maxLength: 16 });
const body = fc.uint8Array({ maxLength: 3000 });
const service = fc.constantFrom("survey", "echo", "x.y-z");
const named = (name: string) => fc.constant(name);
const anyCall = fc.oneof(
  fc.record({ id, call: named("send"), to: address, body, message }, { requiredKeys: ["id", "call", "to", "body"] }),
  fc.record({ id, call: named("journey"), message, after: fc.constantFrom("queued", "mixing", "stored", "failed") }),
  fc.record({ id, call: named("request"), at: fc.constant("b.example"), service, body }),
  fc.record({ id, call: named("lookup"), address }),
  fc.record({ id, call: fc.constantFrom("next", "status") }),
  fc.record({ id, call: named("done"), message, confirmTo: address }, { requiredKeys: ["id", "call", "message"] }),
);

test("every call is read as it was written", () => {
  fc.assert(fc.property(anyCall, (call) => assert.deepEqual(plain(decodeCall(written(call))), plain(call))));
});

test("an answer is one line, with bytes in base64url", () => {
  const answers = fc.record({ body, receivedAt: fc.nat(), text: fc.string() });
  const property = fc.property(id, answers, (number, result) => {
    const line = Buffer.from(encodeAnswer(number, { result })).toString();
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.deepEqual(JSON.parse(line), { id: number, result: { ...result, body: base64Url(result.body) } });
  });
  fc.assert(property);
});

test("however lines are cut into pieces, the same lines come out", () => {
  const texts = fc.array(
    fc.string({ maxLength: 40 }).map((text) => text.replaceAll("\n", " ")),
    { maxLength: 12 },
  );
  const property = fc.property(texts, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (all, steps) => {
    const stream = bytes(all.map((text) => `${text}\n`).join(""));
    const lines = new Lines({ bytesMax: 400 });
    const seen: string[] = [];
    for (let at = 0, i = 0; at < stream.length; i++) {
      const end = at + (steps[i % steps.length] as number);
      for (const line of lines.take(stream.subarray(at, end))) seen.push(Buffer.from(line).toString());
      at = end;
    }
    assert.deepEqual(
      seen,
      all.map((text) => Buffer.from(text).toString()),
    );
  });
  fc.assert(property);
});

test("a line that is too long is refused before it is kept, and one that just fits is read", () => {
  const fits = [...new Lines({ bytesMax: 8 }).take(bytes("12345678\n"))];
  assert.deepEqual(
    fits.map((line) => line.length),
    [8],
  );
  for (const pieces of [["123456789\n"], ["1234", "56789"], ["1", "2345678", "9\n"]]) {
    const lines = new Lines({ bytesMax: 8 });
    const read = (): void => pieces.forEach((piece) => Array.from(lines.take(bytes(piece))));
    assert.throws(read, { code: "MALFORMED" });
  }
});

test("a long line that comes byte by byte takes no more memory than its length, and none after it", () => {
  const lines = new Lines({ bytesMax: 2 ** 20 });
  const one = bytes("x");
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 2 ** 20; i++) for (const line of lines.take(one)) assert.fail(`${line.length} bytes`);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 2 ** 20);
  const [whole] = [...lines.take(bytes("\nrest"))];
  assert.equal(whole?.length, 2 ** 20);
});

test("the largest body is read, and one byte more is not", () => {
  const line = sendOf(BODY_BYTES_MAX);
  assert.ok(line.length <= LINE_BYTES_MAX);
  const read = decodeCall(line);
  assert.equal(read.call === "send" && read.body.length, BODY_BYTES_MAX);
  assert.throws(() => decodeCall(sendOf(BODY_BYTES_MAX + 1)), { code: "MALFORMED" });
});

const BROKEN: readonly [why: string, line: string, says: RegExp][] = [
  ["nothing", "", /one JSON object/],
  ["no JSON", "send", /one JSON object/],
  ["no object", "7", /expected/],
  ["nothing at all", "null", /expected/],
  ["an array", "[]", /expected/],
  ["no call", '{"id":1}', /call: expected send, journey/],
  ["another call", '{"id":1,"call":"close"}', /call: expected send, journey/],
  ["no id", '{"call":"next"}', /id: expected a whole number/],
  ["a negative id", '{"id":-1,"call":"next"}', /id: expected/],
  ["half an id", '{"id":0.5,"call":"next"}', /id: expected/],
  ["a text for an id", '{"id":"1","call":"next"}', /id: expected/],
  ["an id that numbers cannot tell from the next", '{"id":9007199254740993,"call":"next"}', /id: expected/],
  ["a member too many", '{"id":1,"call":"next","wait":true}', /wait/],
  ["a prototype", '{"id":1,"call":"next","__proto__":{"x":1}}', /./],
  ["no address", '{"id":1,"call":"lookup","address":"bea"}', /address: expected an address, name@domain/],
  ["two lines in an address", '{"id":1,"call":"lookup","address":"a@b\\nc"}', /address: expected/],
  ["padding", '{"id":1,"call":"send","to":"a@b.c","body":"AA=="}', /body: expected/],
  ["the other alphabet", '{"id":1,"call":"send","to":"a@b.c","body":"+/+/"}', /body: expected/],
  ["bits behind the last byte", '{"id":1,"call":"send","to":"a@b.c","body":"AB"}', /body: expected/],
  ["a short message id", '{"id":1,"call":"done","message":"AAAA"}', /message: expected the 16 bytes/],
  [
    "an unknown delivery",
    '{"id":1,"call":"journey","message":"AAAAAAAAAAAAAAAAAAAAAA","after":"x"}',
    /after: expected/,
  ],
  ["a service that is no name", '{"id":1,"call":"request","at":"b.c","service":"é","body":""}', /service: expected/],
];

for (const [why, line, says] of BROKEN) {
  test(`a line is refused with what is wrong: ${why}`, () => {
    assert.throws(
      () => decodeCall(bytes(line)),
      (error) => error instanceof TransportError && error.code === "MALFORMED" && says.test(error.message),
    );
  });
}

test("bytes that are no UTF-8 are refused", () => {
  assert.throws(() => decodeCall(Buffer.from('{"id":1,"call":"\xff"}', "latin1")), { code: "MALFORMED" });
});

test("a complaint is short, whatever the line holds", () => {
  const line = bytes(JSON.stringify({ id: 1, call: "next", ["x".repeat(100_000)]: 1 }));
  assert.throws(
    () => decodeCall(line),
    (error) => error instanceof Error && error.message.length < COMPLAINT_CHARACTERS_MAX + 100,
  );
});

test("lines that would become large in memory are refused before anything is made of them", () => {
  for (const unit of ["[", "{},", '"",', "[0,", '{"a":']) {
    const line = Buffer.alloc(8 * 2 ** 20, unit);
    const before = process.memoryUsage();
    assert.throws(() => decodeCall(line), { code: "MALFORMED" });
    const after = process.memoryUsage();
    assert.ok(after.heapUsed - before.heapUsed < 4 * 2 ** 20, unit);
  }
});

test("whatever is long in a line, it is refused at once", () => {
  const long = "a".repeat(4 * 2 ** 20);
  const hostile = [
    `{"id":${"1".repeat(4 * 2 ** 20)},"call":"next"}`,
    `{"id":1,"call":"${long}"}`,
    `{"id":1,"call":"next","${long}":1}`,
    `{"id":1,"call":"lookup","address":"${long}@"}`,
    `{"id":1,"call":"request","at":"${long}","service":"x","body":""}`,
    `{"id":1,"call":"request","at":"b.c","service":"${long}","body":""}`,
    `{"id":1,"call":"request","at":"b.c","service":"x","body":"${"é".repeat(2 ** 20)}"}`,
    `{"id":1,"call":"done","message":"${long}"}`,
  ];
  for (const line of hostile) refused(bytes(line));
});

test("what random programs say is refused with our own error", () => {
  fc.assert(fc.property(fc.json(), (line) => refused(bytes(line))));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (line) => refused(line)));
});

function refused(line: Uint8Array): void {
  assert.throws(() => decodeCall(line), TransportError);
}

const sendOf = (length: number): Uint8Array =>
  written({ id: 1, call: "send", to: "a@b.c", body: new Uint8Array(length) });
const plain = (call: object): object => JSON.parse(Buffer.from(written(call)).toString()) as object;
