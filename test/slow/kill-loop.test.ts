/**
 * Mail after mail through a network of real processes while one of them after another is killed, drawn from a seed: every
 * mail arrives once. The seed fixes what is killed and when in a mail's way; what the machine does in between, it cannot.
 *
 *   STARLING_SEED=… node --test test/slow/kill-loop.test.ts     the same kills again
 */

import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { type OnItsWay, World } from "#test/integration/support/world.ts";
import { below, pick } from "#transport/core/random.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { toHex } from "#transport/core/bytes.ts";

const MAILS = 30;
const ATTACHMENT_BYTES_MAX = 200_000;
const WAIT_SECONDS = 300;

const NODES = ["mix-1", "mix-2", "mix-3", "mix-4", "mix-5", "mix-6", "a.example", "b.example"];
const AUTHORITIES = ["authority-1", "authority-2", "authority-3"];
const VICTIMS = [...NODES, ...AUTHORITIES, "Alice", "Bob"];

const seed = process.env["STARLING_SEED"] ?? toHex(new SystemRandom().bytes(8));

test(`${MAILS} mails arrive once while processes are killed, seed ${seed}`, async () => {
  const random = new SeededRandom(seed);
  const world = await World.start();
  try {
    await world.tell(async () => {
      const onTheirWay: Promise<void>[] = [];
      for (let i = 0; i < MAILS; i++) {
        const mail = await world.writeAndFollow(`Mail ${i}`, below(random, ATTACHMENT_BYTES_MAX));
        // Its failure is told at the end, with all others.
        const arrival = world.arrives(mail);
        arrival.catch(() => undefined);
        onTheirWay.push(arrival);
        await comesAsFarAs(world, mail, pick(random, ["sent", "stored", "fetched"]));
        await kill(world, pick(random, VICTIMS));
      }
      await Promise.all(onTheirWay);
      await world.everythingArrivedOnce();
    });
  } finally {
    await world.stop();
  }
});

function comesAsFarAs(world: World, mail: OnItsWay & { id: string }, stage: "sent" | "stored" | "fetched") {
  return world.watch.until(`a fragment of "${mail.mail.subject}" to be ${stage}`, WAIT_SECONDS, () => {
    return world.watch[stage](mail.id) >= 1;
  });
}

async function kill(world: World, victim: string): Promise<void> {
  if (victim === "Alice") return world.alice.killAndRestart();
  if (victim === "Bob") return world.bob.killAndRestart();
  if (NODES.includes(victim)) return world.killNode(victim);
  await world.network.processes.get(victim)?.crash();
  return world.network.restart(victim);
}
