import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { Faults } from "#transport/local/faults.ts";
import { FAULT_SAID_INTERVAL } from "#transport/local/limits.ts";

test("faults are said one in an interval, with how many were not, and a log that is gone ends nothing", async () => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const faults = new Faults({ clock, write: (line) => void lines.push(line) });
  for (let i = 0; i < 5; i++) faults.say(new Error(`disk is full ${i}`));
  await clock.runFor(FAULT_SAID_INTERVAL);
  faults.say("again");
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /^Something failed; what was taken before is safe: Error: disk is full 0\n/);
  assert.equal(lines[1], "Something failed; what was taken before is safe (4 more before it): again\n");

  const broken = new Faults({
    clock,
    write() {
      throw new Error("EPIPE");
    },
  });
  broken.say("nobody hears");
});
