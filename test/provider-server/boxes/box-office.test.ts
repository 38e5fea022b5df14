/** What the parameters make of boxes at a provider, and what it tells whoever runs it. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { BoxReader } from "#provider-server/boxes/box-store.ts";
import { BOXES_MAX, COLLECT_ANSWERS_WAITING_MAX } from "#provider-server/boxes/limits.ts";
import type { ProviderNode } from "#provider-server/node/provider-node.ts";
import { BoxUser } from "#test/support/box-user.ts";
import { SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { secret } from "./box-scene.ts";

/** Drop slots so seldom that an answer may wait for longer than its request takes. */
const rareMail = { ...SMALL_PARAMETERS.profiles.mail, sendRate: perSecond(1 / 50) };
const PARAMETERS = { ...SMALL_PARAMETERS, profiles: { ...SMALL_PARAMETERS.profiles, mail: rareMail }, boxReplies: 2 };

test("a box takes entries for two lives of a mailbox key, and goes with all that is in it one retention later", async (t) => {
  const { net, provider } = await start(t);
  const alice = await BoxUser.join(net, "alice");
  const before = net.clock.now();
  const until = (await alice.open())?.until ?? assert.fail();
  const made = until - 2 * PARAMETERS.mailboxKeyLifetime;
  assert.ok(made > before && made < net.clock.now(), "counted from when it was made");
  assert.equal(provider.boxes.store.count, 1);
});

test("an entry is given again four journeys and four polls of the slower profile after it was given", async (t) => {
  const { net, provider } = await start(t);
  const { store } = provider.boxes;
  const alice = await BoxUser.join(net, "alice");
  store.open(alice.secret);
  alice.send(alice.mail(alice.boxId));
  await net.clock.runFor(seconds(30));
  const ask = (): string => {
    const { secret: own, replyId: readerId } = alice;
    const asked = store.asked({ kind: "collect", secret: own, readerId, cursor: 0, taken: 0n, delays: [], surbs: [] });
    return store.take(asked as BoxReader).what;
  };
  assert.equal(ask(), "entry");
  const { mail, chat } = PARAMETERS.profiles;
  const wait = 12 * Math.max(mail.meanDelay, chat.meanDelay) + 4000 / Math.min(mail.pollRate, chat.pollRate);
  await net.clock.runFor(milliseconds(Math.floor(wait) - 1));
  assert.equal(ask(), "nothing");
  await net.clock.runFor(milliseconds(2));
  assert.equal(ask(), "entry");
});

test("the figures tell of boxes and of answers that wait in steps, so that no single one shows", async (t) => {
  const { net, provider } = await start(t);
  const figures = (): unknown[] => {
    const { boxes, boxes_max, collect_answers_waiting: waiting, collect_answers_waiting_max } = provider.gauges;
    assert.deepEqual([boxes_max, collect_answers_waiting_max], [BOXES_MAX, COLLECT_ANSWERS_WAITING_MAX]);
    return [boxes, waiting];
  };
  assert.deepEqual(figures(), [0, 0]);
  const alice = await BoxUser.join(net, "alice");
  await alice.open();
  alice.send(alice.collect({ delays: [200_000, 300_000] }));
  await net.clock.runFor(seconds(60));
  assert.deepEqual(figures(), [100, 256]);
  for (let n = 0; n < 99; n++) provider.boxes.store.open(secret(n));
  assert.deepEqual(figures(), [100, 256]);
  provider.boxes.store.open(secret(99));
  assert.deepEqual(figures(), [200, 256]);
  await net.clock.runFor(seconds(300));
  assert.deepEqual(figures(), [200, 0]);
});

test("a provider that stops sends nothing more of what waited", async (t) => {
  const { net, provider } = await start(t);
  const alice = await BoxUser.join(net, "alice");
  const collect = alice.collect({ delays: [100_000, 200_000] });
  alice.send(collect);
  await net.clock.runFor(seconds(60));
  provider.boxes.stop();
  await alice.read(seconds(300));
  assert.equal(collect.answers.size, 0);
  assert.equal(provider.gauges.collect_answers_waiting, 0);
});

async function start(t: TestContext): Promise<{ net: SmallNetwork; provider: ProviderNode }> {
  const net = await SmallNetwork.create({ parameters: PARAMETERS });
  t.after(() => net.stop());
  await net.start();
  return { net, provider: net.providers[1] as ProviderNode };
}
