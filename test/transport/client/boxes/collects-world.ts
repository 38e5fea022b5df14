/** Collects over the boxes of a list of nodes, with answers as the test says. */

import assert from "node:assert/strict";
import { collectDelayMax } from "#transport/box/limits.ts";
import { type Collected, type CollectRequest, decodeBoxRequest, encodeCollected } from "#transport/box/requests.ts";
import { Collects, type CollectsDeps } from "#transport/client/boxes/collects.ts";
import type { ReplyBlockEvent } from "#transport/client/types.ts";
import {
  keyPeriodNumber,
  type MailboxId,
  mailboxId,
  milliseconds,
  type NodeId,
  type SurbId,
} from "#transport/core/units.ts";
import { chooseReplyPath } from "#transport/directory/path.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import type { Path } from "#transport/sphinx/packet.ts";
import { decodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { type BoxesWorld, boxesWorld, CONSENSUS, idOf, parameters, START, suite } from "./boxes-world.ts";

export const geometry = geometryOf(parameters);
export const current = { consensus: CONSENSUS, period: keyPeriodNumber(0) };
export const REPLY_ID = mailboxId(new Uint8Array(32).fill(5));

/** Opens a reply under the key by its first bytes alone: what the mixes do to a reply is tested elsewhere. */
class OpenSphinx extends Sphinx {
  readonly blocks: { id: SurbId; mailbox: MailboxId; path: Path; replyKey: Uint8Array }[] = [];

  override createSurb(options: Parameters<Sphinx["createSurb"]>[0]): ReturnType<Sphinx["createSurb"]> {
    const made = super.createSurb(options);
    const { surbId: id, mailbox, path } = options;
    this.blocks.push({ id, mailbox, path, replyKey: made.replyKey });
    return made;
  }

  override openReply({ payload }: { payload: Uint8Array }): Uint8Array {
    return payload;
  }
}

export async function setUp(seed: string, change: Partial<CollectsDeps> = {}, world?: BoxesWorld) {
  const { clock, boxes, chance } = world ?? (await boxesWorld(seed));
  const sphinx = new OpenSphinx({ suite, geometry });
  const [paths, delays] = [new SeededRandom(`${seed}/paths`), new SeededRandom(`${seed}/delays`)];
  const events: ReplyBlockEvent[] = [];
  const taken: { sealed: Uint8Array; done: (isDone: boolean) => void }[] = [];
  const meanDelay = parameters.profiles.mail.meanDelay;
  const deps: CollectsDeps = {
    clock,
    boxes,
    sphinx,
    parameters,
    profile: () => parameters.profiles.mail,
    chance,
    keys: new SeededRandom(`${seed}/surbs`),
    padding: new SeededRandom(`${seed}/padding`),
    replyPath: (from) => ({
      path: chooseReplyPath({ ...current, meanDelay, paths, delays, from, to: idOf("own") }),
      until: milliseconds(START + 1e6),
    }),
    replyTo: () => REPLY_ID,
    coverKey: () => new Uint8Array(1216),
    coverPlaintext: () => new Uint8Array(geometry.fragmentBytes),
    reaches: () => true,
    health: { asked: () => undefined, answered: () => undefined, returned: () => undefined },
    take: (sealed) => new Promise((done) => taken.push({ sealed, done })),
    onReplyBlock: (event) => events.push(event),
    ...change,
  };
  const collects = new Collects(deps);
  const make = (): { request: CollectRequest; provider: NodeId; ids: SurbId[] } => {
    const before = sphinx.blocks.length;
    const { content, provider, settled } = collects.make(current);
    settled({ hash: new Uint8Array(16), tags: [], at: clock.now() });
    assert.deepEqual(content.destination, { command: "service", recipient: serviceId(suite, "box") });
    const { service, body, token } = decodeServiceRequest(geometry, content.request as Uint8Array);
    assert.equal(service, "box");
    assert.ok(token.every((byte) => byte === 0));
    const request = decodeBoxRequest(body, {
      boxReplies: deps.parameters.boxReplies,
      surbBytes: geometry.surbBytes,
      delayMax: collectDelayMax(parameters),
    });
    assert.equal(request.kind, "collect");
    return { request, provider, ids: sphinx.blocks.slice(before).map(({ id }) => id) };
  };
  const answer = (id: SurbId | undefined, collected: Collected): boolean =>
    collects.replied(id as SurbId, encodeCollected(collected));
  return { collects, make, answer, sphinx, events, taken, boxes, clock };
}

export async function withBoxes(seed: string, names: readonly ("other" | "third")[]): Promise<BoxesWorld> {
  const world = await boxesWorld(seed);
  for (const [i, name] of names.entries()) {
    const until = milliseconds(START + (i + 1) * 1e8);
    await world.boxes.announced({ secret: new Uint8Array(32).fill(i + 1), providerId: idOf(name), until });
  }
  return world;
}

export const entry = (number: number, next = number): Collected => ({
  what: "entry",
  next,
  number,
  sealed: new Uint8Array(geometry.sealedBytes).fill(number),
});

/** What waits for promises that have settled. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
