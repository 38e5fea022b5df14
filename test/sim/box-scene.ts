/** A network with boxes, and what tests do with a client's: look at what it keeps of them, and put something into one. */

import { MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import type { ProviderNode } from "#provider-server/node/provider-node.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { boxIdOf } from "#transport/box/box-id.ts";
import { type Place, placed } from "#transport/box/place.ts";
import { decodeBoxes, type OwnBox } from "#transport/client/boxes/own-box.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type MailboxId, type MessageId, messageId, type NodeId, seconds, type SurbId } from "#transport/core/units.ts";
import { encodeFragment, type FragmentKind } from "#transport/fragment/fragment.ts";
import { fragmentHash, seal } from "#transport/fragment/seal.ts";
import { split } from "#transport/fragment/split.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import type { SimClient } from "./sim-client.ts";
import { SIM_PARAMETERS, World, type WorldOptions } from "./world.ts";

export const BOX_PARAMETERS: Parameters = { ...SIM_PARAMETERS, boxReplies: 2 };

export function boxWorld(options: WorldOptions): Promise<World> {
  return World.create({ parameters: BOX_PARAMETERS, providers: ["a", "b", "c"], ...options });
}

/** What the client has on its disk. */
export async function boxesOf(client: SimClient): Promise<readonly OwnBox[]> {
  const bytes = await client.store.boxes();
  return bytes === undefined ? [] : decodeBoxes(bytes).boxes;
}

/** Whether loops have shown this box to give nothing. */
export async function isFoundOut(client: SimClient, { secret }: OwnBox): Promise<boolean> {
  return (await boxesOf(client)).some((box) => box.isLost && equalBytes(box.secret, secret));
}

/** Until the client's disk has a box that was announced; the newest of those that `isWanted`. */
export async function untilBox(
  world: World,
  client: SimClient,
  isWanted: (box: OwnBox) => boolean = () => true,
): Promise<OwnBox> {
  for (let waited = 0; waited < 1200; waited += 5) {
    const known = (await boxesOf(client)).filter((box) => box.era !== undefined && isWanted(box));
    const [newest] = known.toSorted((a, b) => (b.until ?? 0) - (a.until ?? 0));
    if (newest !== undefined) return newest;
    await world.clock.runFor(seconds(5));
  }
  throw new Error("no box within 20 minutes");
}

/** The name of the provider with this id, one that runs. */
export function providerNamed(world: World, id: NodeId): string {
  const name = world.providerNames.find((one) => {
    const node: ProviderNode | undefined = world.provider(one);
    return node !== undefined && equalBytes(node.nodeId, id);
  });
  if (name === undefined) throw new Error("no such provider");
  return name;
}

/** A message of one piece or several, sealed to the client's newest key: what its writer's packets would carry. */
export async function sealedTo(
  world: World,
  client: SimClient,
  o: {
    readonly body: Uint8Array;
    readonly seed: string;
    readonly kind?: FragmentKind;
    /** Of a message; drawn and none unless given. */
    readonly id?: MessageId;
    readonly place?: Place;
  },
): Promise<Uint8Array[]> {
  const { suite, parameters } = world;
  const geometry = geometryOf(parameters);
  const random = new SeededRandom(o.seed);
  const now = world.clock.now();
  const key = (await client.store.mailboxKeys()).find(({ validFrom }) => validFrom <= now);
  if (key === undefined) throw new Error("no mailbox key");
  const step = parameters.fragmentStep;
  const { kind = "message", id = messageId(random.bytes(16)) } = o;
  const body = kind === "message" ? placed(o.place, o.body) : o.body;
  return split({ suite, geometry, step, kind, messageId: id, body }).map((fragment) => {
    const plaintext = encodeFragment(geometry, fragment, random);
    return seal({ suite, geometry, mailboxKey: key.publicKey, plaintext, random });
  });
}

/** Where packets bring something: a box, or the mailbox of somebody at provider a. */
type Target = OwnBox | { readonly mailboxOf: SimClient };

/** Puts payloads there as if packets had brought them, without a packet. */
export function putInto(world: World, target: Target, payloads: readonly Uint8Array[]): void {
  const { clock, suite, parameters } = world;
  const geometry = geometryOf(parameters);
  const store = new MailboxStore({
    database: world.database("mailboxOf" in target ? "a" : providerNamed(world, target.providerId)),
    clock,
    log: keptLog(clock).log,
    quota: { fragments: 8192, replies: 64, boxFragments: 2048, boxBytes: geometry.sealedBytes },
    roomSpan: parameters.epoch.duration,
    retention: parameters.retention,
    knownTime: () => clock.now(),
    onDrop: (reason) => {
      throw new Error(reason);
    },
  });
  const mailboxId = "mailboxOf" in target ? mailboxIdOf(target.mailboxOf) : boxIdOf(suite, target.secret);
  for (const body of payloads) {
    const surbId = new Uint8Array(16) as SurbId;
    store.deliver({ mailboxId, kind: "fragment", surbId, body, hash: fragmentHash(suite, body) });
  }
  store.flush();
}

function mailboxIdOf({ client }: SimClient): MailboxId {
  if (client.account === undefined) throw new Error("no account");
  return client.account.mailboxId;
}
