/** What running nodes and authorities say of themselves is so. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Metrics } from "#provider-server/observe/metrics.ts";
import { COLLECT_ANSWERS_WAITING_MAX } from "#provider-server/boxes/limits.ts";
import { LoneMix } from "#test/support/lone-mix.ts";
import { MemoryAuthorities, publishNodes } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { testAdmission, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { epochNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { scheduleOf } from "#transport/directory/epochs.ts";

/** Without a client and a box. */
const OF_A_PROVIDER = {
  client_links: 0,
  boxes: 0,
  boxes_max: 50_000,
  collect_answers_waiting: 0,
  collect_answers_waiting_max: COLLECT_ANSWERS_WAITING_MAX,
};

test("a mix of a network that works says so, and one whose list has gone says that", async (t) => {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  await net.start();
  await net.clock.runFor(milliseconds(SMALL_PARAMETERS.epoch.duration / 2));
  for (const node of [...net.mixes, ...net.providers]) {
    const { replay_tags: tags, ...figures } = node.gauges;
    assert.deepEqual(figures, {
      ...("accounts" in node ? OF_A_PROVIDER : {}),
      packets_held: figures.packets_held,
      packets_held_max: 48_000,
      links_up: figures.links_wanted,
      links_wanted: figures.links_wanted,
      epoch: 0,
      list_epoch: 0,
      list_epochs_behind: 0,
      list_age_seconds: figures.list_age_seconds,
      list_signatures: 1,
      list_mixes: 6,
      list_layer_least: 2,
      list_providers: 2,
      list_avoided: 0,
      listed: 1,
      avoided: 0,
      clock_difference_seconds: 0,
      clock_difference_max_seconds: 10,
      directory_failing: 0,
      replay_tags_max: 5_000_000,
    });
    assert.ok((figures.links_wanted ?? 0) >= 2);
    assert.ok((figures.list_age_seconds ?? 0) >= 60, `${figures.list_age_seconds}`);
    assert.deepEqual(Object.keys(tags ?? {}).toSorted(), ["current", "kept", "later", "next"]);
    assert.ok((tags?.["current"] ?? 0) > 0, "nodes' loops have passed here");
  }
  // The authority's clock is another, then it gives nothing more: the last list serves for an epoch.
  const [mix] = net.mixes;
  net.authority.skew = -15_000;
  await net.clock.runFor(milliseconds(SMALL_PARAMETERS.epoch.duration));
  const { epoch, list_epochs_behind: behind, clock_difference_seconds: difference } = mix?.gauges ?? {};
  assert.deepEqual({ epoch, behind, difference }, { epoch: 1, behind: 1, difference: 15 });
  await net.clock.runFor(milliseconds(2 * SMALL_PARAMETERS.epoch.duration));
  const gone = mix?.gauges ?? {};
  assert.deepEqual([gone.listed, gone.list_epoch, gone.list_epochs_behind], [0, undefined, undefined]);
});

test("how late packets leave is what the machine made it, and a packet that leaves in time is not late", async (t) => {
  const metrics = new Metrics({ clock: new VirtualClock() });
  const mix = await LoneMix.start(t, { metrics });
  const late = (): Readonly<Record<string, number>> => {
    metrics.start(() => ({}));
    metrics.stop();
    return metrics.recent.late.above;
  };
  late();
  for (const delay of [1_000, 2_000, 3_000]) mix.receive(mix.packet(milliseconds(delay)));
  await mix.net.clock.runFor(milliseconds(1_500));
  mix.leap(milliseconds(800)); // The machine stood still, and its timers with it.
  await mix.net.clock.runFor(seconds(2));
  const above = late();
  assert.deepEqual([above["1"], above["500"], above["1000"]], [1, 1, 0]);
  assert.equal(metrics.recent.late.all >= 3, true);
});

test("authorities that agree say with how many, and which one's clock is late", async (t) => {
  const s = await scene(t);
  await s.clock.runUntil(milliseconds(s.schedule.publish + 1_000));
  const figures = s.authorities.gauges(0);
  const { vote_after_seconds: after, ...rest } = figures;
  assert.deepEqual(rest, {
    epoch: 0,
    authorities: 3,
    authorities_needed: 2,
    list_epoch: 1,
    list_epochs_behind: 0,
    list_age_seconds: 0,
    list_signatures: rest.list_signatures,
    list_mixes: 6,
    list_layer_least: 2,
    list_providers: 2,
    list_avoided: 0,
    agreed_epoch: 1,
    agreed_votes: 3,
    agreed_signatures: 3,
    vote_step_seconds: s.step / 1000,
  });
  assert.ok((rest.list_signatures ?? 0) >= 2);
  assert.deepEqual(Object.values(after ?? {}), [0, 0]);
});

test("an authority whose votes come late is named with how late, and one that is gone is missed", async (t) => {
  const s = await scene(t);
  const slow = Math.floor(s.step / 2);
  s.authorities.meddle = ({ frame, from, to }) => {
    if (from === 2) return undefined;
    return { frame, delay: from === 1 && to === 0 && frame.type === "vote" ? slow : 5 };
  };
  await s.clock.runUntil(milliseconds(s.schedule.publish + 1_000));
  const { vote_after_seconds: after, agreed_votes: votes } = s.authorities.gauges(0);
  const [, second] = s.network.authorities;
  assert.deepEqual(after, { [second?.name ?? ""]: Math.round(slow / 1000) });
  assert.equal(votes, 2);
});

test("an authority that is alone counts the lists it missed, and what it refused by reason", async (t) => {
  const s = await scene(t);
  s.authorities.meddle = () => undefined;
  s.authorities.ask(0, { type: "publishDescriptor", descriptor: new Uint8Array(9) });
  await s.clock.runUntil(milliseconds(s.schedule.publish + 1_000));
  const [metrics] = s.authorities.metrics;
  metrics?.start(() => s.authorities.gauges(0));
  metrics?.stop();
  assert.match(metrics?.text ?? "", /^starling_lists_missed_total [12]$/m);
  assert.match(metrics?.text ?? "", /^starling_refused_total\{reason="a descriptor: not a descriptor"\} 1$/m);
  assert.match(metrics?.text ?? "", /^starling_agreed_votes 1$/m);
  assert.doesNotMatch(metrics?.text ?? "", /starling_(list_epoch|packets_|late)/);
});

async function scene(t: TestContext) {
  const suite = rememberSignatures(await loadSuite("x25519", "native"));
  const made = testNetwork({ suite, authorities: 3 });
  const clock = new VirtualClock({ start: seconds(90) });
  const names = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];
  const admitted = names.map((name) => testAdmission(suite, name));
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted });
  authorities.startAll();
  publishNodes(authorities, { suite, clock, names, epoch: 0 });
  t.after(() => [0, 1, 2].forEach((self) => authorities.kill(self)));
  const schedule = scheduleOf(made.network, epochNumber(1));
  return { ...made, clock, authorities, schedule, step: schedule.step };
}
