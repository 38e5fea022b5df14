/**
 * kill -9 of any process while mail is on its way, then a restart: the mail arrives once, and no old packet is taken again.
 * Real processes, real TLS, cover on, the demo's rates. docs/architecture.md, "What survives what"
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SystemClock } from "#transport/core/system-clock.ts";
import { epochNumber } from "#transport/core/units.ts";
import { epochAt, scheduleOf, sendersChange } from "#transport/directory/epochs.ts";
import { World } from "./support/world.ts";

/** A mail of so much noise is seven packets. */
const SEVERAL_PACKETS = 100_000;
const WAIT_SECONDS = 120;

describe("kill -9 while mail is on its way", () => {
  let world: World;
  let started: World | undefined;

  before(async () => {
    world = started = await World.start();
  });

  after(() => started?.stop());

  const scenario = (name: string, run: () => Promise<void>): void => void it(name, () => world.tell(run));

  // Side by side, for what was lost comes again after minutes at worst; the kills themselves take turns.
  describe("the mail arrives once when it hits", { concurrency: 16 }, () => {
    for (const layer of [1, 2, 3]) {
      scenario(`a mix of layer ${layer} that holds a fragment; the mix then goes on and changes keys`, async () => {
        const { watch } = world;
        const killed = await world.inTurn(async () => {
          const mail = await world.writeAndFollow(`Through a mix of layer ${layer}`);
          const name = await watch.until(`layer ${layer} to hold a fragment`, WAIT_SECONDS, () =>
            watch.holder(mail.id, layer),
          );
          const period = watch.node(name).forwardedPeriod;
          await world.killNode(name);
          return { mail, name, period };
        });
        await Promise.all([
          world.arrives(killed.mail),
          watch.until(
            `${killed.name} to send on packets of a key period after ${killed.period}`,
            WAIT_SECONDS,
            () => watch.node(killed.name).forwardedPeriod > killed.period,
          ),
        ]);
      });
    }

    scenario("the reader's provider, with some fragments in the mailbox and others on their way", async () => {
      const mail = await world.inTurn(async () => {
        const written = await world.writeAndFollow("Half in the mailbox", SEVERAL_PACKETS);
        await world.watch.until("a fragment in the mailbox", WAIT_SECONDS, () => world.watch.stored(written.id) >= 1);
        await world.killNode("b.example");
        return written;
      });
      await world.arrives(mail);
    });

    scenario("the writer's provider, between two fragments", async () => {
      const mail = await world.inTurn(async () => {
        const written = await world.writeAndFollow("Past a provider that went away", SEVERAL_PACKETS);
        await world.watch.until("two fragments to leave", WAIT_SECONDS, () => world.watch.sent(written.id) >= 2);
        await world.killNode("a.example");
        return written;
      });
      await world.arrives(mail);
    });

    scenario("the reader's provider with the whole mail in the mailbox, while the reader is away", async () => {
      const { alice, bob, watch } = world;
      const mail = await world.inTurn(() =>
        bob.killedWhile(async () => {
          const written = await world.writeAndFollow("Waiting in the mailbox", SEVERAL_PACKETS);
          const fragments = (await alice.journey(written.sent.messageId))?.fragments ?? 0;
          assert.ok(fragments > 1, "the mail is cut into several fragments");
          await watch.until(
            "the whole mail in the mailbox",
            WAIT_SECONDS,
            () => watch.stored(written.id) === fragments,
          );
          assert.equal(watch.fetched(written.id), 0, "nobody has polled");
          await world.killNode("b.example");
          return written;
        }),
      );
      await world.arrives(mail);
    });

    scenario("the writer's desktop, right after its window said that the mail is queued", async () => {
      const mail = await world.inTurn(async () => {
        const written = await world.write("Queued, then nothing");
        await world.alice.killAndRestart();
        await written.messageId();
        return written;
      });
      await world.arrives(mail);
    });

    scenario("the writer's desktop, between two fragments", async () => {
      const mail = await world.inTurn(async () => {
        const written = await world.writeAndFollow("Written in two lives", SEVERAL_PACKETS);
        await world.watch.until("two fragments to leave", WAIT_SECONDS, () => world.watch.sent(written.id) >= 2);
        await world.alice.killAndRestart();
        return written;
      });
      await world.arrives(mail);
    });

    scenario("the reader's desktop, with some fragments fetched", async () => {
      const mail = await world.inTurn(async () => {
        const written = await world.writeAndFollow("Read in two lives", SEVERAL_PACKETS);
        await world.watch.until(
          "two fragments to be fetched",
          WAIT_SECONDS,
          () => world.watch.fetched(written.id) >= 2,
        );
        await world.bob.killAndRestart();
        return written;
      });
      await world.arrives(mail);
    });

    scenario("the reader's desktop, as the last fragment came and again as the mail was shown", async () => {
      const mail = await world.inTurn(async () => {
        const written = await world.writeAndFollow("Whole, then nothing");
        await world.watch.until(
          "the fragment to be fetched",
          WAIT_SECONDS,
          () => world.watch.fetched(written.id) === 1,
        );
        await world.bob.killAndRestart();
        await world.shown(written);
        await world.bob.killAndRestart();
        return written;
      });
      await world.arrives(mail);
    });

    scenario("an authority while the next epoch is agreed on; it then signs again", async () => {
      const { network, watch } = world;
      const clock = new SystemClock();
      const at = (time: number, what: string) =>
        watch.until(what, WAIT_SECONDS, () => clock.now() >= time && clock.now());
      let epoch = epochNumber(epochAt(network.network, clock.now()) + 1);
      while (scheduleOf(network.network, epoch).vote <= clock.now()) epoch = epochNumber(epoch + 1);
      const { vote, publish, step } = scheduleOf(network.network, epoch);
      await at(vote + step / 2, "the votes");
      await network.processes.get("authority-1")?.crash();
      await at(publish, "the consensus");
      await network.restart("authority-1");

      const missed = await world.askAuthority("authority-1", epoch);
      assert.equal(missed.consensus.signatures.has(missed.authority), false, "it was down, and signed nothing");
      await at(sendersChange(network.network, epoch), "the new list to be used");
      const mail = await world.inTurn(() => world.writeAndFollow("In an epoch that two authorities made"));
      await world.arrives(mail);
      const next = await world.askAuthority("authority-1", epochNumber(epoch + 1));
      assert.equal(next.consensus.signatures.has(next.authority), true, "it signs again");
    });
  });

  scenario("afterwards every mail is in the reader's store once, and no node has taken a packet twice", () =>
    world.everythingArrivedOnce(),
  );
});
