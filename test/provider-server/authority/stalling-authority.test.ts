/** An authority that takes every connection and then says nothing, or begins a list and goes no further, over TLS: what it costs the others, and nodes. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FileAuthorityStore } from "#provider-server/authority/authority-store.ts";
import { runAuthority } from "#provider-server/authority/run-authority.ts";
import { Log } from "#provider-server/observe/log.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { seedOf, signedConsensus, testNetwork } from "#test/support/test-network.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";

const suite = await loadSuite("x25519", "native");
const sizes = { packetBytes: 0, payloadBytes: 0 };
const clock = new SystemClock();
const random = new SystemRandom();
/** Without a step to the next authority after a few seconds it would be 154, or 136. */
const SOON = 20_000;

const STALLS = ["and says nothing", "and begins a list"] as const;
const LIST_BYTES = 1_000_000;
/** More than a handshake, and the time. */
const PASSED_ON = 100_000;

/** The first of three stalls, though it tells the time; the second has a list; the third is the test's. */
async function scene(t: TestContext, stalls: (typeof STALLS)[number]) {
  const [behind, ...ports] = (await freePorts(4)) as [number, ...number[]];
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const made = testNetwork({ suite, genesis: milliseconds(clock.now() + 100_000), addresses });
  const folder = mkdtempSync(join(tmpdir(), "starling-authority-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const portOf = (at: number): number => Number(made.network.authorities[at]?.address.split(":")[1]);
  const asked: unknown[] = [];
  const stalling = await TlsListener.listen({
    identitySeed: made.linkSeeds[0] as Uint8Array,
    suite,
    sizes,
    clock,
    host: "127.0.0.1",
    port: behind,
    protocols: ["starling-directory/2"],
  });
  t.after(() => stalling.close());
  await passOn(t, portOf(0), behind);
  stalling.onLink((link) =>
    link.onFrame((bytes) => {
      const frame = decodeFrame(bytes, { protocol: link.protocol, direction: "fromDialer", sizes });
      if (frame.type !== "fetchConsensus") return;
      asked.push(frame.epoch);
      const time = { type: "consensus", time: clock.now(), bytes: new Uint8Array(0) } as const;
      if (frame.epoch === "time") link.send(encodeFrame(time, sizes));
      else if (stalls === "and begins a list") link.send(encodeFrame({ ...time, room: LIST_BYTES }, sizes));
    }),
  );
  const lines: string[] = [];
  const run = async (at: number): Promise<void> => {
    const running = await runAuthority({
      network: made.network,
      keys: { identitySeed: made.identitySeeds[at] as Uint8Array, linkSeed: made.linkSeeds[at] as Uint8Array },
      admitted: [],
      stateDirectory: join(folder, `${at}`),
      host: "127.0.0.1",
      port: portOf(at),
      suite,
      clock,
      random,
      log: new Log({ clock, sink: (line) => lines.push(`${at} ${line}`) }),
    });
    t.after(() => running.close());
  };
  new FileAuthorityStore(join(folder, "1")).putConsensus(epochNumber(0), signedConsensus(made, suite));
  await run(1);
  return { network: made.network, run, lines, asked };
}

/** Of each connection so many bytes of answers, and then nothing more. */
async function passOn(t: TestContext, port: number, to: number): Promise<void> {
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    let left = PASSED_ON;
    near.pipe(far).on("data", (bytes: Buffer) => {
      near.write(bytes.subarray(0, left));
      left = Math.max(0, left - bytes.length);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on("error", () => undefined).on("close", () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  t.after(() => server.close());
}

for (const stalls of STALLS) {
  test(`an authority that was away has the list soon, whoever takes its link ${stalls} before one gives it`, async (t) => {
    const { run, lines, asked } = await scene(t, stalls);
    const began = clock.now();
    await run(2);
    const hasList = (): boolean => lines.some((line) => line.startsWith("2 ") && line.includes(" consensus epoch=0"));
    while (!hasList()) {
      assert.ok(clock.now() - began < SOON, lines.join("\n"));
      await new Promise<void>((resolve) => clock.at(milliseconds(clock.now() + 100), resolve));
    }
    assert.ok(asked.includes("current"), "the one that stalls was asked");
  });

  test(`a node has the list soon, whichever authority it asks first, also where one takes its link ${stalls}`, async (t) => {
    const { network, asked } = await scene(t, stalls);
    const dialer = new TlsDialer({ identitySeed: seedOf("node"), suite, sizes, clock });
    for (let n = 0; n < 20 && !asked.includes(0); n++) {
      const client = new DirectoryClient({ dialer, network, suite, clock, random });
      const began = clock.now();
      const { consensus } = await client.fetchConsensus(epochNumber(0));
      assert.equal(consensus?.epoch, 0);
      assert.ok(clock.now() - began < SOON, `${clock.now() - began} ms`);
    }
    assert.ok(asked.includes(0), "one of the clients asked the one that stalls first");
  });
}
