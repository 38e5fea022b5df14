/**
 * The provider of somebody's box waits to hear whether a writer asks for what came (`have`), says that it is there, and keeps that, or keeps the
 * rest: mail is asked for, receipts are not. Or it says that it is not there, and keeps what then comes again. Half of the loops are asked for,
 * and go again. Production clients and nodes in a network in which little moves;
 * `test/transport/client/boxes/box-health.test.ts` has the hours of a network for people. Spec: docs/spec/17-boxes.md §6.1, §8
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { boxesOf, isFoundOut, boxWorld, providerNamed } from "#test/sim/box-scene.ts";
import { SLOW_PARAMETERS, startClient, stopClient } from "#test/sim/slow-world.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import type { SimClient } from "#test/sim/sim-client.ts";
import type { World } from "#test/sim/world.ts";
import { boxIdOf } from "#transport/box/box-id.ts";
import type { OwnBox } from "#transport/client/boxes/own-box.ts";
import { equalBytes, toHex } from "#transport/core/bytes.ts";
import { milliseconds, perSecond, seconds } from "#transport/core/units.ts";

const HOUR = 3_600_000;
/** So long it waits for a question: as a provider of a network for people would wait ten minutes. */
const PATIENCE = 1_800_000;

/** Half an hour is longer than most writers wait with their question, and shorter than a loop's patience. A loop goes into a box every six hours. */
const profile = {
  ...SLOW_PARAMETERS.profiles.mail,
  sendRate: perSecond(1 / 120),
  payloadShare: 0.6,
  loopShare: 0.2,
  dropShare: 0.2,
  pollRate: perSecond(1 / 60),
};
const PARAMETERS = {
  ...SLOW_PARAMETERS,
  profiles: { mail: profile, chat: profile },
  epoch: { ...SLOW_PARAMETERS.epoch, duration: milliseconds(2 * HOUR) },
  boxReplies: 2,
};

interface Counts {
  kept: number;
  given: number;
}

for (const keeps of ["is asked for", "is not asked for", "comes again when it says no"] as const) {
  test(`a box's provider that keeps what ${keeps}, and gives the rest, is noticed and left`, async () => {
    const { world, bob, box } = await scene(`keeps what ${keeps}`);
    const isDenying = keeps === "comes again when it says no";
    const counts = isDenying ? denyFirst(world, box) : waitForQuestions(world, { box, keeps });
    const began = world.clock.now();
    let noticed: number | undefined;
    for (let hour = 0; hour < 24 * 6 && noticed === undefined; hour++) {
      await world.clock.runFor(seconds(3600));
      if (await isFoundOut(bob, box)) noticed = (world.clock.now() - began) / (24 * HOUR);
      // What was found out outlives programs, and what was to be asked does not.
      if (hour % 48 === 47) await restart(world, bob);
    }
    const said = `after ${noticed} days, ${counts.kept} kept and ${counts.given} given`;
    assert.ok(noticed !== undefined && counts.kept >= 4 && counts.given >= 1, said);
    await world.stop();
  });
}

test("one that gives what comes half an hour late, asked for or not, is not", async () => {
  const { world, bob, box } = await scene("late");
  const counts = waitForQuestions(world, { box, keeps: "nothing" });
  await world.clock.runFor(milliseconds(24 * 3 * HOUR));
  assert.ok(!(await isFoundOut(bob, box)));
  assert.ok(counts.kept === 0 && counts.given > 6, `${counts.given}`);
  await world.stop();
});

/** Bob at b, with a box elsewhere. */
async function scene(seed: string) {
  const suite = noCryptography();
  const nodeLimits = { aliveInterval: seconds(600) };
  const world = await boxWorld({ seed, providers: ["a", "b", "c"], parameters: PARAMETERS, suite, nodeLimits });
  const bob = await world.join({ name: "bob", provider: "b" });
  for (let hour = 0; hour < 72; hour++) {
    await world.clock.runFor(seconds(3600));
    const box = (await boxesOf(bob)).find(({ era }) => era !== undefined);
    if (box !== undefined) return { world, bob, box };
  }
  throw new Error("no box");
}

async function restart(world: World, client: SimClient): Promise<void> {
  await stopClient(world, client);
  await startClient(world, client);
}

/** What comes into the box is held back until it is asked for, or too old to be; whoever asks is told that it is there. */
function waitForQuestions(
  world: World,
  { box, keeps }: { box: OwnBox; keeps: "is asked for" | "is not asked for" | "nothing" },
): Counts {
  const counts: Counts = { kept: 0, given: 0 };
  const boxId = boxIdOf(world.suite, box.secret);
  const { mailbox } = world.provider(providerNamed(world, box.providerId));
  const deliver = mailbox.deliver.bind(mailbox);
  const have = mailbox.have.bind(mailbox);
  const held = new Set<string>();
  const asked = new Set<string>();
  mailbox.deliver = (arrival) => {
    if (!equalBytes(arrival.mailboxId, boxId)) return deliver(arrival);
    const hash = toHex(arrival.hash);
    held.add(hash);
    world.clock.at(milliseconds(world.clock.now() + PATIENCE), () => {
      const isKept = keeps !== "nothing" && asked.has(hash) === (keeps === "is asked for");
      if (isKept) counts.kept++;
      else {
        counts.given++;
        deliver(arrival);
      }
    });
  };
  mailbox.have = (mailboxId, hashes) => {
    for (const hash of hashes) asked.add(toHex(hash));
    return have(mailboxId, hashes).map((isThere, i) => isThere || held.has(toHex(hashes[i] as Uint8Array)));
  };
  return counts;
}

/** Whoever asks is told that it is not there. What then comes again is mail, and kept in both forms; what does not is given. */
function denyFirst(world: World, box: OwnBox): Counts {
  const counts: Counts = { kept: 0, given: 0 };
  const boxId = boxIdOf(world.suite, box.secret);
  const { mailbox } = world.provider(providerNamed(world, box.providerId));
  const deliver = mailbox.deliver.bind(mailbox);
  const have = mailbox.have.bind(mailbox);
  /** By hash what gives it: what came, and nobody asked for yet. */
  const held = new Map<string, () => void>();
  /** Of what was denied. */
  const denied: (() => void)[] = [];
  const kept = new Set<string>();
  const later = (patience: number, task: () => void): void =>
    void world.clock.at(milliseconds(world.clock.now() + patience), () => task());
  mailbox.deliver = (arrival) => {
    if (!equalBytes(arrival.mailboxId, boxId)) return deliver(arrival);
    const hash = toHex(arrival.hash);
    if (denied.shift() !== undefined) {
      kept.add(hash);
      counts.kept++;
      return;
    }
    held.set(hash, () => {
      counts.given++;
      deliver(arrival);
    });
    later(PATIENCE, () => {
      held.get(hash)?.();
      held.delete(hash);
    });
  };
  mailbox.have = (mailboxId, hashes) =>
    have(mailboxId, hashes).map((isThere, i) => {
      const hash = toHex(hashes[i] as Uint8Array);
      const give = held.get(hash);
      if (give !== undefined) {
        held.delete(hash);
        denied.push(give);
        later(PATIENCE / 3, () => {
          const at = denied.indexOf(give);
          if (at >= 0) denied.splice(at, 1).forEach((it) => it());
        });
      }
      return isThere || kept.has(hash);
    });
  return counts;
}
