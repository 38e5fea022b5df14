import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { keyPeriodNumber, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import type { Hop } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

test("a packet that a mix has taken is refused after kill -9 and restart, and new ones are taken", async (t) => {
  const directory = temporaryDirectory(t);
  const first = await start(t, directory);
  const packets = await makePackets(first.publicKey, 3);
  assert.equal(await first.process(packets[0]), "hold");
  assert.equal(await first.process(packets[1]), "hold");
  assert.equal(await first.process(packets[0]), "REPLAY");
  await first.kill();

  const second = await start(t, directory);
  assert.equal(second.publicKey, first.publicKey, "the key outlives the process");
  assert.equal(await second.process(packets[0]), "REPLAY");
  assert.equal(await second.process(packets[1]), "REPLAY");
  assert.equal(await second.process(packets[2]), "hold");
  await second.kill();
});

test("a mix that lost its memory has lost the key as well, so that old packets mean nothing to it", async (t) => {
  const directory = temporaryDirectory(t);
  const first = await start(t, directory);
  const [packet] = await makePackets(first.publicKey, 1);
  assert.equal(await first.process(packet), "hold");
  await first.kill();
  rmSync(directory, { recursive: true });

  const second = await start(t, directory);
  assert.notEqual(second.publicKey, first.publicKey);
  assert.equal(await second.process(packet), "UNWRAP_FAILED");
  await second.kill();
});

async function start(t: TestContext, directory: string) {
  const program = fileURLToPath(new URL("./support/mix-child.ts", import.meta.url));
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(process.execPath, [program, directory], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => String((await lines.next()).value);
  const publicKey = await nextLine();
  return {
    publicKey,
    async process(packet: Uint8Array | undefined): Promise<string> {
      assert.ok(packet);
      child.stdin.write(`${toHex(packet)}\n`);
      return nextLine();
    },
    /** SIGKILL: no handler of the child runs. */
    async kill(): Promise<void> {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function makePackets(publicKey: string, count: number): Promise<Uint8Array[]> {
  const suite = await loadSuite("x25519", "native");
  const sphinx = new Sphinx({ suite, geometry: geometry({ suite: "x25519", packetBytes: 4096 }) });
  const random = new SeededRandom("packets");
  const last = suite.kem.generate(random).publicKey;
  return Array.from({ length: count }, () => {
    const path = { period: keyPeriodNumber(5), hops: [hop(1, fromHex(publicKey)), hop(2, last)] };
    const payload = random.bytes(sphinx.geometry.payloadBytes);
    return sphinx.wrap({ path, destination: { command: "drop", recipient: random.bytes(32) }, payload, random }).packet;
  });
}

function hop(id: number, mixKey: Uint8Array): Hop {
  return { nodeId: nodeId(new Uint8Array(32).fill(id)), mixKey, delay: milliseconds(100) };
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "starling-replay-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
