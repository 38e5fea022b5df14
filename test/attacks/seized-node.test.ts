/**
 * Somebody records all packets and seizes the node later, running, with all its memory: a key that is over is not in it any more,
 * neither as it was made nor in the forms that it was expanded to, and what is there opens nothing that is older than a key's life.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MixNode } from "#provider-server/mix/mix-node.ts";
import { FilePeriodStore } from "#provider-server/mix/period-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SMALL_PARAMETERS, SmallNetwork } from "#test/support/small-network.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds, perSecond } from "#transport/core/units.ts";
import type { Decapsulator } from "#transport/crypto/suite.ts";
import { keyPeriodInUse, keyPeriodLength } from "#transport/directory/epochs.ts";
import type { MixKeys } from "#transport/sphinx/packet.ts";

const child = fileURLToPath(new URL("./support/key-child.ts", import.meta.url));

for (const suite of ["xwing", "x25519"] as const) {
  test(`after its period no part of a key of ${suite} is in the node's memory or folder`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "starling-seized-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", child, folder, suite]);
    const { before, after } = JSON.parse(stdout) as Record<"before" | "after", Record<string, number>>;
    // The search finds what is there: without it, finding nothing later would say nothing.
    assert.ok(
      Object.values(before).some((count) => count > 0),
      stdout,
    );
    for (const [secret, count] of Object.entries(after)) assert.equal(count, 0, `${secret}: ${stdout}`);
    assert.deepEqual(readdirSync(folder), []);
  });
}

const MINUTE = 60_000;

test("a live network's mix that is seized opens what was recorded in the last twenty minutes, and nothing older, whenever it is seized", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-seized-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { epoch, profiles, tokens } = LIVE_PARAMETERS;
  const net = await SmallNetwork.create({
    parameters: {
      ...SMALL_PARAMETERS,
      epoch,
      profiles,
      tokens: { ...tokens, perProvider: 0 },
      nodeLoopRate: perSecond(1 / 600),
    },
  });
  t.after(() => net.stop());
  const victim = new MixNode({ ...net.dependencies("mix9"), periodStore: new FilePeriodStore(join(folder, "memory")) });
  t.after(() => victim.stop());
  victim.start();
  await net.start();

  const { network } = net.authority;
  const random = new SeededRandom("senders");
  const recorded: { at: number; packet: Uint8Array }[] = [];
  const ages: number[] = [];
  const until = network.genesis + 5 * epoch.duration;
  for (let now = network.genesis + MINUTE / 2; now < until; now += MINUTE / 2) {
    await net.clock.runUntil(milliseconds(now));
    recorded.push({ at: now, packet: packetNow() });
    const keys = seized();
    const opened = recorded.filter(({ packet }) => opens(packet, keys));
    ages.push(now - (opened[0] as (typeof opened)[number]).at);
    for (const key of keys.values()) key.destroy();
  }
  const most = keyPeriodLength(network) + epoch.keyLead + epoch.overlap;
  assert.equal(most, 20 * MINUTE);
  assert.ok(Math.max(...ages) < most, `${Math.max(...ages) / MINUTE} minutes`);
  // It is the search that finds: just before a key goes, it opens all of its life.
  assert.ok(Math.max(...ages) > most - MINUTE, `${Math.max(...ages) / MINUTE} minutes`);

  /** As a sender wraps it now, by what the mix has published. */
  function packetNow(): Uint8Array {
    const period = keyPeriodInUse(network, net.clock.now());
    const { nodeId } = victim;
    const published = net.authority.published.findLast(
      ({ descriptor }) => descriptor.operator === "mix9" && descriptor.mixKeys.has(period),
    );
    const mixKey = published?.descriptor.mixKeys.get(period);
    assert.ok(mixKey !== undefined);
    const path = { period, hops: [{ nodeId, mixKey, delay: milliseconds(0) }] };
    const destination = { command: "drop", recipient: random.bytes(32) } as const;
    const payload = random.bytes(victim.sphinx.geometry.payloadBytes);
    return victim.sphinx.wrap({ path, destination, payload, random }).packet;
  }

  /** Every key that lies in its folder. */
  function seized(): Map<number, Decapsulator> {
    const copy = join(folder, "copy");
    cpSync(join(folder, "memory"), copy, { recursive: true });
    const keys = new Map<number, Decapsulator>();
    for (const { period, privateKey, log } of new FilePeriodStore(copy).load()) {
      log.close();
      keys.set(period, net.suite.kem.open(privateKey));
    }
    rmSync(copy, { recursive: true });
    return keys;
  }

  function opens(packet: Uint8Array, keys: ReadonlyMap<number, Decapsulator>): boolean {
    const held: MixKeys = { get: (period) => keys.get(period) };
    try {
      victim.sphinx.unwrap(packet, held, victim.nodeId);
      return true;
    } catch {
      return false;
    }
  }
});
