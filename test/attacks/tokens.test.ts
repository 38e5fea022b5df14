/**
 * Tokens that are spent twice, made up, of another time or another provider, or signed with a key for one client alone; and
 * accounts that want more than their share. Spec: docs/spec/13-tokens.md
 */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { BUDGET_SLACK } from "#provider-server/entry/limits.ts";
import {
  CHECK_BUDGET,
  DEVICES_PER_PERIOD_MAX,
  ORDER_ATTEMPTS_MAX,
  SIGNED_PER_ISSUER_MAX,
} from "#provider-server/tokens/limits.ts";
import { TokenGate, type TokenGateDependencies } from "#provider-server/tokens/token-gate.ts";
import { TokenKeys } from "#provider-server/tokens/token-keys.ts";
import { TokenTables } from "#provider-server/tokens/token-tables.ts";
import { runningMemory } from "#test/support/running-memory.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { GENESIS, SMALL_PARAMETERS, SmallNetwork, type SmallNetworkOptions } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { TokenClient } from "#test/support/token-client.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds, type NodeId, nodeId, seconds } from "#transport/core/units.ts";
import {
  blindInput,
  deriveVoprfKeys,
  evaluateBlinded,
  evaluateInput,
  finishBlinded,
} from "#transport/crypto/blind-tokens.ts";
import { decodeToken, encodeToken, tokenValue } from "#transport/tokens/token.ts";

const PARAMETERS = { ...SMALL_PARAMETERS, tokens: { period: seconds(600), perProvider: 10 } };
const random = new SeededRandom("token attacks");

test("a token is worth one request, at the provider that it is for, in its period, also after a restart", async (t) => {
  const net = await start(t);
  const client = await member(net, "alice");
  const tokens = await client.tokens({ period: 0, provider: idOf(net, "b"), publicKey: keyOf(net, "b") });
  assert.equal(tokens.length, PARAMETERS.tokens.perProvider);
  const gate = net.providers[1]?.tokens.gate as TokenGate;
  const [first, second, third] = tokens as [Uint8Array, Uint8Array, Uint8Array];

  assert.equal(gate.spend(first), undefined, "worth a request");
  assert.equal(gate.spend(first), "TOKEN_SPENT", "once");
  assert.equal(net.providers[0]?.tokens.gate.spend(second), "TOKEN_INVALID", "at another provider");

  // A process that was killed has its database, and nothing else: a gate made anew over the same file.
  const again = gateOver(net, net.databases[1] as ProviderDatabase);
  assert.equal(again.spend(first), "TOKEN_SPENT", "the restart forgot nothing");
  assert.equal(again.spend(second), undefined, "and unspent ones are good as before");

  const { lead, overlap } = PARAMETERS.epoch;
  await net.clock.runUntil(milliseconds(GENESIS + PARAMETERS.tokens.period + lead + overlap + 1));
  assert.equal(gate.spend(third), "TOKEN_INVALID", "its period is over");
});

test("a clock that was ahead while nobody had confirmed it forgets no spent token", async (t) => {
  const net = await start(t);
  const client = await member(net, "alice");
  const [first] = await client.tokens({ period: 0, provider: idOf(net, "b"), publicKey: keyOf(net, "b") });
  const clock = new WrongClock(net.clock);
  const known = { time: undefined as Milliseconds | undefined };
  const gate = gateOver(net, net.databases[1] as ProviderDatabase, { clock, knownTime: () => known.time });
  assert.equal(gate.spend(first as Uint8Array), undefined);
  clock.error = 10 * PARAMETERS.tokens.period;
  assert.equal(gate.spend(first as Uint8Array), "TOKEN_INVALID", "by this clock its period is over");
  clock.error = 0;
  assert.equal(gate.spend(first as Uint8Array), "TOKEN_SPENT");
  known.time = net.clock.now();
  assert.equal(gate.spend(first as Uint8Array), "TOKEN_SPENT");
});

