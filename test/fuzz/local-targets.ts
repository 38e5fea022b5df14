/** What a program of the same machine says to a local client: lines, and the calls in them. */

import assert from "node:assert/strict";
import { TransportError } from "#transport/core/errors.ts";
import { Connection } from "#transport/local/connection.ts";
import { type Call, decodeCall } from "#transport/local/protocol.ts";
import type { Target } from "./fuzz.ts";

const MESSAGE = "AAECAwQFBgcICQoLDA0ODw";
const CALLS: readonly object[] = [
  { id: 1, call: "send", to: "bea@b.example", body: "aGVsbG8" },
  { id: 2, call: "send", to: "bea@b.example", body: "", message: MESSAGE },
  { id: 3, call: "journey", message: MESSAGE, after: "mixing" },
  { id: 4, call: "request", at: "b.example", service: "survey", body: "eyJhIjoxfQ" },
  { id: 5, call: "lookup", address: "bea@b.example" },
  { id: 6, call: "next" },
  { id: 7, call: "done", message: MESSAGE, confirmTo: "ann@a.example" },
  { id: 2 ** 53 - 1, call: "status" },
];

export function localTargets(): Target[] {
  const lines = CALLS.map((call) => JSON.stringify(call));
  return [
    {
      name: "call of a local program",
      corpus: lines.map((line) => Buffer.from(line)),
      // Spaces, escapes and the order of members are free: what was read says the same when it is written.
      decode: (bytes) => {
        const call = decodeCall(bytes);
        assert.deepEqual(decodeCall(Buffer.from(written(call))), call);
      },
      takesChanged: "some",
    },
    {
      name: "lines of a local program",
      corpus: lines.map((_, i) => Buffer.from([...lines.slice(i), ...lines.slice(0, i), ""].join("\n"))),
      // Whole and in pieces: the same calls, the same end.
      decode: (bytes) => {
        const whole = heard([bytes]);
        const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(7 * i, 7 * i + 7));
        assert.deepEqual(heard(pieces), whole);
        if (whole.hasEnded) throw new TransportError("MALFORMED");
      },
      takesChanged: "some",
    },
  ];
}

function heard(pieces: readonly Uint8Array[]) {
  const seen = { calls: [] as Call[], answers: 0, hasEnded: false };
  const connection = new Connection({
    wire: {
      write: () => ++seen.answers > 0,
      end() {
        assert.ok(!seen.hasEnded, "it ends once");
        seen.hasEnded = true;
      },
      pause: () => undefined,
      resume: () => undefined,
    },
    onCall(call) {
      assert.ok(!seen.hasEnded, "nothing is done behind what ended it");
      seen.calls.push(call);
    },
  });
  for (const piece of pieces) connection.received(piece);
  return seen;
}

const written = (call: Call): string =>
  JSON.stringify(call, (_key, part: unknown) =>
    part instanceof Uint8Array ? Buffer.from(part).toString("base64url") : part,
  );
