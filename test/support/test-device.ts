/** A client's link to its provider, frame by frame: for tests of the server alone. */

import { SeededRandom } from "#test/support/seeded-random.ts";
import { addressOf, type SmallNetwork } from "#test/support/small-network.ts";
import { type MailboxId, type Milliseconds, milliseconds, type NodeId, seconds } from "#transport/core/units.ts";
import { signMailboxRecord } from "#transport/directory/mailbox-record.ts";
import {
  type ControlAnswer,
  type ControlRequest,
  decodeControlAnswer,
  encodeControlRequest,
} from "#transport/link/control.ts";
import { decodeFrame, encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

type Wide<T> = T extends unknown ? Omit<T, "id"> : never;

export class TestDevice {
  readonly key: Uint8Array;
  readonly received: Frame[] = [];
  readonly #net: SmallNetwork;
  readonly #link: Link;
  #requests = 0;

  static async connect(net: SmallNetwork, options: { name: string; provider: "a" | "b" }): Promise<TestDevice> {
    const key = net.suite.ed25519.publicKey(new SeededRandom(`${options.name}/device`).bytes(32));
    const expectedKey = net.dependencies(options.provider).identity.linkKey;
    const dialing = net.links
      .dialer(key)
      .dial({ address: addressOf(options.provider), expectedKey, protocol: "starling-client/2" });
    return new TestDevice(net, key, await net.clock.runUntilSettled(dialing, seconds(1)));
  }

  private constructor(net: SmallNetwork, key: Uint8Array, link: Link) {
    this.#net = net;
    this.key = key;
    this.#link = link;
    link.onFrame((bytes) => {
      const context = { protocol: "starling-client/2", direction: "toDialer", sizes: this.#sizes } as const;
      this.received.push(decodeFrame(bytes, context));
    });
  }

  /** Sends a frame and gives what came within `wait`. */
  async exchange(frame: Frame, wait: Milliseconds = seconds(1)): Promise<Frame[]> {
    const before = this.received.length;
    this.send(frame);
    await this.#net.clock.runFor(wait);
    return this.received.slice(before);
  }

  send(frame: Frame): void {
    this.#link.send(encodeFrame(frame, this.#sizes));
  }

  sendPacket(firstHop: NodeId, packet: Uint8Array): void {
    this.send({ type: "send", firstHop, packet });
  }

  async control(request: Wide<ControlRequest>): Promise<ControlAnswer> {
    const id = ++this.#requests;
    const [answer] = await this.exchange({
      type: "control",
      body: encodeControlRequest({ ...request, id }),
    });
    if (answer?.type !== "controlAnswer") throw new Error("no answer to a control request");
    return decodeControlAnswer(answer.body);
  }

  async signUp(localPart: string): Promise<ControlAnswer> {
    const accountKey = this.#net.suite.ed25519.publicKey(this.accountSeed(localPart));
    return this.control({ kind: "sign-up", localPart, invite: "", accountKey });
  }

  /** Publishes a record with keys of nobody, and with it where replies come. */
  async publish(account: {
    readonly name: string;
    readonly provider: "a" | "b";
    readonly mailbox: MailboxId;
    readonly replyId: Uint8Array;
    /** In milliseconds; none unless given. */
    readonly ahead?: number;
  }): Promise<ControlAnswer> {
    const { clock, providers, suite } = this.#net;
    const { name, provider, mailbox, replyId, ahead = 0 } = account;
    const random = new SeededRandom(`${name}/record`);
    const accountSeed = this.accountSeed(name);
    const now = milliseconds(Math.floor(clock.now()) + ahead);
    const record = {
      address: `${name}@${provider}.example`,
      providerId: providers[provider === "a" ? 0 : 1]?.nodeId as NodeId,
      mailboxId: mailbox,
      mailboxKey: random.bytes(1216),
      validFrom: now,
      validUntil: milliseconds(now + 7 * 86_400_000),
      certificate: random.bytes(100),
      accountKey: suite.ed25519.publicKey(accountSeed),
    };
    return this.control({ kind: "put-record", record: signMailboxRecord({ record, accountSeed, suite }), replyId });
  }

  accountSeed(localPart: string): Uint8Array {
    return new SeededRandom(`${localPart}/account`).bytes(32);
  }

  /** One poll; undefined when it was not answered. */
  async poll(cursor: number): Promise<Extract<Frame, { type: "entry" }> | undefined> {
    const [answer] = await this.exchange({ type: "poll", cursor });
    return answer?.type === "entry" ? answer : undefined;
  }

  close(): void {
    this.#link.close();
  }

  get #sizes() {
    const { suite, packetBytes } = this.#net.network.parameters;
    return geometry({ suite, packetBytes });
  }
}
