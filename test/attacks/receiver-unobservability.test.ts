/**
 * The reader's provider looks at every entry of the mailbox: mail and the reader's own loops are of one kind, one length, and
 * noise. What their number tells is in test/observer/disclosure.test.ts. Entries of the other kind, answers of boxes, are as many
 * as chance says: test/sim/boxes-unseen.test.ts. Spec: docs/spec/07-mailbox.md §4
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { KIND_CODES } from "#provider-server/mailbox/mailbox-tables.ts";
import { World } from "#test/sim/world.ts";
import { toHex, utf8 } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";

test("in a mailbox a mail looks like its reader's own loops", async () => {
  const world = await World.create({ seed: "receiver unobservability" });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(record);
  const entries = world.database("b").prepare(`SELECT surb_id, body FROM entries WHERE kind = ${KIND_CODES.fragment}`);
  const seen = new Map<string, { surbId: Uint8Array; body: Uint8Array }>();
  const came = (): number => Number(world.database("b").prepare("SELECT COUNT(*) AS n FROM hashes").get()?.["n"]);
  const look = (): void => {
    for (const row of entries.all()) {
      const [surbId, body] = [row["surb_id"] as Uint8Array, row["body"] as Uint8Array];
      seen.set(toHex(body.subarray(0, 32)), { surbId, body });
    }
  };
  look();
  const missed = came() - seen.size;
  void alice.client.send({ to: record, body: utf8("a mail among loops") });
  for (let i = 0; i < 2000; i++) {
    await world.clock.runFor(seconds(0.025));
    look();
  }
  assert.equal(seen.size, came() - missed, "every entry was looked at, so the mail too");
  assert.equal(bob.received.size, 1, "the mail came");
  assert.ok(seen.size > 5, `and loops with it: ${seen.size} entries`);
  const all = [...seen.values()];
  assert.equal(new Set(all.map(({ body }) => body.length)).size, 1, "one length");
  assert.equal(new Set(all.map(({ surbId }) => surbId.length)).size, 1);
  assert.equal(new Set(all.map(({ surbId }) => toHex(surbId))).size, all.length, "no SURB id twice");
  // Noise: of as many bits half are set, within 6 σ in each entry.
  for (const { body } of all) {
    const set = body.reduce((sum, byte) => sum + (BITS_SET[byte] as number), 0);
    const bits = 8 * body.length;
    assert.ok(Math.abs(set - bits / 2) < 6 * Math.sqrt(bits / 4), `${set} of ${bits} bits`);
  }
  await world.stop();
});

const BITS_SET = Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);
