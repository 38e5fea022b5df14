/** Statistical disclosure at small size: it finds friends where a provider sees the mailbox, and nothing where only lines are seen. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { perSecond } from "#transport/core/units.ts";
import { ALWAYS_ON, type DisclosureExperiment, HABITS, runDisclosure } from "./disclosure.ts";

const SMALL: DisclosureExperiment = {
  seed: "small",
  parameters: LIVE_PARAMETERS,
  habits: HABITS,
  people: 100,
  readers: 30,
  weeks: [2, 16],
  eye: "provider",
};

test("over weeks the reader's provider learns who writes to whom, from hours online", () => {
  const [early, late] = runDisclosure(SMALL);
  assert.ok(early && late && late.medianRank <= 2 && late.medianRank < early.medianRank, JSON.stringify([early, late]));
});

test("who sees only lines is not better off after weeks than by guessing", () => {
  const [late] = runDisclosure({ ...SMALL, readers: 15, weeks: [16], eye: "line" });
  // Middle of 99 candidates; of 15 readers the median is this far off once in a thousand times.
  assert.ok(late && Math.abs(late.medianRank - 50) < 30 && late.first < 0.3, JSON.stringify(late));
});

test("who is always online cannot be told apart by hours", () => {
  const results = runDisclosure({ ...SMALL, readers: 10, habits: ALWAYS_ON });
  for (const { medianRank } of results) assert.equal(medianRank, 50);
});

test("without loops a provider needs less time: they are what blurs a mailbox", () => {
  const { mail } = LIVE_PARAMETERS.profiles;
  const bare = { ...LIVE_PARAMETERS, profiles: { ...LIVE_PARAMETERS.profiles, mail: { ...mail, loopShare: 0 } } };
  const busy = { ...bare, profiles: { ...bare.profiles, mail: { ...mail, sendRate: perSecond(1) } } };
  const [quiet] = runDisclosure({ ...SMALL, parameters: bare, weeks: [4] });
  const [loud] = runDisclosure({ ...SMALL, parameters: busy, weeks: [4] });
  assert.ok(quiet && loud && quiet.firstTen > loud.firstTen, JSON.stringify([quiet, loud]));
});
