/**
 * Eight networks in each of which one mix drops, one marks and one holds back packets: how many of the 24 are avoided two epochs
 * after they began, and how many three. One of the eight is looked at closely in test/attacks/lossy-mixes.test.ts
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_EPOCH, lossyScene } from "#test/attacks/harness/lossy-scene.ts";

const NETWORKS = 8;
/** Of 24, two epochs later: a network's epoch here has a tenth of the loops of an hour. */
const FOUND_AT_LEAST = 21;

test("of 24 mixes that lose, mark or hold back packets nearly all are avoided two epochs later, all after three, and no other mix is", async (t) => {
  const found = { second: 0, third: 0 };
  for (let n = 0; n < NETWORKS; n++) {
    const { watched, bad } = await lossyScene(`lossy mixes${n}`);
    const second = watched.demotions(FIRST_EPOCH + 2);
    await watched.runTo(FIRST_EPOCH + 3);
    const third = watched.demotions(FIRST_EPOCH + 3);
    const names = new Set(Object.values(bad));
    const late = Object.entries(bad).flatMap(([what, name]) => (second[name] === "avoided" ? [] : [what]));
    found.second += names.size - late.length;
    found.third += [...names].filter((name) => third[name] === "avoided").length;
    const others = Object.keys({ ...second, ...third }).filter((name) => !names.has(name));
    t.diagnostic(
      `network ${n}: not after two epochs: ${late.join(", ") || "none"}; others demoted: ${others.join(", ") || "none"}`,
    );
    assert.deepEqual(
      others.filter((name) => !name.includes(">")),
      [],
      "no mix that did nothing",
    );
    await watched.world.stop();
  }
  t.diagnostic(`${found.second} of ${3 * NETWORKS} after two epochs, ${found.third} after three`);
  assert.ok(found.second >= FOUND_AT_LEAST, `${found.second} after two epochs`);
  assert.equal(found.third, 3 * NETWORKS);
});
