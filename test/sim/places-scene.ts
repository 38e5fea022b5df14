/** Two people with boxes, and where at providers what one sends to the other comes to lie. */

import { boxIdOf } from "#transport/box/box-id.ts";
import type { Place } from "#transport/box/place.ts";
import type { Journey } from "#transport/client/types.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type MessageId, type Milliseconds, seconds } from "#transport/core/units.ts";
import type { MailboxRecord } from "#transport/directory/mailbox-record.ts";
import { boxesOf, boxWorld, providerNamed, untilBox } from "./box-scene.ts";
import type { ClientOptions, SimClient } from "./sim-client.ts";
import type { World, WorldOptions } from "./world.ts";

export const PATIENCE = seconds(600);

export class PlacesScene {
  readonly world: World;
  readonly alice: SimClient;
  readonly bob: SimClient;
  readonly toAlice: MailboxRecord;
  readonly toBob: MailboxRecord;

  /** Alice at provider a and Bob at b, each with a box at another, and with the other's record. */
  static async create(
    seed: string,
    o: Partial<WorldOptions> & { alice?: Partial<ClientOptions> } = {},
  ): Promise<PlacesScene> {
    const world = await boxWorld({ seed, ...o });
    const alice = await world.join({ name: "alice", provider: "a", ...o.alice });
    const bob = await world.join({ name: "bob", provider: "b" });
    await untilBox(world, alice);
    await untilBox(world, bob);
    const [toBob, toAlice] = [await look(world, alice, bob), await look(world, bob, alice)];
    return new PlacesScene({ world, alice, bob, toAlice, toBob });
  }

  private constructor(o: Pick<PlacesScene, "world" | "alice" | "bob" | "toAlice" | "toBob">) {
    this.world = o.world;
    this.alice = o.alice;
    this.bob = o.bob;
    this.toAlice = o.toAlice;
    this.toBob = o.toBob;
  }

  /** The account key of somebody. */
  keyOf(person: SimClient): Uint8Array {
    return (person === this.bob ? this.toBob : this.toAlice).accountKey;
  }

  recordOf(person: SimClient): MailboxRecord {
    return person === this.bob ? this.toBob : this.toAlice;
  }

  /** Queued, with the place that it was given. */
  async send(from: SimClient, to: SimClient, body: Uint8Array): Promise<{ id: MessageId; place: Place | undefined }> {
    const { clock } = this.world;
    const id = await clock.runUntilSettled(from.client.send({ to: this.recordOf(to), body }), seconds(10));
    return { id, place: await this.placeOf(from, id) };
  }

  async placeOf(from: SimClient, id: MessageId): Promise<Place | undefined> {
    const all = await from.store.outgoing();
    return all.find((message) => toHex(message.id) === toHex(id))?.to.place;
  }

  /** Its reader has it, and says so to whom `record` is of. */
  async read(reader: SimClient, id: MessageId, record: MailboxRecord): Promise<void> {
    const { clock } = this.world;
    await clock.runWhile(() => !reader.received.has(toHex(id)), PATIENCE);
    await clock.runUntilSettled(reader.client.acknowledge({ messageId: id, to: record }), seconds(10));
  }

  /** Sent, read, and known to be delivered; gives where its place was. */
  async deliver(from: SimClient, to: SimClient, body: Uint8Array): Promise<Place | undefined> {
    const { id, place } = await this.send(from, to, body);
    await this.read(to, id, this.recordOf(from));
    await this.until(from, id, "delivered");
    return place;
  }

  async until(
    from: SimClient,
    id: MessageId,
    delivery: Journey["delivery"],
    patience: Milliseconds = PATIENCE,
  ): Promise<void> {
    await this.world.clock.runWhile(() => from.client.journey(id)?.delivery !== delivery, patience);
    if (from.client.journey(id)?.delivery !== delivery) {
      throw new Error(`${from.client.journey(id)?.delivery} in place of ${delivery}`);
    }
  }

  /** In which mailboxes and boxes the sealed forms of its fragments lie or lay that its sender remembers, by hexadecimal name. */
  async lies(from: SimClient, id: MessageId): Promise<Set<string>> {
    const all = await from.store.outgoing();
    const message = all.find((one) => toHex(one.id) === toHex(id));
    const hashes = message?.fragments.flatMap((fragment) => fragment.hashes) ?? [];
    return new Set(hashes.flatMap((hash) => this.#holding(hash)));
  }

  #holding(hash: Uint8Array): string[] {
    const sql = "SELECT mailbox_id FROM hashes JOIN mailboxes ON mailboxes.id = hashes.mailbox WHERE hash = ?";
    return this.world.providerNames.flatMap((name) =>
      this.world
        .database(name)
        .prepare(sql)
        .all(hash)
        .map((row) => toHex(row["mailbox_id"] as Uint8Array)),
    );
  }

  /** Where this person wants to be written to now: the newest box that its disk has. */
  async box(person: SimClient): Promise<{ id: string; at: string }> {
    const [newest] = (await boxesOf(person))
      .filter(({ era, isLost }) => era !== undefined && !isLost)
      .toSorted((a, b) => (b.until ?? 0) - (a.until ?? 0));
    if (newest === undefined) throw new Error("no box");
    return { id: toHex(boxIdOf(this.world.suite, newest.secret)), at: providerNamed(this.world, newest.providerId) };
  }

  mailbox(person: SimClient): string {
    return toHex(person.client.account?.mailboxId as Uint8Array);
  }

  /** A new program on the same disk. */
  async restart(person: SimClient): Promise<void> {
    const { clock } = this.world;
    await clock.runUntilSettled(person.stop(), seconds(60));
    await clock.runUntilSettled(person.start(), seconds(60));
  }
}

async function look(world: World, from: SimClient, { address }: SimClient): Promise<MailboxRecord> {
  const record = await world.clock.runUntilSettled(from.client.lookup(address), seconds(300));
  if (record === undefined) throw new Error(`${address} is not known`);
  return record;
}
