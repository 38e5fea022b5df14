/**
 * Who orders and has signed without end: a device that wants the disk and the places of others, a provider that wants the time
 * of another, and one that never answers. Spec: docs/spec/13-tokens.md §4, §5
 */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import {
  BATCHES_PER_ISSUER_MAX,
  ORDER_ATTEMPTS_MAX,
  ORDERS_KEPT_MAX,
  ORDERS_PER_ACCOUNT_MAX,
  ORDERS_PER_DEVICE_MAX,
} from "#provider-server/tokens/limits.ts";
import type { TokenCourier } from "#provider-server/tokens/token-courier.ts";
import { TokenIssuer } from "#provider-server/tokens/token-issuer.ts";
import { TokenKeys } from "#provider-server/tokens/token-keys.ts";
import { TokenSigner } from "#provider-server/tokens/token-signer.ts";
import { type OrderedPart, TokenTables } from "#provider-server/tokens/token-tables.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { TokenClient } from "#test/support/token-client.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import {
  keyPeriodNumber,
  mailboxId,
  milliseconds,
  type NodeId,
  nodeId,
  seconds,
  surbId,
} from "#transport/core/units.ts";
import { blindInput } from "#transport/crypto/blind-tokens.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { encodeServiceRequest } from "#transport/sphinx/service-payload.ts";
import { encodeOrder } from "#transport/tokens/order.ts";
import { tokenPeriodAt } from "#transport/tokens/period.ts";
import { signSigningRequest, TOKENS_SERVICE } from "#transport/tokens/signing.ts";

const PARAMETERS = { ...SMALL_PARAMETERS, tokens: { period: seconds(600), perProvider: 2 } };
const random = new SeededRandom("token floods");
const suite = await loadSuite("x25519", "native");

test("orders for providers that do not exist fill neither the disk nor the places of other devices", async (t) => {
  const net = await start(t);
  const mallory = await member(net, "mallory");
  const alice = new TokenClient({ net, device: await member(net, "alice"), random });
  const office = net.providers[0]?.tokens;
  for (let i = 0; i < ORDERS_KEPT_MAX + 10; i++) {
    const elements = [random.bytes(32), random.bytes(32)];
    const order = encodeOrder({ period: 0, parts: [{ provider: nodeId(random.bytes(32)), elements }] });
    assert.equal(office?.order(mallory.key, order).result, "OK");
  }
  const rows = net.databases[0]?.prepare("SELECT COUNT(*) AS n FROM token_orders").get();
  assert.equal(Number(rows?.["n"]), 0);
  const provider = net.providers[0]?.nodeId ?? assert.fail("no provider");
  assert.ok((await alice.order({ period: 0, provider, drawn: alice.draw() })) !== undefined, "alice gets her tokens");
});

test("an account that joins and removes devices without end has its own orders forgotten, and takes no other's place", () => {
  const clock = new VirtualClock();
  const database = new ProviderDatabase(":memory:");
  const { network } = testNetwork({ suite, parameters: PARAMETERS });
  const issuer = new TokenIssuer({
    clock,
    network,
    suite,
    nodeId: nodeId(random.bytes(32)),
    tables: new TokenTables(database),
    signer: { sign: none } as unknown as TokenSigner,
    courier: { ask: none } as unknown as TokenCourier,
    isListed: () => false,
    accountOf: (key) => key[0],
  });
  const order = (account: number) => {
    const [device, elements] = [random.bytes(32), [random.bytes(32), random.bytes(32)]];
    device[0] = account;
    const bytes = encodeOrder({ period: 0, parts: [{ provider: nodeId(random.bytes(32)), elements }] });
    return () => issuer.order(device, bytes).result;
  };
  for (let i = 0; i < ORDERS_KEPT_MAX + 10; i++) assert.equal(order(1)(), "OK", `order ${i}`);
  assert.equal(issuer.orders, ORDERS_PER_ACCOUNT_MAX);
  assert.equal(order(2)(), "OK");
  assert.equal(issuer.orders, ORDERS_PER_ACCOUNT_MAX + 1);
  issuer.stop();
  assert.equal(issuer.orders, 0);
  database.close();
});

test("a customer's elements that are none take no other customer's tokens away", async (t) => {
  const net = await start(t);
  const mallory = await member(net, "mallory");
  const alice = new TokenClient({ net, device: await member(net, "alice"), random });
  const provider = net.providers[1]?.nodeId ?? assert.fail();
  const good = blindInput(random.bytes(32), random).element;
  // One that encodes nothing, one that is neutral.
  for (const bad of [new Uint8Array(32).fill(0xff), new Uint8Array(32)]) {
    const order = encodeOrder({ period: 0, parts: [{ provider, elements: [good, bad] }] });
    net.providers[0]?.tokens?.order(mallory.key, order);
  }
  const got = await alice.order({ period: 0, provider, drawn: alice.draw() });
  assert.equal(got?.length, 1);
});

test("a device's newest orders are the ones that are kept", async (t) => {
  const net = await start(t);
  const client = new TokenClient({ net, device: await member(net, "alice"), random });
  const orders = Array.from({ length: ORDERS_PER_DEVICE_MAX + 1 }, () => {
    return { period: 0, provider: nodeId(random.bytes(32)), drawn: client.draw() };
  });
  const isReady = async (order: (typeof orders)[number]): Promise<boolean> => (await client.ask(order)).body[0] === 1;
  for (const order of orders) assert.equal(await isReady(order), false, "taken");
  const [oldest, ...kept] = orders;
  for (const order of kept) assert.equal(await isReady(order), true);
  assert.equal(await isReady(oldest ?? assert.fail()), false, "begun anew");
});