test("a provider whose clock is set forgets no spent token in the minutes until it looks at its clock", async (t) => {
  let clock: WrongClock | undefined;
  const net = await start(t, {
    clockOf: (name, truth) => (name === "b" ? (clock ??= new WrongClock(truth)) : truth),
    clockMemoryOf: (_, truth) => runningMemory(t, () => milliseconds(truth.now() - GENESIS + PARAMETERS.tokens.period)),
  });
  const client = await member(net, "alice");
  const [first] = await client.tokens({ period: 0, provider: idOf(net, "b"), publicKey: keyOf(net, "b") });
  const gate = net.providers[1]?.tokens.gate as TokenGate;
  assert.ok(clock !== undefined && first !== undefined);
  assert.equal(gate.spend(first), undefined);
  const { lead, overlap } = PARAMETERS.epoch;
  const over = milliseconds(GENESIS + PARAMETERS.tokens.period + lead + overlap);
  await net.clock.runUntil(milliseconds(over - 50_000));
  clock.error = 60_000;
  assert.equal(gate.spend(first), "TOKEN_INVALID", "by this clock its period is over");
  clock.error = 0;
  assert.equal(gate.spend(first), "TOKEN_SPENT");
});

test("a made-up token, a changed one and one that renames its period are worth nothing", async (t) => {
  const net = await start(t);
  const client = await member(net, "alice");
  const [good] = await client.tokens({ period: 0, provider: idOf(net, "b"), publicKey: keyOf(net, "b") });
  assert.ok(good !== undefined);
  const gate = net.providers[1]?.tokens.gate as TokenGate;
  assert.equal(gate.spend(new Uint8Array(good.length)), "TOKEN_INVALID", "none at all");
  for (let i = 0; i < 20; i++) {
    assert.equal(gate.spend(forge()), "TOKEN_INVALID");
  }
  for (const at of [3, 4, 35, 36, 67]) {
    const changed = good.slice();
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(gate.spend(changed), "TOKEN_INVALID", `byte ${at}`);
  }
  assert.equal(gate.spend(good), undefined, "what was tried did not use it up");
});

test("made-up tokens beyond what the thread has time for are dropped unchecked, and the gate opens again", async (t) => {
  const net = await start(t);
  const gate = net.providers[1]?.tokens.gate as TokenGate;
  const outcomes = Array.from({ length: 260 }, () => gate.spend(forge()));
  assert.equal(outcomes.filter((outcome) => outcome === "TOKENS_BUSY").length, 60);
  await net.clock.runFor(seconds(1));
  assert.equal(gate.spend(forge()), "TOKEN_INVALID");
});

test("made-up tokens refuse no request of others while fewer devices send them than the thread has time for, and then a share", async (t) => {
  const net = await start(t);
  const gate = net.providers[1]?.tokens.gate as TokenGate;
  const { clock, network, suite } = net;
  const { identitySeed } = net.dependencies("b").identity;
  const { secretKey } = new TokenKeys({ clock, network, suite, identitySeed }).checking(0) ?? assert.fail("no key");
  const good = (): Uint8Array => {
    const nonce = random.bytes(32);
    return encodeToken({ period: 0, nonce, value: tokenValue(evaluateInput(secretKey, nonce)) });
  };
  // What a provider lets a device send, in the profile that sends most.
  const fastest = Math.max(...Object.values(LIVE_PARAMETERS.profiles).map(({ sendRate }) => sendRate));
  const perDevice = BUDGET_SLACK * fastest;
  assert.ok(CHECK_BUDGET.rate / perDevice >= 100, "a hundred devices");
  /** Honest requests that are refused, of five a second, while so many devices send nothing but made-up tokens. */
  const refusedBeside = async (devices: number): Promise<number> => {
    for (let i = 0; i < CHECK_BUDGET.burst; i++) gate.spend(forge());
    const tick = 1 / 5;
    let refused = 0;
    for (let i = 0; i < 50; i++) {
      await net.clock.runFor(seconds(tick));
      const madeUp = Math.round(devices * perDevice * tick);
      const before = (random.bytes(1)[0] as number) % (madeUp + 1);
      for (let j = 0; j < before; j++) gate.spend(forge());
      if (gate.spend(good()) !== undefined) refused++;
      for (let j = before; j < madeUp; j++) gate.spend(forge());
    }
    return refused / 50;
  };
  assert.equal(await refusedBeside(90), 0);
  const share = await refusedBeside(200);
  assert.ok(share > 0.3 && share < 0.7, `${share} of them beside twice as many as there is time for`);
});

