import { DrawnBox } from "#test/support/drawn-box.ts";
import { milliseconds } from "#transport/core/units.ts";
let n = 0,
  lost = 0,
  pairs = 0,
  after = 0,
  alarms = 0;
const tops: number[] = [];
for (let s = 0; s < 24; s++) {
  const box = new DrawnBox(`q${s}`);
  await box.clock.runFor(milliseconds(150 * 24 * 3_600_000));
  let sum = 0,
    most = 0;
  box.fates.forEach((r, i) => {
    n++;
    if (!r) {
      lost++;
    }
    if (i > 0 && !box.fates[i - 1]) {
      after++;
      if (!r) pairs++;
    }
    sum = Math.min(40, Math.max(0, sum + (r ? -3 : 10)));
    if (sum === 40) {
      alarms++;
      sum = 0;
    }
    most = Math.max(most, sum);
  });
  tops.push(most);
}
console.log({ n, lost: lost / n, givenLost: pairs / after, alarms, tops: tops.join() });
