/** What a thread writes beside a packet is read by the first one as it is meant, or not at all. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { RESULT_BYTES } from "#provider-server/mix/unwrapping/job-memory.ts";
import { readResult, writeResult } from "#provider-server/mix/unwrapping/result.ts";
import { nodeId, milliseconds, replayTag } from "#transport/core/units.ts";
import { COMMAND_CODES } from "#transport/sphinx/routing.ts";

test("a result of a kind that there is not stands for a packet that is refused", () => {
  const known = new Set<number>(Object.values(COMMAND_CODES));
  const packet = new Uint8Array(100);
  for (let kind = 0; kind < 256; kind++) {
    const result = new Uint8Array(RESULT_BYTES);
    result[0] = kind;
    assert.equal(readResult(result, packet, 10) !== undefined, known.has(kind), `kind ${kind}`);
  }
});

test("what is written is read again", () => {
  const packet = new Uint8Array(100);
  const forwarded = {
    kind: "forward",
    tag: replayTag(new Uint8Array(16).fill(1)),
    next: nodeId(new Uint8Array(32).fill(2)),
    delay: milliseconds(2 ** 32 - 1),
    packet,
  } as const;
  const result = new Uint8Array(RESULT_BYTES);
  writeResult(result, forwarded);
  assert.deepEqual(readResult(result, packet, 10), forwarded);
  writeResult(result, undefined);
  assert.equal(readResult(result, packet, 10), undefined);
});
