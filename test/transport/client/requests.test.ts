import assert from "node:assert/strict";
import { test } from "node:test";
import { REQUEST_ATTEMPTS } from "#transport/client/limits.ts";
import { Requests } from "#transport/client/requests.ts";
import {
  keyPeriodNumber,
  mailboxId,
  type Milliseconds,
  milliseconds,
  nodeId,
  seconds,
  type SurbId,
} from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { chooseReplyPath } from "#transport/directory/path.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { decodeServiceRequest, NO_TOKEN } from "#transport/sphinx/service-payload.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testConsensus, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";

const suite = await loadSuite("x25519", "native");
const geometry = geometryOf(SIM_PARAMETERS);

test("a request that finds no slot while its SURB lives gets a new one, and the old one is never sent", async () => {
  const clock = new VirtualClock();
  const ends: Milliseconds[] = [milliseconds(clock.now() + 10_000), milliseconds(clock.now() + 20_000)];
  const { requests, surbOf } = setUp(clock, () => ends.shift() as Milliseconds);
  const reply = requests.ask({ provider: PROVIDER, service: "echo", body: new Uint8Array(3) });
  await clock.runFor(seconds(9));
  const first = surbOf();
  assert.ok(first);
  await clock.runFor(seconds(2));
  const second = surbOf();
  assert.ok(second);
  assert.notDeepEqual(first, second);
  requests.stop();
  await assert.rejects(reply, { code: "SERVICE_TIMEOUT" });
});

test("a request that never left takes its token along, one that left gets another", async () => {
  const clock = new VirtualClock();
  const { requests, surbOf, tokenOf, take } = setUp(clock, () => milliseconds(clock.now() + 10_000));
  const reply = requests.ask({ provider: PROVIDER, service: "keys", body: new Uint8Array(3) });
  await clock.runFor(seconds(1));
  const [surb, token] = [surbOf(), tokenOf()];
  await clock.runFor(seconds(10));
  assert.notDeepEqual(surbOf(), surb, "made anew");
  assert.deepEqual(tokenOf(), token);
  take();
  await clock.runFor(seconds(6));
  assert.notDeepEqual(tokenOf(), token, "the provider may have spent it");
  requests.stop();
  await assert.rejects(reply, { code: "SERVICE_TIMEOUT" });
});

test("only attempts that left are counted: an hour without a slot ends no question, four without an answer do", async () => {
  const clock = new VirtualClock();
  const { requests, made, take } = setUp(clock, () => milliseconds(clock.now() + 60_000));
  const asked = { isOver: false };
  const reply = requests.ask({ provider: PROVIDER, service: "echo", body: new Uint8Array(3) });
  const ended = reply.finally(() => {
    asked.isOver = true;
  });
  void ended.catch(() => undefined);
  await clock.runFor(seconds(3600));
  assert.equal(asked.isOver, false);
  assert.equal(made.length, 61, "one for each time that its keys live");
  for (let left = 1; left <= REQUEST_ATTEMPTS; left++) {
    assert.equal(asked.isOver, false, `after ${left - 1}`);
    take();
    await clock.runFor(seconds(6));
  }
  await assert.rejects(ended, { code: "SERVICE_TIMEOUT" });
});

test("the key of an answer is wiped when the request ends, however it ends", async () => {
  const clock = new VirtualClock();
  const { requests, made, sphinx, take } = setUp(clock, () => milliseconds(clock.now() + 10_000));
  const ask = () => requests.ask({ provider: PROVIDER, service: "echo", body: new Uint8Array(3) });
  const isWiped = (n: number): boolean => made[n]?.replyKey.every((byte) => byte === 0) === true;

  const unsent = ask();
  await clock.runFor(seconds(1));
  assert.equal(isWiped(0), false);
  await clock.runFor(seconds(10));
  assert.ok(isWiped(0), "it found no slot");
  take();
  await clock.runFor(seconds(6));
  assert.ok(isWiped(1), "nothing came");
  take();
  sphinx.openReply = () => new Uint8Array(1);
  requests.replied(made[2]?.surbId as SurbId, new Uint8Array(1));
  await unsent;
  assert.ok(isWiped(2), "it was answered");

  const stopped = ask();
  await clock.runFor(seconds(1));
  assert.equal(isWiped(3), false);
  requests.stop();
  await assert.rejects(stopped, { code: "SERVICE_TIMEOUT" });
  assert.ok(isWiped(3), "the client stopped");
});

const PROVIDER = nodeId(new Uint8Array(32).fill(7));

function setUp(clock: VirtualClock, until: () => Milliseconds) {
  const consensus = testConsensus(testNetwork({ suite }), suite);
  const [to, from] = consensus.providers.map((provider) => provider.nodeId);
  const random = new SeededRandom("requests");
  const streams = { paths: random, delays: random };
  const sphinx = new Sphinx({ suite, geometry });
  const made: { surbId: SurbId; replyKey: Uint8Array }[] = [];
  const createSurb = sphinx.createSurb.bind(sphinx);
  sphinx.createSurb = (options) => {
    const surb = createSurb(options);
    made.push({ surbId: options.surbId, replyKey: surb.replyKey });
    return surb;
  };
  const requests = new Requests({
    clock,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    sphinx,
    keys: random,
    padding: random,
    nextOrder: () => 0,
    replyPath: () => {
      const options = { consensus, period: keyPeriodNumber(0), meanDelay: seconds(1), ...streams };
      return { path: chooseReplyPath({ ...options, from: from ?? PROVIDER, to: to ?? PROVIDER }), until: until() };
    },
    replyTo: () => mailboxId(random.bytes(32)),
    coverKey: () => new Uint8Array(1216),
    coverPlaintext: () => new Uint8Array(geometry.fragmentBytes),
    answerWait: () => seconds(5),
    token: async () => random.bytes(NO_TOKEN.length),
  });
  /** Of the request that a slot would take now, without sending it. */
  const next = (): ReturnType<typeof decodeServiceRequest> | undefined => {
    const [contender] = requests.contenders(clock.now());
    const taken = contender?.take();
    taken?.settled(undefined);
    const request = taken?.content.request;
    return request === undefined ? undefined : decodeServiceRequest(geometry, request);
  };
  const surbOf = (): Uint8Array | undefined => next()?.surb;
  const tokenOf = (): Uint8Array | undefined => next()?.token;
  /** Sends the one that waits. */
  const take = (): void => {
    const [contender] = requests.contenders(clock.now());
    contender?.take()?.settled({ tags: [], hash: new Uint8Array(16), at: clock.now() });
  };
  return { requests, surbOf, tokenOf, made, sphinx, take };
}
