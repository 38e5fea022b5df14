import assert from "node:assert/strict";
import { test } from "node:test";
import { Requests } from "#transport/client/requests.ts";
import { epochNumber, mailboxId, type Milliseconds, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
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

const PROVIDER = nodeId(new Uint8Array(32).fill(7));

function setUp(clock: VirtualClock, until: () => Milliseconds) {
  const consensus = testConsensus(testNetwork({ suite }), suite);
  const [to, from] = consensus.providers.map((provider) => provider.nodeId);
  const random = new SeededRandom("requests");
  const streams = { paths: random, delays: random };
  const requests = new Requests({
    clock,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    sphinx: new Sphinx({ suite, geometry }),
    keys: random,
    padding: random,
    nextOrder: () => 0,
    replyPath: () => {
      const options = { consensus, epoch: epochNumber(0), meanDelay: seconds(1), ...streams };
      return { path: chooseReplyPath({ ...options, from: from ?? PROVIDER, to: to ?? PROVIDER }), until: until() };
    },
    replyTo: () => mailboxId(random.bytes(32)),
    coverKey: () => new Uint8Array(1216),
    coverPlaintext: () => new Uint8Array(geometry.fragmentBytes),
    answerWait: () => seconds(5),
    token: async () => NO_TOKEN,
  });
  /** Of the request that a slot would take now, without sending it. */
  const surbOf = (): Uint8Array | undefined => {
    const [contender] = requests.contenders(clock.now());
    const taken = contender?.take();
    taken?.settled(undefined);
    const request = taken?.content.request;
    return request === undefined ? undefined : decodeServiceRequest(geometry, request).surb;
  };
  return { requests, surbOf };
}