test("a provider that never answers costs a device nothing of the others", () => {
  const database = new ProviderDatabase(":memory:");
  const tables = new TokenTables(database);
  database.prepare("INSERT INTO mailboxes (id, mailbox_id) VALUES (7, x'00')").run();
  const [silent, other] = [part(1), part(2)];
  const order = (parts: readonly OrderedPart[]) =>
    tables.order({ period: 3, account: 7, deviceKey: new Uint8Array(32), parts });
  for (let i = 0; i < ORDER_ATTEMPTS_MAX; i++) assert.deepEqual(order([silent]), [silent.provider]);
  assert.equal(order([silent]), undefined, "often enough");
  assert.deepEqual(order([silent, other]), [other.provider]);
  database.close();
});

test("a provider that has its places full of elements is refused more, and others' turn comes at once", async (t) => {
  const net = await start(t);
  const { clock, network } = net;
  const { identity } = net.dependencies("b");
  const sphinx = new Sphinx({ suite, geometry: geometry(PARAMETERS) });
  const signer = new TokenSigner({
    clock,
    sphinx,
    nodeId: nodeId(random.bytes(32)),
    keys: new TokenKeys({ clock, network, suite, identitySeed: identity.identitySeed }),
    tables: new TokenTables(net.databases[1] ?? assert.fail("no database")),
    random,
    signingKey: () => undefined,
    send: () => undefined,
    onDrop: () => undefined,
  });
  const [mallory, honest] = [nodeId(random.bytes(32)), nodeId(random.bytes(32))];
  const batch = [blindInput(random.bytes(32), random).element];
  let refused = 0;
  const greedy = { period: 0, issuer: mallory, batches: Array.from({ length: 10 }, () => batch) };
  for (let i = 0; i < BATCHES_PER_ISSUER_MAX; i++) {
    signer.sign(greedy, (batches) => {
      if (batches === undefined) refused++;
    });
  }
  assert.equal(refused, BATCHES_PER_ISSUER_MAX - BATCHES_PER_ISSUER_MAX / 10);
  let signed = 0;
  signer.sign({ period: 0, issuer: honest, batches: [batch, batch] }, (batches) => {
    signed = batches?.length ?? -1;
  });
  await clock.runFor(seconds(0.5));
  assert.equal(signed, 2);
  signer.stop();
});

test("a question for tokens that was signed for one provider is worth nothing at another, and no period is signed but this and the next", async (t) => {
  const net = await start(t);
  const { clock, network } = net;
  const sphinx = new Sphinx({ suite, geometry: geometry(PARAMETERS) });
  const [self, other, issuer] = [1, 2, 3].map((n) => nodeId(new Uint8Array(32).fill(n))) as [NodeId, NodeId, NodeId];
  const keys = new TokenKeys({ clock, network, suite, identitySeed: random.bytes(32) });
  const drops: string[] = [];
  const seed = random.bytes(32);
  let answers = 0;
  const signer = new TokenSigner({
    clock,
    sphinx,
    nodeId: self,
    keys,
    tables: new TokenTables(net.databases[1] ?? assert.fail("no database")),
    random,
    signingKey: () => suite.ed25519.publicKey(seed),
    send: () => answers++,
    onDrop: (reason) => drops.push(reason),
  });
  const hop = { nodeId: self, mixKey: suite.kem.generate(random).publicKey, delay: milliseconds(0) };
  const ask = async (of: { signer: NodeId; period: number }): Promise<string | undefined> => {
    const request = { ...of, issuer, batches: [[blindInput(random.bytes(32), random).element]] };
    const body = signSigningRequest({ request, identitySeed: seed, suite });
    const path = { period: keyPeriodNumber(0), hops: [hop] };
    const mailbox = mailboxId(random.bytes(32));
    const { surb } = sphinx.createSurb({ path, mailbox, surbId: surbId(random.bytes(16)), random });
    signer.handle(encodeServiceRequest(sphinx.geometry, { service: TOKENS_SERVICE, surb, body, random }));
    await clock.runFor(seconds(5));
    return drops.pop();
  };
  const now = tokenPeriodAt(network, clock.now());
  assert.equal(await ask({ signer: other, period: now }), "SERVICE_MALFORMED");
  assert.equal(await ask({ signer: self, period: now + 2 }), "TOKENS_BUSY");
  assert.equal(answers, 0);
  for (const period of [now, now + 1]) assert.equal(await ask({ signer: self, period }), undefined);
  assert.equal(answers, 2);
  signer.stop();
});

const none = (): never => assert.fail("nothing is to be signed for providers that do not exist");

const part = (n: number): OrderedPart => ({
  provider: nodeId(new Uint8Array(32).fill(n)),
  digest: random.bytes(32),
});

async function start(t: TestContext): Promise<SmallNetwork> {
  const net = await SmallNetwork.create({ parameters: PARAMETERS });
  t.after(() => net.stop());
  await net.start();
  return net;
}

async function member(net: SmallNetwork, name: string): Promise<TestDevice> {
  const device = await TestDevice.connect(net, { name, provider: "a" });
  assert.equal((await device.signUp(name)).result, "OK");
  return device;
}
