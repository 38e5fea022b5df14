/** What a provider's TXT record says, and under which name it stands: docs/spec/08-directory.md §5.1 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { recordNameOf, recordOf, verdictOf } from "#provider-server/authority/domain-record.ts";
import { DNS_RECORDS_MAX } from "#provider-server/authority/limits.ts";
import { nodeId } from "#transport/core/units.ts";

const node = nodeId(new Uint8Array(32).fill(0xab));
const other = nodeId(new Uint8Array(32).fill(0xcd));
const HEX = "ab".repeat(32);

test("what a record says: one of several that names the node suffices, anything malformed is no record", () => {
  const verdict = (...records: string[]): string => verdictOf({ kind: "records", records }, node).kind;
  const good = recordOf(node);
  assert.equal(good, `starling1 node=${HEX}`);
  assert.equal(verdict(good), "confirmed");
  assert.equal(verdict(good.toUpperCase().replace("STARLING1 NODE", "starling1 node")), "confirmed");
  assert.equal(verdict("v=spf1 -all", recordOf(other), `starling1  later=1 node=${HEX} `), "confirmed");
  assert.equal(verdict(recordOf(other)), "another node");
  for (const text of [
    "",
    "starling1",
    `starling2 node=${HEX}`,
    `starling1node=${HEX}`,
    `starling1 node=${HEX}0`,
    `starling1 node=${HEX.slice(2)}`,
    `starling1 node=${HEX} node=${HEX}`,
    `starling1 Node=${HEX}`,
    "starling1 node=zz",
  ]) {
    assert.equal(verdict(text), "absent", text);
  }
  assert.equal(verdict(...Array<string>(DNS_RECORDS_MAX + 1).fill(good)), "failed");
  assert.equal(verdict(`${good} ${"x".repeat(512)}`), "failed");
});

test("a domain whose record's name would be too long has none", () => {
  const label = "a".repeat(60);
  assert.equal(recordNameOf("a.example"), "_starling.a.example");
  assert.equal(recordNameOf([label, label, label, "b".repeat(60)].join("."))?.length, 253);
  assert.equal(recordNameOf([label, label, label, "b".repeat(61)].join(".")), undefined);
});
