/** Devices whose joining goes wrong on the way, and somebody who uses a code and says nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TransportClient } from "#transport/client/client.ts";
import type { Device } from "#transport/client/types.ts";
import { seconds } from "#transport/core/units.ts";
import { decodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { forwardingLink } from "#test/support/forwarding-link.ts";
import { asDevice, household } from "./household.ts";
import { days, startClient, until } from "./slow-world.ts";

test("a join that fails half-way is seen, also when the code is over, until it is removed or done with another code", async () => {
  const { world, laptop } = await household("half-way");
  const ask = <T>(question: Promise<T>): Promise<T> => world.clock.runUntilSettled(question, seconds(60));
  const listed = async () => {
    const devices = await ask(laptop.client.devices());
    const count = (state: (device: Device) => boolean) => devices.filter(state).length;
    return [count((d) => !d.isJoining && !d.isUnfinished), count((d) => d.isJoining), count((d) => d.isUnfinished)];
  };
  const code = await ask(laptop.client.offerDevice({ extra: new Uint8Array(0) }));
  const tablet = world.client({ name: "tablet", provider: "b" });
  await startClient(world, tablet);
  const failing = { ...asDevice(world, "tablet"), keep: cannotKeep };
  await assert.rejects(ask(tablet.client.joinDevice({ ...failing, code })), /disk is full/);
  assert.deepEqual(await listed(), [2, 1, 0]);
  await world.clock.runFor(seconds(15 * 60));
  assert.deepEqual(await listed(), [2, 0, 1]);
  await assert.rejects(ask(tablet.client.joinDevice({ ...asDevice(world, "tablet"), code })), { code: "REFUSED" });

  const another = await ask(laptop.client.offerDevice({ extra: new Uint8Array(0) }));
  await ask(tablet.client.joinDevice({ ...asDevice(world, "tablet"), code: another }));
  await world.clock.runFor(days(1));
  assert.deepEqual(await listed(), [3, 0, 0]);
  await world.stop();
});

test("a code that was used and not finished with is removed like a device, and new keys follow that its user has not", async () => {
  const { world, laptop } = await household("thief");
  const ask = <T>(question: Promise<T>): Promise<T> => world.clock.runUntilSettled(question, seconds(60));
  const code = await ask(laptop.client.offerDevice({ extra: new Uint8Array(0) }));
  const thief = world.client({ name: "thief", provider: "b" });
  await startClient(world, thief);
  await assert.rejects(ask(thief.client.joinDevice({ ...asDevice(world, "thief"), keep: cannotKeep, code })), /disk/);
  await world.clock.runFor(days(2));
  const unfinished = (await ask(laptop.client.devices())).filter((device) => device.isUnfinished);
  assert.deepEqual([unfinished.length, unfinished[0]?.name], [1, undefined]);
  const { deviceKey } = unfinished[0] ?? {};
  assert.ok(deviceKey);
  const { secret } = (await laptop.store.mailboxRatchet()) ?? {};
  await ask(laptop.client.removeDevice({ deviceKey }));
  await world.clock.runFor(days(1));
  assert.notDeepEqual((await laptop.store.mailboxRatchet())?.secret, secret);
  assert.equal((await ask(laptop.client.devices())).length, 2);
  await world.stop();
});

test("a device that joins again and hears no last answer is let in by the next code, without being started anew", async () => {
  const { world, laptop } = await household("last answer");
  const ask = <T>(question: Promise<T>): Promise<T> => world.clock.runUntilSettled(question, seconds(120));
  const offer = () => ask(laptop.client.offerDevice({ extra: new Uint8Array(0) }));
  const sizes = geometry(world.network.parameters);
  let isDeaf = false;
  const isHeard = (bytes: Uint8Array): boolean =>
    !isDeaf ||
    decodeFrame(bytes.slice(), { protocol: "starling-client/2", direction: "toDialer", sizes }).type !==
      "controlAnswer";
  const halfDeaf = (link: Link): Link =>
    forwardingLink(link, {
      onFrame: (handler) => link.onFrame((bytes) => (isHeard(bytes) ? handler(bytes) : undefined)),
    });
  const tablet = world.client({
    name: "tablet",
    provider: "b",
    make: (o) =>
      new TransportClient({ ...o, dialer: { dial: async (target) => halfDeaf(await o.dialer.dial(target)) } }),
  });
  const joining = asDevice(world, "tablet");
  await startClient(world, tablet);
  await ask(tablet.client.joinDevice({ ...joining, code: await offer() }));
  await ask(laptop.client.removeDevice({ deviceKey: joining.deviceKey }));
  await until(world, () => tablet.client.status().state === "removed");

  const keep = async (): Promise<void> => void (isDeaf = true);
  await assert.rejects(ask(tablet.client.joinDevice({ ...joining, keep, code: await offer() })), {
    code: "PROVIDER_DOWN",
  });
  isDeaf = false;
  assert.equal(tablet.client.status().state, "removed");
  await world.clock.runFor(seconds(15 * 60));
  assert.equal((await ask(laptop.client.devices())).length, 3, "its provider has it in the account");
  await assert.rejects(ask(laptop.client.offerDevice({ extra: new Uint8Array(0) })), { code: "TOO_MANY_DEVICES" });
  await ask(laptop.client.removeDevice({ deviceKey: world.deviceKey("phone") }));
  await ask(tablet.client.joinDevice({ ...joining, code: await offer() }));
  assert.equal(tablet.client.status().state, "mixing");
  assert.equal((await ask(laptop.client.devices())).length, 2);
  await world.stop();
});

const cannotKeep = (): Promise<never> => Promise.reject(new Error("the disk is full"));
