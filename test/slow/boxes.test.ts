/**
 * Real processes in a network with boxes: once two people know each other, what they write lies at a provider that is not the
 * reader's. A box is there some minutes after sign-up, at a time that chance draws. Spec: docs/spec/17-boxes.md
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "#test/integration/support/world.ts";

/** Each takes some ten seconds; the wait for a first box is exponential, with a mean of one minute. */
const MAILS_MAX = 60;

test("first letters go to the mailbox, what follows to a box at another provider, and all of it arrives once", async (t) => {
  const world = await World.start();
  t.after(() => world.stop());
  await world.tell(async () => {
    for (let mails = 1; mails <= MAILS_MAX; mails++) {
      const mail = await world.writeAndFollow(`To the box, or soon, ${mails}`);
      await world.arrives(mail);
      const keepers = [...world.watch.keepers(mail.id)];
      if (mails === 1) assert.deepEqual(keepers, ["b.example"], "a first letter goes to the reader's mailbox");
      if (!keepers.includes("a.example")) continue;
      t.diagnostic(`mail ${mails} is the first that went to a box`);
      await world.arrives(await world.writeAndFollow("And one more"));
      return world.everythingArrivedOnce();
    }
    assert.fail(`${MAILS_MAX} mails went to the reader's mailbox, though all had receipts`);
  });
});
