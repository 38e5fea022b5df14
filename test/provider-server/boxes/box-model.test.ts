/** The rule of what is given, written down a second time straight from docs/spec/17-boxes.md §3.2, against the store. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { alice, boxOf, boxScene, LOST_AFTER, phone } from "./box-scene.ts";

const READERS = { alice, phone } as const;
type Name = keyof typeof READERS;

test("whatever comes, is asked and is lost, the store gives what the specification says", async () => {
  const who = fc.constantFrom<Name>("alice", "phone");
  const step = fc.oneof(
    fc.record({ deliver: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ ask: who, cursor: fc.nat({ max: 12 }), taken: fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 5 }) }),
    fc.record({ take: who, times: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ wait: fc.constantFrom(1, 60, LOST_AFTER / 1000 - 1, LOST_AFTER / 1000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const scene = boxScene();
      scene.boxes.open(alice.secret);
      const model = new BoxModel();
      const handles = new Map<Name, ReturnType<typeof scene.reader>>();
      let content = 0;
      for (const each of steps) {
        if ("deliver" in each) {
          for (let i = 0; i < each.deliver; i++) {
            scene.deliver(boxOf(1), ++content);
            model.store(content);
          }
          await scene.commit();
        } else if ("ask" in each) {
          const numbers = each.taken.map((bit) => each.cursor + 1 + bit);
          handles.set(each.ask, scene.reader(READERS[each.ask], each.cursor, numbers));
          model.ask(each.ask, { cursor: each.cursor, taken: numbers, now: scene.clock.now() });
          await scene.commit();
        } else if ("take" in each) {
          const reader = handles.get(each.take);
          if (reader === undefined) continue;
          const expected = Array.from({ length: each.times }, () => model.take(each.take, scene.clock.now()));
          assert.deepEqual(scene.take(reader, each.times), expected);
        } else {
          await scene.clock.runFor(seconds(each.wait));
        }
      }
      scene.boxes.stop();
      scene.mailboxes.stop();
      scene.database.close();
    }),
    { numRuns: 200 },
  );
});

interface Asked {
  readonly cursor: number;
  readonly taken: readonly number[];
  readonly now: number;
}

class BoxModel {
  readonly #entries = new Map<number, number>();
  readonly #newest = new Map<Name, Asked>();
  readonly #given = new Map<string, number>();
  #nextNumber = 1;

  store(content: number): void {
    this.#entries.set(this.#nextNumber++, content);
  }

  ask(name: Name, asked: Asked): void {
    // What cursors have passed stays for two weeks. One that was made up counts as the last number, with nothing taken behind it.
    const last = this.#nextNumber - 1;
    this.#newest.set(name, asked.cursor <= last ? asked : { ...asked, cursor: last, taken: [] });
  }

  take(name: Name, now: number): unknown {
    const { cursor, taken, now: came } = this.#newest.get(name) ?? assert.fail();
    const ahead = [...this.#entries.keys()].filter((number) => number > cursor);
    const next = ahead[0] ?? this.#nextNumber;
    const wanted = ahead.find((number) => {
      const given = this.#given.get(`${name} ${number}`);
      return !taken.includes(number) && (given === undefined || given <= milliseconds(came - LOST_AFTER));
    });
    if (wanted === undefined) return { next };
    this.#given.set(`${name} ${wanted}`, now);
    return [wanted, this.#entries.get(wanted)];
  }
}
