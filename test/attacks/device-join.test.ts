/**
 * A provider that lets a new device into another account than the one whose owner typed the code: what is written on it would
 * be somebody else's to read and to answer. docs/spec/07-mailbox.md §2.5
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { asDevice, household } from "#test/sim/household.ts";
import { startClient, stopClient } from "#test/sim/slow-world.ts";
import { forwardingLink } from "#test/support/forwarding-link.ts";
import { TransportClient } from "#transport/client/client.ts";
import { sealBundle } from "#transport/client/device-bundle.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { mailboxId, nodeId, seconds } from "#transport/core/units.ts";
import { type ControlAnswer, decodeControlAnswer, encodeControlAnswer } from "#transport/link/control.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import type { Dialer, Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

const other = new Uint8Array(32).fill(7);

test("a provider that names another account than the device which gave the code is refused, and nothing is kept", async () => {
  const { world, laptop, phone } = await household("another account");
  await stopClient(world, phone);
  const sizes = geometry(world.network.parameters);
  /** What comes of a new device's question when its provider changes the answer. */
  async function joining(name: string, lie: (answer: ControlAnswer) => ControlAnswer) {
    const offer = laptop.client.offerDevice({ extra: utf8("the program's own") });
    const code = await world.clock.runUntilSettled(offer, seconds(60));
    const tablet = world.client({
      name,
      provider: "b",
      make: (o) => new TransportClient({ ...o, dialer: through(o.dialer) }),
    });
    await startClient(world, tablet);
    const joined = world.clock.runUntilSettled(
      tablet.client.joinDevice({ ...asDevice(world, name), code }),
      seconds(120),
    );
    return { joined, tablet };

    function through(dialer: Dialer): Dialer {
      return { dial: async (target) => meddledWith(await dialer.dial(target)) };
    }
    function meddledWith(link: Link): Link {
      return forwardingLink(link, { onFrame: (handler) => link.onFrame((bytes) => handler(changed(bytes))) });
    }
    function changed(bytes: Uint8Array): Uint8Array {
      const frame = decodeFrame(bytes.slice(), { protocol: "starling-client/2", direction: "toDialer", sizes });
      if (frame.type !== "controlAnswer") return bytes;
      const body = encodeControlAnswer(lie(decodeControlAnswer(frame.body)));
      return encodeFrame({ ...frame, body }, sizes);
    }
  }
  const cases = [
    { name: "address", lie: named({ address: "mallory@b.example" }), code: "ACCOUNT_DIFFERS" },
    { name: "mailbox", lie: named({ mailboxId: mailboxId(other) }), code: "ACCOUNT_DIFFERS" },
    { name: "provider", lie: named({ providerId: nodeId(other) }), code: "ACCOUNT_DIFFERS" },
    {
      name: "none",
      lie: ({ id, result, body }: ControlAnswer): ControlAnswer => ({ id, result, body }),
      code: "ACCOUNT_DIFFERS",
    },
    {
      name: "bundle",
      lie: (answer: ControlAnswer) => ({
        ...answer,
        body: sealBundle(world.suite, other, answer.body.subarray(0, 9000)),
      }),
      code: "SEAL_FAILED",
    },
  ];
  for (const { name, lie, code } of cases) {
    const { joined, tablet } = await joining(name, lie);
    await assert.rejects(joined, { code }, name);
    assert.equal(await tablet.store.account(), undefined, name);
    assert.deepEqual(await tablet.store.mailboxKeys(), [], name);
    await stopClient(world, tablet);
    // At the provider it is one of the account until the code ends: who sees it in the list may remove it at once.
    const listed = await world.clock.runUntilSettled(laptop.client.devices(), seconds(60));
    assert.deepEqual(
      listed.filter(({ isJoining }) => isJoining).map(({ deviceKey }) => deviceKey),
      [world.deviceKey(name)],
    );
    // As many questions at once have no budget.
    await world.clock.runFor(seconds(15));
    const removed = laptop.client.removeDevice({ deviceKey: world.deviceKey(name) });
    await world.clock.runUntilSettled(removed, seconds(60));
    // The next removal waits until this one's notice has come out of the mailbox.
    await world.clock.runFor(seconds(3600));
  }
  const { joined, tablet } = await joining("honest", (answer) => answer);
  assert.deepEqual(await joined, laptop.client.account);
  assert.ok((await tablet.store.mailboxKeys()).length > 0);
  await world.stop();
});

const named = (change: object) => (answer: ControlAnswer) =>
  answer.account === undefined ? answer : { ...answer, account: { ...answer.account, ...change } };
