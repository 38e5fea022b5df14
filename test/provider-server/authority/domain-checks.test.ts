/** Providers' domains in the DNS: a real resolver (unbound) on 127.0.0.1 and what can be wrong with it, hours in virtual time. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Admission } from "#provider-server/authority/admission.ts";
import { FileAuthorityStore } from "#provider-server/authority/authority-store.ts";
import { dnsLookup, type TxtLookup } from "#provider-server/authority/dns-lookup.ts";
import { DomainChecks } from "#provider-server/authority/domain-checks.ts";
import { recordNameOf, recordOf, verdictOf } from "#provider-server/authority/domain-record.ts";
import {
  DNS_TIME_MAX,
  DOMAIN_CHECK_INTERVAL,
  DOMAIN_KEPT_WITHOUT_ANSWER,
  DOMAIN_KEPT_WITHOUT_RECORD,
  DOMAIN_LOOKUPS_MAX,
} from "#provider-server/authority/limits.ts";
import { runAuthority } from "#provider-server/authority/run-authority.ts";
import { type DnsServer, dnsServer } from "#test/support/dns-server.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { MemoryAuthorities, MemoryAuthorityStore } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seedOf, testAdmission, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock, settle } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { epochNumber, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import { epochInForce } from "#transport/directory/epochs.ts";
import type { Authority } from "#transport/directory/model.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const node = nodeId(new Uint8Array(32).fill(0xab));
const other = nodeId(new Uint8Array(32).fill(0xcd));
const HEX = "ab".repeat(32);
const txt = (name: string, ...strings: readonly string[]): string =>
  `${name}. 1 IN TXT ${strings.map((text) => `"${text}"`).join(" ")}`;

const refuses = (): void => {
  throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
};

test("a disk that refuses ends nothing: the domain is confirmed in memory, and asked again when its time has come", async () => {
  const clock = new VirtualClock();
  class FullStore extends MemoryAuthorityStore {
    override putDomain = refuses;
    override removeDomain = refuses;
  }
  const { log, lines } = keptLog(clock);
  let asked = 0;
  let named = node;
  const lookup: TxtLookup = async () => {
    asked++;
    return { kind: "records", records: [recordOf(named)] };
  };
  const random = new SeededRandom("full disk");
  const checks = new DomainChecks({ lookup, clock, random, store: new FullStore(), log });
  checks.watch(node, "a.example");
  await settle();
  assert.equal(checks.refusal(node, "a.example"), undefined);
  named = other;
  await clock.runFor(milliseconds(1.5 * DOMAIN_CHECK_INTERVAL));
  assert.equal(checks.refusal(node, "a.example"), "the domain's record names another node");
  const before = asked;
  await clock.runFor(milliseconds(1.5 * DOMAIN_CHECK_INTERVAL));
  assert.ok(asked > before, "it is asked on");
  assert.equal(lines.filter((line) => line.includes("the disk did not take")).length >= 2, true);
  checks.stop();
});

test("a provider that names one domain after the other has no more asked than there are questions at once, and the last one", async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const lookup: TxtLookup = (name) => {
    asked.push(name);
    return new Promise((resolve) => answers.push(() => resolve({ kind: "records", records: [recordOf(node)] })));
  };
  const clock = new VirtualClock();
  const random = new SeededRandom("domains");
  const checks = new DomainChecks({
    lookup,
    clock,
    random,
    store: new MemoryAuthorityStore(),
    log: keptLog(clock).log,
  });
  for (let n = 0; n < 300; n++) checks.watch(node, `d${n}.example`);
  while (answers.length > 0) {
    answers.shift()?.();
    await settle();
  }
  assert.equal(asked.length, DOMAIN_LOOKUPS_MAX + 1);
  assert.equal(asked.at(-1), "_starling.d299.example");
  assert.equal(checks.refusal(node, "d299.example"), undefined);
  checks.stop();
});

test("a resolver's answers: strings are joined, aliases followed, and no failure is taken for an answer", async (t) => {
  const long = Array.from({ length: 40 }, (_, index) => txt("_starling.large.example", `${index} ${"x".repeat(250)}`));
  const dns = await server(t, {
    example: [
      txt("_starling.one.example", recordOf(node)),
      txt("_starling.split.example", "starling1 ", `node=${HEX.slice(0, 20)}`, HEX.slice(20)),
      txt("_starling.two.example", recordOf(other)),
      txt("_starling.two.example", recordOf(node)),
      "_starling.alias.example. 1 IN CNAME records.elsewhere.example.",
      txt("records.elsewhere.example", recordOf(node)),
      "_starling.address.example. 1 IN A 192.0.2.1",
      ...long,
    ],
  });
  const clock = new VirtualClock();
  const lookup = dnsLookup({ servers: [dns.address], clock });
  const verdict = async (domain: string) => verdictOf(await lookup(recordNameOf(domain) ?? ""), node);
  for (const domain of ["one", "split", "two", "alias"]) {
    assert.deepEqual(await verdict(`${domain}.example`), { kind: "confirmed" }, domain);
  }
  for (const domain of ["none", "address"]) assert.deepEqual(await verdict(`${domain}.example`), { kind: "absent" });
  // Over 10 KB: the resolver gives it over TCP, and it is no answer for us.
  assert.deepEqual(await verdict("large.example"), { kind: "failed", reason: "an answer too large" });
  // SERVFAIL, as for a zone whose servers are down or whose signatures are wrong.
  assert.deepEqual(await verdict("a.broken"), { kind: "failed", reason: "the resolver failed" });
  // Nobody answers: the limit on the whole question ends it.
  const slow = verdict("a.slow");
  await clock.runFor(DNS_TIME_MAX);
  assert.deepEqual(await slow, { kind: "failed", reason: "no answer in time" });
  await dns.kill();
  const dead = verdict("one.example");
  await clock.runFor(DNS_TIME_MAX);
  assert.equal((await dead).kind, "failed");
});

test("a domain is asked about again every hour or so; another node's record ends it at once, a missing one after a day, no answer after a week", async (t) => {
  const good = { example: [txt("_starling.a.example", recordOf(node))] };
  const dns = await server(t, good);
  const s = checks(t, dns.address);
  s.checks.watch(node, "a.example");
  assert.equal(s.refusal(), "the domain is being looked up");
  await s.settled();
  assert.equal(s.refusal(), undefined);
  assert.deepEqual(s.lines, ["a provider's domain is confirmed: abababababababab"]);
  s.checks.watch(node, "a.example");
  assert.equal(s.asked(), 1, "it is not asked about twice");

  await dns.replace({ example: [] });
  await s.pass(1.25 * DOMAIN_CHECK_INTERVAL);
  assert.equal(s.asked() >= 2, true);
  assert.equal(s.refusal(), undefined);
  assert.match(s.lines.at(-1) ?? "", /kept for a while/);
  await s.pass(DOMAIN_KEPT_WITHOUT_RECORD);
  assert.equal(s.refusal(), "the domain has no record for a node");

  await dns.replace(good);
  await s.pass(1.25 * DOMAIN_CHECK_INTERVAL);
  assert.equal(s.refusal(), undefined);

  await dns.kill();
  await s.pass(DOMAIN_KEPT_WITHOUT_ANSWER / 2);
  assert.equal(s.refusal(), undefined);
  await s.pass(DOMAIN_KEPT_WITHOUT_ANSWER / 2);
  assert.match(s.refusal() ?? "", /^the domain cannot be checked: /);
  s.checks.watch(other, "b.example");
  await s.settled();
  assert.match(s.checks.refusal(other, "b.example") ?? "", /^the domain cannot be checked: /, "nothing new comes in");

  await dns.start();
  await s.pass(1.25 * DOMAIN_CHECK_INTERVAL);
  assert.equal(s.refusal(), undefined);
  await dns.replace({ example: [txt("_starling.a.example", recordOf(other))] });
  await s.pass(1.25 * DOMAIN_CHECK_INTERVAL);
  assert.equal(s.refusal(), "the domain's record names another node");
});

test("what was confirmed outlives a restart while DNS is down; another domain of the same node does not", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-domains-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const confirming: TxtLookup = async () => ({ kind: "records", records: [recordOf(node)] });
  const first = checks(t, confirming, new FileAuthorityStore(folder));
  first.checks.watch(node, "a.example");
  await first.settled();
  first.checks.stop();

  const second = checks(t, failing, new FileAuthorityStore(folder));
  assert.equal(second.refusal(), undefined, "before the first answer");
  second.checks.watch(node, "a.example");
  await second.settled();
  assert.equal(second.refusal(), undefined, "and after a failure");
  assert.equal(second.checks.refusal(node, "b.example"), "the domain is being looked up");
  second.checks.watch(node, "b.example");
  await second.settled();
  assert.equal(second.checks.refusal(node, "b.example"), "the domain cannot be checked: no answer in time");
});

test("a stored domain that was damaged is dropped with a reason, not believed", (t) => {
  const store = new MemoryAuthorityStore();
  store.putDomain("00", new Uint8Array(50));
  const { lines } = checks(t, async () => ({ kind: "none" }), store);
  assert.deepEqual(lines, ["dropped a stored domain that is not one"]);
});

test("no more questions are under way at once than the limit, and all are asked in the end", async (t) => {
  let most = 0;
  let asked = 0;
  const release: (() => void)[] = [];
  const lookup: TxtLookup = async () => {
    asked++;
    await new Promise<void>((resolve) => (most = Math.max(most, release.push(resolve))));
    return { kind: "none" };
  };
  const s = checks(t, lookup);
  const count = 3 * DOMAIN_LOOKUPS_MAX;
  for (let n = 0; n < count; n++) s.checks.watch(nodeId(new SeededRandom(`${n}`).bytes(32)), `n${n}.example`);
  for (let n = 0; n < count; n++) {
    release.shift()?.();
    await settle();
  }
  assert.deepEqual([asked, most], [count, DOMAIN_LOOKUPS_MAX]);
});

test("each authority votes by what its own DNS says and the majority decides", async () => {
  const made = testNetwork({ suite });
  const names = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];
  const idOf = (name: string) => testDescriptor(suite, { name, role: "provider" }).nodeId;
  // The operators vouch for the mixes only.
  const admitted = names.map((name) => ({ nodeId: testAdmission(suite, name).nodeId }));
  const says = (known: readonly string[]): TxtLookup => {
    return async (name) => {
      const letter = known.find((one) => name === `_starling.${one}.example`);
      return letter === undefined ? { kind: "none" } : { kind: "records", records: [recordOf(idOf(letter))] };
    };
  };
  // The third authority's resolver lies: it knows b and not a.
  const lookups = [says(["a"]), says(["a"]), says(["b"])];
  const clock = new VirtualClock({ start: seconds(90) });
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted, lookups });
  authorities.startAll();
  for (const name of names) {
    const role = name.length === 1 ? "provider" : "mix";
    authorities.publish(testDescriptor(suite, { name, role, publishedAt: clock.now() }).bytes);
  }
  await clock.runUntil(epochInForce(made.network, epochNumber(0)));
  const providers = authorities.consensus(0, "current")?.providers.map((provider) => provider.domain);
  assert.deepEqual(providers, ["a.example"], authorities.logs.flat().join("\n"));
  const who = toHex(idOf("b")).slice(0, 16);
  const lines = authorities.logs[0] ?? [];
  assert.ok(lines.includes(`left out of the vote: ${who} the domain has no record for a node epoch=0`));
  assert.ok(lines.includes(`left out of the consensus: ${who} node listed by too few authorities epoch=0`));
});

test("without a resolver a provider comes in only under the domain that the operator wrote down", () => {
  const provider = testDescriptor(suite, { name: "a", role: "provider" });
  const free = { nodeId: provider.nodeId };
  const reason = "no domain is admitted for the node, and no DNS resolver is configured";
  assert.equal(new Admission([free]).refusal(provider), reason);
  assert.equal(new Admission([{ ...free, domain: "a.example" }]).refusal(provider), undefined);
  assert.equal(
    new Admission([{ ...free, domain: "b.example" }]).refusal(provider),
    "the node is admitted for another domain",
  );
  assert.equal(new Admission([free]).refusal(testDescriptor(suite, { name: "a" })), undefined);
});

test("an authority over TLS lets a provider in by its record, and tells one without a record why not", async (t) => {
  const good = testDescriptor(suite, { name: "a", role: "provider", publishedAt: Date.now() });
  const bad = testDescriptor(suite, { name: "b", role: "provider", publishedAt: Date.now() });
  const dns = await server(t, {
    example: [txt("_starling.a.example", recordOf(good.nodeId)), txt("_starling.b.example", recordOf(good.nodeId))],
  });
  const folder = mkdtempSync(join(tmpdir(), "starling-authority-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const clock = new SystemClock();
  const random = new SystemRandom();
  const made = testNetwork({ suite, authorities: 1, threshold: 1, genesis: milliseconds(clock.now() + 100_000) });
  const { log, lines } = keptLog(clock);
  const running = await runAuthority({
    network: made.network,
    keys: { identitySeed: made.identitySeeds[0] as Uint8Array, linkSeed: made.linkSeeds[0] as Uint8Array },
    admitted: [good, bad].map((provider) => ({ nodeId: provider.nodeId })),
    dnsServers: [dns.address],
    stateDirectory: folder,
    host: "127.0.0.1",
    port: 0,
    suite,
    clock,
    random,
    log,
  });
  t.after(() => running.close());
  const dialer = new TlsDialer({
    identitySeed: seedOf("node"),
    suite,
    sizes: { packetBytes: 0, payloadBytes: 0 },
    clock,
  });
  const { address } = running;
  const network = { ...made.network, authorities: [{ ...(made.network.authorities[0] as Authority), address }] };
  const client = new DirectoryClient({ dialer, network, suite, clock, random });
  await client.publishDescriptor(good.bytes);
  await client.publishDescriptor(bad.bytes);
  const until = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (lines.some((line) => line.startsWith(text))) return resolve();
        clock.at(milliseconds(clock.now() + 10), look);
      };
      look();
    });
  await until("a provider's domain is confirmed");
  await until("a provider's domain is not confirmed");
  await client.publishDescriptor(good.bytes);
  const later = testDescriptor(suite, { name: "b", role: "provider", publishedAt: Date.now() + 1 });
  await assert.rejects(client.publishDescriptor(later.bytes), {
    code: "REFUSED",
    message: /the domain's record names another node/,
  });
});

const failing: TxtLookup = async () => ({ kind: "failed", reason: "no answer in time" });

async function server(t: TestContext, zones: Parameters<typeof dnsServer>[0]): Promise<DnsServer> {
  const dns = await dnsServer(zones);
  t.after(() => dns.stop());
  return dns;
}

/** Checks in virtual time; questions take real time, for which `settled` waits. */
function checks(t: TestContext, dns: string | TxtLookup, store = new MemoryAuthorityStore() as AuthorityStoreLike) {
  const clock = new VirtualClock();
  const { log, lines } = keptLog(clock);
  // A real resolver takes real time to answer: virtual time would be over first.
  const real = typeof dns === "string" ? dnsLookup({ servers: [dns], clock: new SystemClock() }) : dns;
  const underWay = new Set<Promise<unknown>>();
  let asked = 0;
  const lookup: TxtLookup = async (name) => {
    asked++;
    const answer = real(name);
    underWay.add(answer);
    return answer.finally(() => underWay.delete(answer));
  };
  const made = new DomainChecks({ lookup, clock, random: new SeededRandom("checks"), store, log });
  t.after(() => made.stop());
  const settled = async (): Promise<void> => {
    while (underWay.size > 0) {
      await Promise.all(underWay);
      await settle();
    }
  };
  /** In steps, so that every question is answered before the next is due. */
  const pass = async (time: number): Promise<void> => {
    const end = clock.now() + time;
    while (clock.now() < end) {
      await clock.runUntil(milliseconds(Math.min(end, clock.now() + seconds(150))));
      await settled();
    }
  };
  return { checks: made, lines, settled, pass, asked: () => asked, refusal: () => made.refusal(node, "a.example") };
}

type AuthorityStoreLike = MemoryAuthorityStore | FileAuthorityStore;
