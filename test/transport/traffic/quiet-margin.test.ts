import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemRandom } from "#transport/core/system-random.ts";
import { keyPeriodNumber, mailboxId, milliseconds, nodeId, surbId } from "#transport/core/units.ts";
import { portableSuite } from "#transport/crypto/portable.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { QUIET_MARGIN, QUIET_MARGIN_PORTABLE } from "#transport/traffic/limits.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";

test("the portable suite's work keeps further away from ticks than the native one's", async () => {
  for (const [implementation, margin] of [
    ["native", QUIET_MARGIN],
    ["portable", QUIET_MARGIN_PORTABLE],
  ] as const) {
    for (const [distance, isQuiet] of [
      [margin + 1, true],
      [margin - 1, false],
    ] as const) {
      const clock = new VirtualClock();
      const tick = milliseconds(clock.now() + distance);
      const quiet = new QuietTime({ clock, nextTick: () => (clock.now() <= tick ? tick : undefined), implementation });
      let ranAt: number | undefined;
      const done = quiet.run(() => {
        ranAt = clock.now();
      });
      await clock.runFor(milliseconds(2 * margin));
      await done;
      assert.equal((ranAt ?? 0) < tick, isQuiet, `${implementation}, ${distance} ms before a tick`);
    }
  }
});

test("the longest piece of work, a SURB, fits the portable suite's margin in CPU time", () => {
  const random = new SystemRandom();
  const suite = portableSuite("xwing");
  const sphinx = new Sphinx({ suite, geometry: geometry({ suite: "xwing", packetBytes: 28_672 }) });
  const hops = Array.from({ length: 4 }, () => ({
    nodeId: nodeId(random.bytes(32)),
    mixKey: suite.kem.generate(random).publicKey,
    delay: milliseconds(1),
  }));
  const mailbox = mailboxId(random.bytes(32));
  const make = () =>
    sphinx.createSurb({
      path: { period: keyPeriodNumber(1), hops },
      mailbox,
      surbId: surbId(random.bytes(16)),
      random,
    });
  for (let i = 0; i < 5; i++) make();
  const times = Array.from({ length: 21 }, () => {
    const before = process.cpuUsage();
    make();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }).toSorted((a, b) => a - b);
  assert.ok((times[10] as number) < QUIET_MARGIN_PORTABLE, `${times[10]} ms`);
});
