/** Three authorities over TLS on 127.0.0.1 with real time, disk and nodes' requests. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { QUESTIONS_PER_LINK_MAX } from "#provider-server/authority/limits.ts";
import { FileAuthorityStore } from "#provider-server/authority/authority-store.ts";
import { linksOfAuthorityMax, type RoomLimits } from "#provider-server/authority/link-room.ts";
import { type RunningAuthority, runAuthority } from "#provider-server/authority/run-authority.ts";
import { Log } from "#provider-server/observe/log.ts";
import { freePorts } from "#test/support/free-ports.ts";
import {
  QUICK_PARAMETERS,
  seedOf,
  signedConsensus,
  testAdmission,
  testDescriptor,
  testNetwork,
  type TestNetwork,
} from "#test/support/test-network.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import { decodeListed } from "#transport/directory/descriptor.ts";
import type { Authority, NodeDescriptor } from "#transport/directory/model.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";

const suite = await loadSuite("x25519", "native");
const hybrid = await loadSuite("xwing", "native");
const NO_PACKETS = { packetBytes: 0, payloadBytes: 0 };
const NODES = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];

test("authorities over TLS agree within seconds, one of them down, and one restarted has the result", async (t) => {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const folder = mkdtempSync(join(tmpdir(), "starling-authority-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const addresses = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  // Steps of 1.5 s, and 4 s to get ready: a busy machine leaves a process waiting for hundreds of milliseconds.
  const genesis = milliseconds(clock.now() + 10_000);
  const made = testNetwork({ suite, genesis, bootstrap: milliseconds(6000), addresses });
  const lines: string[] = [];
  const admitted = NODES.map((name) => testAdmission(suite, name));
  const run = (self: number): Promise<RunningAuthority> => {
    const [host, port] = (made.network.authorities[self]?.address ?? "").split(":");
    return runAuthority({
      network: made.network,
      keys: { identitySeed: made.identitySeeds[self] as Uint8Array, linkSeed: made.linkSeeds[self] as Uint8Array },
      admitted,
      stateDirectory: join(folder, `${self}`),
      host: host as string,
      port: Number(port),
      suite,
      clock,
      random,
      log: new Log({ clock, sink: (line) => lines.push(`${self} ${line}`) }),
    });
  };
  const running = [await run(0), await run(1)];
  t.after(() => Promise.all(running.map((authority) => authority.close())));

  const dialer = new TlsDialer({ identitySeed: seedOf("node"), suite, sizes: NO_PACKETS, clock });
  const client = new DirectoryClient({ dialer, network: made.network, suite, clock, random });
  for (const name of NODES) {
    const role = name.length === 1 ? "provider" : "mix";
    await client.publishDescriptor(testDescriptor(suite, { name, role, publishedAt: clock.now() }).bytes);
  }
  const stranger = testDescriptor(suite, { name: "stranger", publishedAt: clock.now() }).bytes;
  await assert.rejects(client.publishDescriptor(stranger), { code: "REFUSED", message: /the node is not admitted/ });
  assert.equal((await client.fetchConsensus("current")).consensus, undefined);

  await new Promise<void>((resolve) => clock.at(genesis, resolve));
  const { consensus, time } = await client.fetchConsensus("current");
  assert.equal(consensus?.layers.flat().length, 6, lines.join("\n"));
  assert.equal(consensus.providers.length, 2);
  assert.equal(consensus.signatures.size, 2);
  assert.ok(Math.abs(time - clock.now()) < 1000);

  running.push(await run(2));
  const third = made.network.authorities[2];
  assert.ok(third);
  for (let tries = 0; tries < 100; tries++) {
    const fetched = await client.fetchFrom(third, "current");
    if (fetched.consensus !== undefined) return assert.deepEqual(fetched.consensus.hash, consensus.hash);
    await new Promise<void>((resolve) => clock.at(milliseconds(clock.now() + 20), resolve));
  }
  assert.fail(lines.join("\n"));
});

test("whoever holds links to an authority and asks nothing keeps nobody from asking", async (t) => {
  const { dialAs, client, authority } = await runOne(t, { room: { strangers: 2 } });
  const dial = dialAs(seedOf("node"));
  const silent = [await dial(), await dial(), await dial()];
  await new Promise<void>((resolve) => silent[0]?.onClose(() => resolve()));
  assert.equal((await client.fetchFrom(authority, "current")).consensus, undefined);
  for (const link of silent) link.close();
});

test("another authority keeps as many links as it can need: one more ends its oldest and nobody else's", async (t) => {
  const { dialAs, made, client, authority } = await runOne(t, {});
  const stranger = await dialAs(seedOf("node"))();
  const dial = dialAs(made.linkSeeds[1] as Uint8Array);
  const links: Link[] = [];
  for (let n = 0; n <= linksOfAuthorityMax(made.network); n++) links.push(await dial());
  const closed = new Set<Link>();
  await new Promise<void>((resolve) => {
    for (const link of [stranger, ...links]) link.onClose(() => resolve(void closed.add(link)));
  });
  assert.equal((await client.fetchFrom(authority, "current")).consensus, undefined);
  assert.deepEqual(closed, new Set(links.slice(0, 1)));
  for (const link of [stranger, ...links]) link.close();
});

test("a node's slow download of a long list ends while strangers open links and ask for lists without end", async (t) => {
  const { dialAs } = await runOne(t, { room: { strangers: 4, strangersBytes: 40e6 }, list: longList });
  const question = encodeFrame({ type: "fetchConsensus", epoch: "current" }, NO_PACKETS);
  const slow = await dialAs(seedOf("mix0/link"))();
  const ended = new Promise<string>((resolve) => slow.onClose(resolve));
  slow.send(question);
  const stranger = dialAs(seedOf("stranger"));
  const strangers: Link[] = [];
  t.after(() => [slow, ...strangers].forEach((link) => link.close({ isDead: true })));
  for (let n = 0; n < 12; n++) {
    const link = await stranger();
    if (n % 2 === 0) link.send(question);
    strangers.push(link);
  }
  await Promise.race(strangers.map((link) => new Promise<void>((resolve) => link.onClose(() => resolve()))));
  const pieces: number[] = [];
  const came = new Promise<number>((resolve) =>
    slow.onFrame((frame) => resolve(frame.length), { onPiece: (so) => void pieces.push(so) }),
  );
  const bytes = await Promise.race([came, ended]);
  assert.ok(typeof bytes === "number" && bytes > 14e6, `${bytes}`);
  const isGrowing = pieces.every((so, at) => so > (pieces[at - 1] ?? 0) && so < bytes);
  assert.ok(
    pieces.length > 10 && isGrowing,
    `who waits for a list hears how much of it is there: ${pieces.slice(0, 20).join(" ")}`,
  );
});

test("a link ends after more questions than anybody has", async (t) => {
  const { dialAs } = await runOne(t, {});
  const link = await dialAs(seedOf("node"))();
  let answers = 0;
  const closed = new Promise<void>((resolve) => link.onClose(() => resolve()));
  const question = encodeFrame({ type: "publishDescriptor", descriptor: new Uint8Array(9) }, NO_PACKETS);
  link.onFrame(() => {
    answers++;
    link.send(question);
  });
  link.send(question);
  await closed;
  assert.equal(answers, QUESTIONS_PER_LINK_MAX);
});

/** Of a thousand nodes with twelve keys each, 15 MB: more than the system takes of a connection on which nobody reads. All have the link key of mix0. */
function longList(made: TestNetwork): Uint8Array {
  const periods = Array.from({ length: 12 }, (_, period) => period);
  const node = testDescriptor(hybrid, { name: "mix0", periods });
  const mixes = Array.from({ length: 1000 }, (_, n): NodeDescriptor => {
    const listed = Uint8Array.from(node.listed);
    // Behind version and role; what nodes signed is not in a list.
    new DataView(listed.buffer).setUint32(2, n);
    return decodeListed(listed, hybrid);
  });
  return signedConsensus(made, hybrid, { layers: [mixes, [], []], providers: [] });
}

