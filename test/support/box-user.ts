/** Somebody with an account at provider a and boxes at b, packet by packet: for tests of the server alone. */

import assert from "node:assert/strict";
import { boxIdOf, readerIdOf } from "#transport/box/box-id.ts";
import {
  BOX_SERVICE,
  type Collected,
  decodeCollected,
  decodeOpened,
  encodeCollect,
  encodeOpen,
  type Opened,
} from "#transport/box/requests.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type MailboxId, mailboxId, milliseconds, type NodeId, seconds, surbId } from "#transport/core/units.ts";
import { choosePath, chooseReplyPath } from "#transport/directory/path.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { SmallNetwork } from "./small-network.ts";
import { TestDevice } from "./test-device.ts";

export interface Packet {
  readonly firstHop: NodeId;
  readonly packet: Uint8Array;
}

/** What came for one collect, by the number of its answer. */
export type Answers = ReadonlyMap<number, Collected>;

export class BoxUser {
  readonly device: TestDevice;
  readonly random: SeededRandom;
  readonly secret: Uint8Array;
  readonly replyId: Uint8Array;
  readonly #net: SmallNetwork;
  readonly #sphinx: Sphinx;
  /** Of SURBs that are out, what opens their replies. */
  readonly #open = new Map<string, (body: Uint8Array) => void>();
  #cursor = 0;

  static async join(net: SmallNetwork, name: string): Promise<BoxUser> {
    const device = await TestDevice.connect(net, { name, provider: "a" });
    const { account } = await device.signUp(name);
    assert.ok(account !== undefined);
    const user = new BoxUser(net, device, name);
    await device.publish({ name, provider: "a", mailbox: account.mailboxId, replyId: user.replyId });
    return user;
  }

  private constructor(net: SmallNetwork, device: TestDevice, name: string) {
    this.#net = net;
    this.#sphinx = net.mixes[0]?.sphinx as Sphinx;
    this.device = device;
    this.random = new SeededRandom(`${name}/box user`);
    this.secret = this.random.bytes(32);
    this.replyId = this.random.bytes(32);
  }

  get boxId(): MailboxId {
    return boxIdOf(this.#net.suite, this.secret);
  }

  send({ firstHop, packet }: Packet): void {
    this.device.sendPacket(firstHop, packet);
  }

  /** Opens a box and waits for the answer; undefined when none comes. */
  async open(o: { secret?: Uint8Array; token?: Uint8Array } = {}): Promise<Opened | undefined> {
    const { packet, opened } = this.opening(o);
    this.send(packet);
    await this.read();
    return opened();
  }

  /** The packet, not sent. */
  opening({ secret = this.secret, token }: { secret?: Uint8Array; token?: Uint8Array }): {
    packet: Packet;
    opened: () => Opened | undefined;
  } {
    let came: Opened | undefined;
    const surb = this.#surb((body) => {
      came = decodeOpened(body);
    });
    return { packet: this.#request(encodeOpen({ secret }), surb, token), opened: () => came };
  }

  /** A collect's packet, not sent, and what will have come for it. */
  collect(
    o: { secret?: Uint8Array; cursor?: number; taken?: bigint; delays?: readonly number[] } = {},
  ): Packet & { readonly answers: Answers } {
    const { secret = this.secret, cursor = 0, taken = 0n, delays = [1000, 2000] } = o;
    const { suite } = this.#net;
    const answers = new Map<number, Collected>();
    const [first, ...surbs] = delays.map((_, i) =>
      this.#surb((body) => answers.set(i, decodeCollected(body, this.#sphinx.geometry))),
    );
    const readerId = readerIdOf(suite, secret, this.device.key);
    const body = encodeCollect({ secret, readerId, cursor, taken, delays: delays.map(milliseconds), surbs });
    return { ...this.#request(body, first as Uint8Array), answers };
  }

  /** Waits, then polls until nothing is left, and opens what came. */
  async read(wait = seconds(60)): Promise<void> {
    await this.#net.clock.runFor(wait);
    for (;;) {
      const entry = await this.device.poll(this.#cursor);
      if (entry === undefined || entry.kind === "none") return;
      this.#cursor = entry.cursor;
      this.#open.get(toHex(entry.surbId))?.(entry.body);
    }
  }

  /** A fragment's packet for a box at b. */
  mail(to: MailboxId, payload = this.random.bytes(this.#sphinx.geometry.payloadBytes)): Packet {
    const destination = { command: "mailbox", recipient: to } as const;
    return this.#sphinx.wrap({ path: this.#path(), destination, payload, random: this.random });
  }

  /** A reply's packet from b with this recipient at b itself, whoever it is. */
  replyTo(recipient: MailboxId): Packet {
    const { random } = this;
    const path = chooseReplyPath({ ...this.#way, from: this.#idOf("a"), to: this.#idOf("b") });
    const { surb } = this.#sphinx.createSurb({ path, mailbox: recipient, surbId: surbId(random.bytes(16)), random });
    return this.#sphinx.wrapReply({ surb, body: random.bytes(50), random });
  }

  #request(body: Uint8Array, surb: Uint8Array, token?: Uint8Array): Packet {
    const { random } = this;
    const framed = { service: BOX_SERVICE, surb, body, random, ...(token === undefined ? {} : { token }) };
    const payload = encodeServiceRequest(this.#sphinx.geometry, framed);
    const destination = { command: "service", recipient: serviceId(this.#net.suite, BOX_SERVICE) } as const;
    return this.#sphinx.wrap({ path: this.#path(), destination, payload, random });
  }

  #surb(opened: (body: Uint8Array) => void): Uint8Array {
    const { random } = this;
    const id = surbId(random.bytes(16));
    const path = chooseReplyPath({ ...this.#way, from: this.#idOf("b"), to: this.#idOf("a") });
    const made = this.#sphinx.createSurb({ path, mailbox: mailboxId(this.replyId), surbId: id, random });
    this.#open.set(toHex(id), (payload) => opened(this.#sphinx.openReply({ replyKey: made.replyKey, payload })));
    return made.surb;
  }

  #path() {
    return choosePath({ ...this.#way, from: this.#idOf("a"), destination: this.#idOf("b") });
  }

  get #way() {
    const current = this.#net.providers[0]?.mix.current();
    assert.ok(current !== undefined);
    return { ...current, meanDelay: seconds(1), paths: this.random, delays: this.random };
  }

  #idOf(name: "a" | "b"): NodeId {
    return this.#net.providers[name === "a" ? 0 : 1]?.nodeId as NodeId;
  }
}
