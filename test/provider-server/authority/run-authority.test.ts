/** Three authorities over TLS on 127.0.0.1 with real time, disk and nodes' requests. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type RunningAuthority, runAuthority } from "#provider-server/authority/run-authority.ts";
import { Log } from "#provider-server/observe/log.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { seedOf, testAdmission, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import type { Authority } from "#transport/directory/model.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";

const suite = await loadSuite("x25519", "native");
const NODES = ["mix0", "mix1", "mix2", "mix3", "mix4", "mix5", "a", "b"];

test("authorities over TLS agree within seconds, one of them down, and one restarted has the result", async (t) => {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const folder = mkdtempSync(join(tmpdir(), "starling-authority-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const addresses = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  const genesis = milliseconds(clock.now() + 5000);
  const made = testNetwork({ suite, genesis, bootstrap: milliseconds(2500), addresses });
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

  const dialer = new TlsDialer({ identitySeed: seedOf("node"), sizes: { packetBytes: 0, payloadBytes: 0 }, clock });
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
  const clock = new SystemClock();
  const folder = mkdtempSync(join(tmpdir(), "starling-authority-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const made = testNetwork({ suite, genesis: milliseconds(clock.now() + 100_000) });
  const running = await runAuthority({
    network: made.network,
    keys: { identitySeed: made.identitySeeds[0] as Uint8Array, linkSeed: made.linkSeeds[0] as Uint8Array },
    admitted: [],
    stateDirectory: folder,
    host: "127.0.0.1",
    port: 0,
    suite,
    clock,
    random: new SystemRandom(),
    log: new Log({ clock, sink: () => undefined }),
    strangersMax: 2,
  });
  t.after(() => running.close());
  const dialer = new TlsDialer({ identitySeed: seedOf("node"), sizes: { packetBytes: 0, payloadBytes: 0 }, clock });
  const { address } = running;
  const authority = { ...(made.network.authorities[0] as Authority), address };
  const dial = () => dialer.dial({ address, expectedKey: authority.linkKey, protocol: "starling-directory/1" });
  const silent = [await dial(), await dial(), await dial()];
  await new Promise<void>((resolve) => silent[0]?.onClose(() => resolve()));
  const client = new DirectoryClient({ dialer, network: made.network, suite, clock, random: new SystemRandom() });
  assert.equal((await client.fetchFrom(authority, "current")).consensus, undefined);
  for (const link of silent) link.close();
});
