/**
 * How many addresses of a provider somebody learns in a day who asks for nothing else: by look-ups of keys, by signing up with an
 * invite code, and where sign-up is open to all. Spec: docs/spec/07-mailbox.md §2.2
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { AccountTables } from "#provider-server/accounts/account-tables.ts";
import type { SignUpPolicy } from "#provider-server/accounts/accounts.ts";
import { createInvite } from "#provider-server/accounts/invites.ts";
import {
  ADDRESS_PLACES,
  TAKEN_NAMES_PER_ADDRESS_MAX,
  TAKEN_NAMES_PER_ADDRESS_MIN,
  TAKEN_NAMES_PER_DAY_MAX,
  TAKEN_NAMES_PER_INVITE_MAX,
} from "#provider-server/accounts/limits.ts";
import { NamesTold } from "#provider-server/accounts/names-told.ts";
import { DEVICES_PER_PERIOD_MAX } from "#provider-server/tokens/limits.ts";
import { DAY, device, setUp, suite } from "#test/provider-server/accounts/household.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { TestDevice } from "#test/support/test-device.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { TokenClient } from "#test/support/token-client.ts";
import { toHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { mailboxId, milliseconds, type NodeId, seconds } from "#transport/core/units.ts";
import { deviceTokenHash } from "#transport/link/device-token.ts";

test("by `keys` an account learns what six devices have tokens for at each provider, however many it lets in and removes", async (t) => {
  const { tokens } = LIVE_PARAMETERS;
  const net = await SmallNetwork.create({ parameters: { ...SMALL_PARAMETERS, tokens } });
  t.after(() => net.stop());
  await net.start();
  let learned = 0;
  const owner = await TestDevice.connect(net, { name: "mallory", provider: "a" });
  await owner.signUp("mallory");
  learned += await lookUps(net, owner);
  for (let n = 0; n < DEVICES_PER_PERIOD_MAX + 2; n++) {
    const guest = await TestDevice.connect(net, { name: `guest ${n}`, provider: "a" });
    const token = new SeededRandom(`token ${n}`).bytes(32);
    await owner.control({
      kind: "offer-device",
      tokenHash: deviceTokenHash(net.suite, token),
      bundle: new Uint8Array(9),
    });
    await guest.control({ kind: "join-device", token });
    learned += await lookUps(net, guest);
    await owner.control({ kind: "remove-device", deviceKey: guest.key, notice: new Uint8Array(9) });
    await owner.poll(n + 1);
    await net.clock.runFor(seconds(10));
  }
  t.diagnostic(`keys: ${learned} names a day`);
  assert.equal(learned, DEVICES_PER_PERIOD_MAX * tokens.perProvider);
});

test("with an invite code, which keeps its use, somebody learns sixteen names a day; after that a name that is free tells no more than one that is taken", async (t) => {
  const town = aTown({ policy: "invite" });
  const code = town.invite(1);
  const ask = (name: string): string => town.signUp(name, { invite: code, from: "198.51.100.7" });
  const learned = await town.aDay(() => [ask]);
  t.diagnostic(`one invite code: ${learned} names a day`);
  assert.equal(learned, TAKEN_NAMES_PER_INVITE_MAX);
  for (let n = 0; n < TAKEN_NAMES_PER_INVITE_MAX; n++) assert.equal(ask(town.names[n] as string), "NAME_TAKEN");
  assert.deepEqual([ask(town.names[0] as string), ask("newcomer")], ["TOO_MANY_NAMES", "TOO_MANY_NAMES"]);
  assert.equal(town.signUp("somebody", { invite: town.invite(1) }), "OK", "others' codes are not touched");
  await town.clock.runFor(milliseconds(DAY));
  assert.equal(ask("newcomer"), "OK", "a day later it is good");
});

test("a code for a class is told of as many taken names as it has uses left", () => {
  const town = aTown({ policy: "invite" });
  const invite = town.invite(40);
  const ask = (name: string): string => town.signUp(name, { invite });
  for (let n = 0; n < 40; n++) assert.equal(ask(town.names[n] as string), "NAME_TAKEN");
  assert.equal(ask("pupil"), "TOO_MANY_NAMES");
});

test("of a class all sign up on one day, though each of them but one is told once that a name is taken", () => {
  const town = aTown({ policy: "invite" });
  const invite = town.invite(40);
  for (let n = 0; n < 40; n++) {
    if (n < 39) assert.equal(town.signUp(town.names[n] as string, { invite }), "NAME_TAKEN");
    assert.equal(town.signUp(`pupil${n}`, { invite }), "OK", `after ${n} others`);
  }
});

test("where sign-up is open an address learns thirty-two names a day, and newcomers with however many addresses a thousand together and two for each place beyond", async (t) => {
  const town = aTown({ policy: "open" });
  const from = (address: string) => (name: string) => town.signUp(name, { from: address });
  const alone = await town.aDay(() => [from("198.51.100.7")]);
  t.diagnostic(`open sign-up, one address: ${alone} names a day`);
  assert.equal(alone, TAKEN_NAMES_PER_ADDRESS_MAX);
  // Two in each minute, and other ones in the next.
  const many = await town.aDay((minute) => [from(`2001:db8:${minute}:1`), from(`2001:db8:${minute}:2`)]);
  t.diagnostic(`open sign-up, 2,880 addresses: ${many} names a day`);
  assert.ok(many > TAKEN_NAMES_PER_DAY_MAX && many <= MOST, String(many));
});

test("who uses up the taken names of a day with a few addresses keeps hardly anybody else from signing up", async (t) => {
  const town = aTown({ policy: "open" });
  const askers = TAKEN_NAMES_PER_DAY_MAX / TAKEN_NAMES_PER_ADDRESS_MAX;
  // One more, should two of them share a place.
  for (let asker = 0; asker <= askers; asker++) {
    for (let n = 0; n < TAKEN_NAMES_PER_ADDRESS_MAX; n++) {
      town.signUp(town.names[n] as string, { from: `198.51.100.${asker}` });
      await town.clock.runFor(seconds(10));
    }
  }
  const results: string[] = [];
  for (let n = 0; n < 1000; n++) {
    const from = `203.0.${n >> 8}.${n & 255}`;
    // One in ten finds the name taken that it wanted first.
    if (n % 10 === 0) town.signUp(town.names[n] as string, { from });
    results.push(town.signUp(`other${n}`, { from }));
    await town.clock.runFor(seconds(1));
  }
  const refused = results.filter((result) => result === "TOO_MANY_NAMES").length;
  t.diagnostic(`${refused} of 1,000 others were refused`);
  assert.ok(refused > 0 && refused < 60, `${refused} of 1,000 others share a place with one of them`);
  assert.equal(refused + results.filter((result) => result === "OK").length, 1000);
});

test("an address that has asked for too many names holds back hardly anybody else, and is not remembered by itself", async () => {
  const town = aTown({ policy: "open" });
  for (let n = 0; n < TAKEN_NAMES_PER_ADDRESS_MAX; n++) {
    assert.equal(town.signUp(town.names[n] as string, { from: "198.51.100.7" }), "NAME_TAKEN");
    await town.clock.runFor(seconds(60));
  }
  assert.equal(town.signUp("free", { from: "198.51.100.7" }), "TOO_MANY_NAMES");
  const others: string[] = [];
  for (let n = 0; n < 2000; n++) {
    others.push(town.signUp(`other${n}`, { from: `203.0.${n >> 8}.${n & 255}` }));
    await town.clock.runFor(seconds(1));
  }
  const refused = others.filter((result) => result === "TOO_MANY_NAMES").length;
  assert.ok(refused > 0 && refused < 20, `${refused} of 2000 others share its place`);
  assert.equal(refused + others.filter((result) => result === "OK").length, 2000);
});

test("who was told of what is forgotten when the day is over, though nobody signs up then, and when the provider stops", async () => {
  const clock = new VirtualClock({ start: milliseconds(20_000.5 * DAY) });
  const told = new NamesTold({ clock, random: new SeededRandom("places"), primitives: suite });
  for (const newcomer of [{ from: "198.51.100.7" }, { invite: { name: "code", usesLeft: 1 } }]) {
    told.told(newcomer);
    await clock.runFor(milliseconds(DAY / 2 - 1));
    assert.equal(told.isEmpty, false);
    await clock.runFor(milliseconds(1));
    assert.equal(told.isEmpty, true);
    await clock.runFor(milliseconds(DAY / 2));
  }
  told.told({ from: undefined });
  told.stop();
  assert.equal(told.isEmpty, true);
});

/** In a day, by whoever has addresses in all places. */
const MOST = TAKEN_NAMES_PER_DAY_MAX + ADDRESS_PLACES * TAKEN_NAMES_PER_ADDRESS_MIN;

