/** A stranger who makes keys and names without end at a provider that is open to all (docs/spec/07-mailbox.md §1.2). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createInvite } from "#provider-server/accounts/invites.ts";
import { SIGN_UPS_PER_ADDRESS_MAX, SIGN_UPS_PER_MINUTE_MAX } from "#provider-server/accounts/limits.ts";
import { device, setUp, suite } from "#test/provider-server/accounts/household.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { milliseconds } from "#transport/core/units.ts";
import type { Link } from "#transport/link/link.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

test("one address has its share of a minute's sign-ups and no more; everybody else signs up beside it", async () => {
  const { accounts, clock } = setUp();
  let asked = 0;
  const signUp = (from: string | undefined): string => {
    const localPart = `user${++asked}`;
    const request = { kind: "sign-up", id: 0, localPart, invite: "", accountKey: device(1) } as const;
    return accounts.handle(new SeededRandom(localPart).bytes(32), request, from).result;
  };
  const flood = Array.from({ length: 2 * SIGN_UPS_PER_MINUTE_MAX }, () => signUp("198.51.100.7"));
  assert.equal(flood.filter((result) => result === "OK").length, SIGN_UPS_PER_ADDRESS_MAX);
  assert.equal(flood.filter((result) => result === "UNAVAILABLE").length, flood.length - SIGN_UPS_PER_ADDRESS_MAX);
  const others = Array.from({ length: SIGN_UPS_PER_MINUTE_MAX - SIGN_UPS_PER_ADDRESS_MAX }, (_, n) =>
    signUp(`2001:db8:0:${n.toString(16)}`),
  );
  assert.deepEqual(new Set(others), new Set(["OK"]), "what was refused took nobody's turn");
  assert.equal(signUp("203.0.113.1"), "UNAVAILABLE", "the minute's own bound holds");
  await clock.runFor(milliseconds(60_000));
  assert.equal(signUp("198.51.100.7"), "OK");
});

test("no address is known past its minute, also where nobody signs up after it", async () => {
  const { accounts, clock } = setUp();
  const request = { kind: "sign-up", id: 0, localPart: "user", invite: "", accountKey: device(1) } as const;
  assert.equal(accounts.handle(device(1), request, "198.51.100.7").result, "OK");
  assert.equal(accounts.addresses, 1);
  await clock.runFor(milliseconds(60_000));
  assert.equal(accounts.addresses, 0);
});

test("an invitation is a bound of its own: a class that signs up together at one address is not held back", () => {
  const { accounts, database } = setUp({ policy: "invite" });
  const uses = 2 * SIGN_UPS_PER_ADDRESS_MAX;
  const invite = createInvite(database, { uses, random: new SeededRandom("code"), primitives: suite });
  const results = Array.from({ length: uses }, (_, n) => {
    const request = { kind: "sign-up", id: 0, localPart: `pupil${n}`, invite, accountKey: device(1) } as const;
    return accounts.handle(device(n), request, "198.51.100.7").result;
  });
  assert.deepEqual(new Set(results), new Set(["OK"]));
});

test("a link says from which address it came, whatever port", async () => {
  const clock = new SystemClock();
  const sizes = geometry({ suite: "x25519", packetBytes: 4096 });
  const identitySeed = new Uint8Array(32).fill(1);
  const listener = await TlsListener.listen({
    host: "127.0.0.1",
    port: 0,
    identitySeed,
    suite,
    sizes,
    clock,
    protocols: ["starling-client/2"],
  });
  const met: Link[] = [];
  listener.onLink((link) => met.push(link));
  const own: Link[] = [];
  for (const n of [2, 3]) {
    const dialer = new TlsDialer({ identitySeed: new Uint8Array(32).fill(n), suite, sizes, clock });
    const expectedKey = linkKeyOf(suite, identitySeed);
    own.push(await dialer.dial({ address: listener.address, expectedKey, protocol: "starling-client/2" }));
  }
  assert.deepEqual(
    met.map(({ from }) => from),
    ["127.0.0.1", "127.0.0.1"],
  );
  assert.deepEqual(
    own.map(({ from }) => from),
    [undefined, undefined],
  );
  for (const link of own) link.close();
  await listener.close();
});