test("a provider that signs one client's elements with another key cannot make that client's tokens its own mark", () => {
  const everybody = deriveVoprfKeys(random.bytes(32), random.bytes(4));
  const forAlice = deriveVoprfKeys(random.bytes(32), random.bytes(4));
  const nonce = random.bytes(32);
  const blinded = blindInput(nonce, random);
  const { evaluated, proof } = evaluateBlinded({ keys: forAlice, elements: [blinded.element], random });
  const items = [{ input: nonce, blinded, evaluated: evaluated[0] as Uint8Array }];
  assert.equal(finishBlinded({ publicKey: everybody.publicKey, proof, items }), undefined, "the client has no token");
});

test("an issuer sees nothing in an order that comes back in a token", async (t) => {
  const net = await start(t);
  const client = await member(net, "alice");
  const drawn = client.draw();
  const batches = await client.order({ period: 0, provider: idOf(net, "b"), drawn });
  const seen = new Set([
    ...drawn.map(({ blinded }) => toHex(blinded.element)),
    ...(batches ?? []).flatMap(({ evaluated }) => evaluated.map(toHex)),
  ]);
  const other = await (await member(net, "carol")).tokens({
    period: 0,
    provider: idOf(net, "b"),
    publicKey: keyOf(net, "b"),
  });
  for (const { nonce, value } of other.map(decodeToken)) assert.ok(!seen.has(toHex(nonce)) && !seen.has(toHex(value)));
  // Any token may come of any order: for each pair there is one blind that joins them, so which it was cannot be seen.
  const nonces = new Set(drawn.map(({ nonce }) => toHex(nonce)));
  for (const element of seen) assert.ok(!nonces.has(element));
});

test("a device gets one set for each provider and period; the same order again costs no more, another is refused", async (t) => {
  const net = await start(t);
  const client = await member(net, "alice");
  const provider = idOf(net, "a");
  const drawn = client.draw();
  const first = await client.order({ period: 0, provider, drawn });
  const again = await client.order({ period: 0, provider, drawn });
  assert.deepEqual(again?.[0]?.evaluated, first?.[0]?.evaluated, "the same elements come to the same");
  assert.equal((await client.ask({ period: 0, provider, drawn: client.draw() })).result, "REFUSED");
  for (let i = 2; i < ORDER_ATTEMPTS_MAX; i++) await client.order({ period: 0, provider, drawn });
  assert.equal((await client.ask({ period: 0, provider, drawn })).result, "REFUSED", "not for ever");
  assert.equal((await client.ask({ period: 1, provider, drawn })).result, "OK", "the next period's come early");
  await net.clock.runFor(seconds(10));
  assert.equal(
    (await client.ask({ period: 2, provider, drawn: client.draw() })).result,
    "MALFORMED",
    "nobody saves up",
  );
});

test("an account is not a mint: devices that come and go share a bound, and strangers get nothing", () => {
  const database = new ProviderDatabase(":memory:");
  const tables = new TokenTables(database);
  database.prepare("INSERT INTO mailboxes (id, mailbox_id) VALUES (7, x'00')").run();
  const order = (device: number): boolean =>
    tables.order({
      period: 3,
      account: 7,
      deviceKey: new Uint8Array(32).fill(device),
      parts: [{ provider: nodeId(new Uint8Array(32)), digest: random.bytes(32) }],
    }) !== undefined;
  const outcomes = Array.from({ length: DEVICES_PER_PERIOD_MAX + 3 }, (_, device) => order(device));
  assert.equal(outcomes.filter(Boolean).length, DEVICES_PER_PERIOD_MAX);
  database.close();
});

