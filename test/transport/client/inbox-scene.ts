/** An inbox alone, over a store in memory: what comes is sealed to one mailbox key. */

import { Inbox, type InboxDeps } from "#transport/client/inbox.ts";
import type { Recipient, SeenMessage } from "#transport/client/store.ts";
import { type Place, placed } from "#transport/box/place.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type MessageId, mailboxId, messageId, milliseconds, nodeId, seconds, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeFragment, type Fragment } from "#transport/fragment/fragment.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { split } from "#transport/fragment/split.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";

export const suite = await loadSuite("x25519", "native");
export const geometry = geometryOf(SIM_PARAMETERS);
export const random = new SeededRandom("inbox");
const pair = suite.sealKem.generate(random);
export const mailboxKey = suite.sealKem.open(pair.privateKey);

export const WRITER: Recipient = {
  address: "writer@a.example",
  accountKey: random.bytes(32),
  providerId: nodeId(random.bytes(32)),
  mailboxId: mailboxId(random.bytes(32)),
  mailboxKey: pair.publicKey,
  validUntil: milliseconds(1e15),
};

export const PLACE: Place = {
  providerId: nodeId(new Uint8Array(32).fill(1)),
  boxId: mailboxId(new Uint8Array(32).fill(2)),
  until: milliseconds(1e12),
};

export function newId(): MessageId {
  return messageId(random.bytes(16));
}

/** Its fragments, sealed. */
export function messageOf(
  name: MessageId,
  body: Uint8Array,
  { fragmentStep: step }: Parameters = SIM_PARAMETERS,
  place?: Place,
): Uint8Array[] {
  return split({ suite, geometry, step, kind: "message", messageId: name, body: placed(place, body) }).map(sealed);
}

export function sealed(fragment: Fragment): Uint8Array {
  const plaintext = encodeFragment(geometry, fragment, random);
  return seal({ suite, geometry, mailboxKey: pair.publicKey, plaintext, random });
}

export async function setUp(
  parameters: Parameters = SIM_PARAMETERS,
  store = new MemoryClientStore(),
  {
    isLoaded = true,
    makeReady = async () => undefined,
    openSealed = (bytes) => openSeal({ suite, geometry, mailboxKey, sealed: bytes }),
    onReceipt = async () => undefined,
    onLoop = () => undefined,
    onRefused = () => undefined,
    onBoxedRefused = () => undefined,
  }: { isLoaded?: boolean } & Partial<
    Pick<InboxDeps, "makeReady" | "openSealed" | "onReceipt" | "onLoop" | "onRefused" | "onBoxedRefused">
  > = {},
) {
  const clock = new VirtualClock();
  const offered: Uint8Array[] = [];
  const again: SeenMessage[] = [];
  const boxes: Uint8Array[] = [];
  const clockIs = { good: true };
  /** Entries of devices: which were dealt with, and which is refused. */
  const notices: { taken: number[]; refused: number | undefined } = { taken: [], refused: undefined };
  const inbox = new Inbox({
    clock,
    suite,
    geometry,
    parameters,
    store,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    makeReady,
    isClockGood: () => clockIs.good,
    onNotice: async ([number = 0]) => {
      if (number === notices.refused) throw new Error("full");
      notices.taken.push(number);
    },
    openSealed,
    onLoop,
    onRefused,
    onBoxedRefused,
    onReply: () => undefined,
    onBox: async (announcement) => void boxes.push(announcement),
    onReceipt,
    onFragment: () => undefined,
    onMessage: ({ body }) => void offered.push(body),
    onSeenAgain: async (seen) => void again.push(seen),
  });
  if (isLoaded) await inbox.load();
  let cursor = 0;
  /** Puts bodies into the mailbox, behind what was there or from a number on, and reads it. */
  const take = async (bodies: readonly Uint8Array[], from = cursor + 1): Promise<void> => {
    cursor = from - 1;
    for (const body of bodies)
      inbox.take({ cursor: ++cursor, kind: "fragment", surbId: surbId(new Uint8Array(16)), body });
    await clock.runUntilSettled(inbox.idle(), milliseconds(10_000));
  };
  /** Entries of devices with these numbers come; gives the cursor behind which all is done. */
  const give = async (...numbers: readonly number[]): Promise<number> => {
    for (const number of numbers)
      inbox.take({ cursor: number, kind: "notice", surbId: surbId(new Uint8Array(16)), body: Uint8Array.of(number) });
    await clock.runUntilSettled(inbox.idle(), seconds(10));
    return inbox.cursor;
  };
  return { take, give, clock, inbox, store, offered, again, clockIs, notices, boxes };
}