/** A provider with 4,000 people. */
function aTown(policy: SignUpPolicy) {
  const { accounts, clock, database } = setUp(policy);
  const tables = new AccountTables(database);
  const random = new SeededRandom("town");
  const names = Array.from({ length: 4000 }, (_, n) => `user${n}`);
  for (const name of names) {
    const owner = { localPart: name, skeleton: name, accountKey: device(1), deviceKey: random.bytes(32), day: 0 };
    tables.create({ ...owner, mailboxId: mailboxId(random.bytes(32)) });
  }
  const signUp = (localPart: string, o: { invite?: string; from?: string }): string => {
    const request = { kind: "sign-up", id: 0, localPart, invite: o.invite ?? "", accountKey: device(1) } as const;
    return accounts.handle(new SeededRandom(localPart).bytes(32), request, o.from).result;
  };
  return {
    clock,
    names,
    signUp,
    invite: (uses: number) => createInvite(database, { uses, random, primitives: suite }),
    /** Of a list of names that are all taken: how many `askers`, in turn, are told so within a day of asking twelve times a minute each. */
    async aDay(askers: (minute: number) => ((name: string) => string)[]): Promise<number> {
      const learned = new Set<string>();
      for (let minute = 0; minute < 1440; minute++) {
        for (const ask of askers(minute)) {
          for (let n = 0; n < 12; n++) {
            const name = names[learned.size] as string;
            if (ask(name) === "NAME_TAKEN") learned.add(name);
            if (learned.size === names.length) return Infinity;
          }
        }
        await clock.runFor(seconds(60));
      }
      return learned.size;
    },
  };
}

/** What a device's tokens of today are worth at provider b. */
async function lookUps(net: SmallNetwork, asker: TestDevice): Promise<number> {
  const [, other] = net.providers;
  const provider = other?.nodeId as NodeId;
  const listed = other?.mix.current()?.consensus.providers.find((node) => toHex(node.nodeId) === toHex(provider));
  const client = new TokenClient({ net, device: asker, random: new SeededRandom(toHex(asker.key)) });
  const order = { period: 0, provider, drawn: client.draw() };
  if ((await client.ask(order)).result !== "OK") return 0;
  const tokens = await client.tokens({ ...order, publicKey: listed?.tokenKeys.get(0) as Uint8Array });
  return tokens.filter((token) => other?.tokens.gate.spend(token) === undefined).length;
}