test("a stranger's order is refused, and one that is malformed", async (t) => {
  const net = await start(t);
  const stranger = await TestDevice.connect(net, { name: "eve", provider: "a" });
  const client = new TokenClient({ net, device: stranger, random });
  const answer = await client.ask({ period: 0, provider: idOf(net, "a"), drawn: client.draw() });
  assert.equal(answer.result, "NO_ACCOUNT");
  const alice = await TestDevice.connect(net, { name: "alice", provider: "a" });
  await alice.signUp("alice");
  const malformed = await alice.control({ kind: "order-tokens", order: random.bytes(100) });
  assert.equal(malformed.result, "MALFORMED");
});

test("what one provider has signed for another is bounded in a period, and forgotten with it", () => {
  const database = new ProviderDatabase(":memory:");
  const tables = new TokenTables(database);
  const issuer = nodeId(random.bytes(32));
  assert.equal(tables.sign({ period: 1, issuer, count: SIGNED_PER_ISSUER_MAX - 1 }), true);
  assert.equal(tables.sign({ period: 1, issuer, count: 2 }), false);
  assert.equal(tables.sign({ period: 1, issuer: nodeId(random.bytes(32)), count: 2 }), true, "others have their own");
  assert.equal(tables.spend(1, random.bytes(32)), true);
  tables.forgetBefore(2);
  assert.equal(Number(database.prepare("SELECT COUNT(*) AS n FROM tokens_spent").get()?.["n"]), 0);
  assert.equal(tables.sign({ period: 1, issuer, count: 2 }), true);
  database.close();
});

test("a provider that does not answer leaves a hole in the order, and the others' tokens come", async (t) => {
  const net = await start(t);
  const client = await member(net, "alice");
  const nowhere = nodeId(random.bytes(32));
  assert.equal(await client.order({ period: 0, provider: nowhere, drawn: client.draw() }), undefined);
  const tokens = await client.tokens({ period: 0, provider: idOf(net, "b"), publicKey: keyOf(net, "b") });
  assert.equal(tokens.length, PARAMETERS.tokens.perProvider);
});

/** As a token of the first period looks. */
function forge(): Uint8Array {
  const forged = random.bytes(68);
  forged.set([0, 0, 0, 0]);
  return forged;
}

async function start(t: TestContext, options: SmallNetworkOptions = {}): Promise<SmallNetwork> {
  const net = await SmallNetwork.create({ parameters: PARAMETERS, ...options });
  t.after(() => net.stop());
  await net.start();
  return net;
}

async function member(net: SmallNetwork, name: string): Promise<TokenClient> {
  const device = await TestDevice.connect(net, { name, provider: "a" });
  assert.equal((await device.signUp(name)).result, "OK");
  return new TokenClient({ net, device, random });
}

const at = (name: "a" | "b"): number => (name === "a" ? 0 : 1);
const idOf = (net: SmallNetwork, name: "a" | "b"): NodeId => net.providers[at(name)]?.nodeId as NodeId;

/** From the list of nodes, as clients have it. */
function keyOf(net: SmallNetwork, name: "a" | "b"): Uint8Array {
  const consensus = net.providers[at(name)]?.mix.current()?.consensus;
  const provider = consensus?.providers.find((node) => toHex(node.nodeId) === toHex(idOf(net, name)));
  return provider?.tokenKeys.get(0) as Uint8Array;
}

function gateOver(
  net: SmallNetwork,
  database: ProviderDatabase,
  {
    clock = net.clock,
    knownTime = () => clock.now(),
  }: Partial<Pick<TokenGateDependencies, "clock" | "knownTime">> = {},
): TokenGate {
  const { network, suite } = net;
  const { identitySeed } = net.dependencies("b").identity;
  const keys = new TokenKeys({ clock, network, suite, identitySeed });
  return new TokenGate({ clock, network, keys, tables: new TokenTables(database), knownTime });
}