/** The first of three authorities, long before genesis. */
async function runOne(t: TestContext, o: { room?: Partial<RoomLimits>; list?: (made: TestNetwork) => Uint8Array }) {
  const clock = new SystemClock();
  const folder = mkdtempSync(join(tmpdir(), "starling-authority-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const parameters = { ...QUICK_PARAMETERS, suite: "xwing" } as const;
  const made = testNetwork({ suite: hybrid, parameters, genesis: milliseconds(clock.now() + 100_000) });
  if (o.list !== undefined) new FileAuthorityStore(folder).putConsensus(epochNumber(0), o.list(made));
  const running = await runAuthority({
    network: made.network,
    keys: { identitySeed: made.identitySeeds[0] as Uint8Array, linkSeed: made.linkSeeds[0] as Uint8Array },
    admitted: [],
    stateDirectory: folder,
    host: "127.0.0.1",
    port: 0,
    suite: hybrid,
    clock,
    random: new SystemRandom(),
    log: new Log({ clock, sink: () => undefined }),
    ...(o.room && { room: o.room }),
  });
  t.after(() => running.close());
  const { address } = running;
  const authority = { ...(made.network.authorities[0] as Authority), address };
  const dialerOf = (identitySeed: Uint8Array) =>
    new TlsDialer({ identitySeed, suite: hybrid, sizes: NO_PACKETS, clock });
  const dialAs = (seed: Uint8Array) => () =>
    dialerOf(seed).dial({ address, expectedKey: authority.linkKey, protocol: "starling-directory/2" });
  const dialer = dialerOf(seedOf("node"));
  const client = new DirectoryClient({
    dialer,
    network: made.network,
    suite: hybrid,
    clock,
    random: new SystemRandom(),
  });
  return { made, authority, dialAs, client };
}
