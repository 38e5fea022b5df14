/** Somebody with two devices at provider b, and Alice at provider a, in a network in which little moves. */

import type { ClientObserver, JoinDeviceOptions } from "#transport/client/types.ts";
import { equalBytes, utf8 } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import { slowWorld, startClient } from "./slow-world.ts";
import type { SimClient } from "./sim-client.ts";
import type { World } from "./world.ts";

export interface Household {
  readonly world: World;
  readonly alice: SimClient;
  readonly laptop: SimClient;
  readonly phone: SimClient;
  readonly extra: Uint8Array;
}

/** Alice at provider a; at b somebody with a laptop and, since a moment ago, a phone. */
export async function household(seed: string): Promise<Household> {
  const world = await slowWorld(seed);
  const alice = await world.join({ name: "alice", provider: "a" });
  const laptop = await world.join({ name: "bob", provider: "b" });
  const { joined: phone, extra } = await join(world, laptop, "phone");
  return { world, alice, laptop, phone, extra };
}

export async function join(world: World, from: SimClient, name: string, observer: ClientObserver = {}) {
  const code = await world.clock.runUntilSettled(
    from.client.offerDevice({ extra: utf8("the program's own") }),
    seconds(60),
  );
  const joined = world.client({ name, provider: "b", observer });
  await startClient(world, joined);
  let extra = new Uint8Array(0);
  const keep: JoinDeviceOptions["keep"] = async (given) => void (extra = given.extra.slice());
  const joining = joined.client.joinDevice({ ...asDevice(world, name), code: ` ${code.toUpperCase()} `, keep });
  await world.clock.runUntilSettled(joining, seconds(120));
  return { code, joined, extra };
}

/** How the device of this name joins, but for the code; its program keeps nothing. */
export function asDevice(world: World, name: string): Omit<JoinDeviceOptions, "code"> {
  return { deviceKey: world.deviceKey(name), name: `the ${name}`, keep: async () => undefined };
}

/** Entries in the mailboxes of people at provider b; what all have read stays in a box for two weeks. */
export function waiting(world: World): number {
  const sql = "SELECT COUNT(*) AS entries FROM entries WHERE mailbox NOT IN (SELECT mailbox FROM boxes)";
  return Number(world.database("b").prepare(sql).get()?.["entries"]);
}

/** Of them replies, whichever device they wait for. */
export function repliesWaiting(world: World): number {
  const sql = "SELECT COUNT(*) AS replies FROM entries WHERE kind = 2";
  return Number(world.database("b").prepare(sql).get()?.["replies"]);
}

/** Whether the device can open what is sealed to the mailbox key. */
export async function knows(client: SimClient, key: Uint8Array): Promise<boolean> {
  return (await client.store.mailboxKeys()).some(({ publicKey }) => equalBytes(publicKey, key));
}
