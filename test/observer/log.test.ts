/** The log's format: docs/spec/14-observer-log.md. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LogWriter, readLog } from "./log.ts";

test("what is written is what is read", () => {
  const text = example();
  const log = readLog(text);
  assert.equal(log.unit, "frame");
  assert.deepEqual(log.links, [
    { protocol: "client", dialer: "alice", listener: "a.example" },
    { protocol: "node", dialer: "a.example", listener: "mix-1" },
  ]);
  assert.deepEqual(log.mailboxes, [{ provider: "b.example", owner: "bob" }]);
  assert.deepEqual(log.records, [
    { at: 1000, link: 0, direction: ">", length: 28705 },
    { at: 1012.25, link: 1, direction: ">", length: 28673 },
    { at: 1400, link: 0, direction: "<", length: 23924 },
  ]);
  assert.deepEqual(log.events, [
    { at: 1700.125, kind: "arrival", mailbox: 0 },
    { at: 2000, kind: "poll", mailbox: 0 },
  ]);
});

test("the example of the specification is this one", () => {
  const spec = readFileSync(new URL("../../docs/spec/14-observer-log.md", import.meta.url), "utf8");
  assert.ok(spec.includes(example()), "docs/spec/14-observer-log.md §4");
});

test("a line that is not of the format is refused by its number", () => {
  const lines = example().split("\n");
  const bad: readonly (readonly [number, string])[] = [
    [1, "starling-observer-log 2 frame"],
    [2, "L 1 client alice a.example"],
    [4, "M 0 b.example"],
    [5, "R 1000 2 > 28705"],
    [5, "R 1000 0 = 28705"],
    [5, "R 1000 0 > 28705 "],
    [6, "R 1e3 1 > 28673"],
    [8, "A 1700.1255 0"],
    [9, "P 2000 1"],
    [9, ""],
  ];
  for (const [number, line] of bad) {
    const text = lines.map((good, i) => (i === number - 1 ? line : good)).join("\n");
    assert.throws(() => readLog(text), new RegExp(`line ${number}`), line);
  }
  assert.throws(() => readLog(example().trimEnd()), /does not end/);
});

test("a name with white space is not written", () => {
  const writer = new LogWriter({ sink: () => undefined, unit: "tls" });
  assert.throws(() => writer.link({ protocol: "client", dialer: "al ice", listener: "a" }));
});

function example(): string {
  let text = "";
  const writer = new LogWriter({ sink: (piece) => (text += piece), unit: "frame" });
  const alice = writer.link({ protocol: "client", dialer: "alice", listener: "a.example" });
  const onward = writer.link({ protocol: "node", dialer: "a.example", listener: "mix-1" });
  const bob = writer.mailbox({ provider: "b.example", owner: "bob" });
  writer.record({ at: 1000, link: alice, direction: ">", length: 28_705 });
  writer.record({ at: 1012.25, link: onward, direction: ">", length: 28_673 });
  writer.record({ at: 1400, link: alice, direction: "<", length: 23_924 });
  writer.event({ at: 1700.125, kind: "arrival", mailbox: bob });
  writer.event({ at: 2000, kind: "poll", mailbox: bob });
  writer.end();
  return text;
}
