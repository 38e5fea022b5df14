/** docs/spec/16-local-client.md says what the code does: its examples, bounds, calls and errors. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TransportError } from "#transport/core/errors.ts";
import { LOCAL_ERRORS } from "#transport/local/errors.ts";
import {
  CALLS_OPEN_MAX,
  CONNECTIONS_MAX,
  HELD_MAX,
  LINE_BYTES_MAX,
  LINE_SIGNS_MAX,
  QUEUED_FRAGMENTS_MAX,
  SOCKET_PATH_BYTES_MAX,
} from "#transport/local/limits.ts";
import { decodeCall, encodeAnswer, type Outcome } from "#transport/local/protocol.ts";

const page = readFileSync(new URL("../../../docs/spec/16-local-client.md", import.meta.url), "utf8");
const section = (number: number): string => page.split(/^## /m)[number] ?? "";
const rows = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("| "));
const lines = (kind: string): string[] => {
  const [, text = ""] = new RegExp(`\`\`\`json ${kind}\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  return text.trim().split("\n");
};

test("every call of the example is one, and no call is left out", () => {
  const calls = lines("call").map((line) => decodeCall(Buffer.from(line)).call);
  const named = rows(section(3)).flatMap((row) => /^\| `(\w+)`/.exec(row)?.[1] ?? []);
  assert.deepEqual(calls.toSorted(), named.toSorted());
  const known = /call: expected (.*)/.exec(refusal('{"id":1}'))?.[1]?.split(/, | or /);
  assert.deepEqual(named.toSorted(), known?.toSorted());
});

test("every answer of the example is what is written for it", () => {
  for (const line of lines("answer")) {
    const { id, ...outcome } = JSON.parse(line) as { id: number | null } & Outcome;
    assert.equal(Buffer.from(encodeAnswer(id, outcome)).toString(), `${line}\n`);
  }
  assert.ok(lines("answer").some((line) => line.includes(refusal('{"id":1}'))));
});

test("its table of errors is the program's", () => {
  const named = rows(section(5)).flatMap((row) => /^\| `([A-Z_]+)`/.exec(row)?.[1] ?? []);
  assert.deepEqual(named.toSorted(), [...Object.keys(LOCAL_ERRORS), "MALFORMED"].toSorted());
});

test("its bounds are the program's", () => {
  const bounds = section(2);
  for (const bound of [
    LINE_BYTES_MAX,
    LINE_SIGNS_MAX,
    CONNECTIONS_MAX,
    CALLS_OPEN_MAX,
    HELD_MAX,
    QUEUED_FRAGMENTS_MAX,
  ]) {
    assert.ok(
      rows(bounds).some((row) => row.split("|")[2]?.startsWith(` ${bound.toLocaleString("en")}`)),
      `${bound}`,
    );
  }
  assert.ok(section(1).includes(`at most ${SOCKET_PATH_BYTES_MAX} bytes`));
});

function refusal(line: string): string {
  try {
    decodeCall(Buffer.from(line));
    return "";
  } catch (error) {
    assert.ok(error instanceof TransportError);
    return error.message;
  }
}
