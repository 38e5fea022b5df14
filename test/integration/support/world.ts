/** A whole network of processes with two people at their desktops, for tests that kill. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoMail, sha256 } from "#test/demo/mail.ts";
import { type DemoNetwork, startNetwork } from "#test/demo/network.ts";
import { Observations } from "#test/demo/observations.ts";
import { type Sent, settleIn, write } from "#test/demo/story.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { type Epoch, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import type { Authority, Consensus } from "#transport/directory/model.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Member } from "./member.ts";
import { type Recorded, Tap } from "./tap.ts";
import { Watch } from "./watch.ts";

/** The demo's, at twice as many epochs: tests see them turn. */
const PARAMETERS: Parameters = {
  ...DEMO_PARAMETERS,
  epoch: { duration: seconds(60), lead: seconds(20), overlap: seconds(45), keyPeriods: 2, keyLead: seconds(10) },
};

/** What was lost is asked for, and sent again, after random waits; a lost receipt after a minute, then after two. */
const DELIVERY_SECONDS_MAX = 420;
const RESTART_SECONDS_MAX = 90;
/** Between two looks at somebody's inbox. */
const LOOK_MILLISECONDS = 500;

/** A mail on its way. */
export interface OnItsWay {
  readonly mail: DemoMail;
  readonly sent: Sent;
  /** The transport's id of it, once its first fragment has left. */
  messageId(): Promise<string>;
}

type Found = NonNullable<Awaited<ReturnType<Member["find"]>>>;

export class World {
  readonly folder: string;
  readonly watch: Watch;
  readonly network: DemoNetwork;
  readonly alice: Member;
  readonly bob: Member;
  readonly #tap: Tap;
  readonly #directory: DirectoryClient;
  readonly #mails: DemoMail[] = [];
  #keepsFolder = false;
  #turn: Promise<unknown> = Promise.resolve();

  static async start(): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), "starling-kill-"));
    const { suite: name, packetBytes } = PARAMETERS;
    const suite = await loadSuite(name, "native");
    const sizes = geometry({ suite: name, packetBytes });
    const tap = new Tap({ suite, sizes });
    const watch = new Watch();
    const network = await startNetwork({
      folder,
      observations: new Observations(),
      parameters: PARAMETERS,
      onEvent: (node, event, data) => watch.nodeTold(node, event, data),
      announce: (node) => tap.stand(node),
    }).catch(async (error: unknown) => {
      await tap.close(); // what listens would keep this process from ending
      throw error;
    });
    const random = new SystemRandom();
    const clock = new SystemClock();
    const dialer = new TlsDialer({ identitySeed: random.bytes(32), suite, sizes, clock });
    const directory = new DirectoryClient({ dialer, network: network.network, suite, clock, random });
    const world = new World({ folder, watch, network, tap, directory });
    try {
      const { alice, bob } = world;
      await Promise.all([network.flowing(), alice.desktop.ready(), bob.desktop.ready()]);
      await Promise.all([settleIn(alice, network), settleIn(bob, network)]);
      return world;
    } catch (error) {
      world.#keepsFolder = true;
      await world.stop();
      throw error;
    }
  }

  private constructor(parts: {
    folder: string;
    watch: Watch;
    network: DemoNetwork;
    tap: Tap;
    directory: DirectoryClient;
  }) {
    const { folder, watch, network, tap, directory } = parts;
    this.#directory = directory;
    this.folder = folder;
    this.watch = watch;
    this.network = network;
    this.#tap = tap;
    const onEvent = (event: string, data: unknown): void => watch.clientTold(event, data);
    this.alice = new Member({ name: "Alice", domain: "a.example", folder, onEvent });
    this.bob = new Member({ name: "Bob", domain: "b.example", folder, onEvent });
  }

  async stop(): Promise<void> {
    await Promise.all([this.alice.stop(), this.bob.stop(), this.network.stop()]);
    await this.#tap.close();
    if (!this.#keepsFolder) rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a scenario; when it fails, the error says where the processes' words are. */
  async tell(scenario: () => Promise<void>): Promise<void> {
    try {
      await scenario();
    } catch (error) {
      this.#keepsFolder = true;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${reason}\nWhat each process said is in ${join(this.folder, "logs")}.`, { cause: error });
    }
  }

  /** One kill at a time; mails on their way from earlier ones go on meanwhile. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Resolves when Alice's window says "queued". */
  async write(subject: string, attachmentBytes = 0): Promise<OnItsWay> {
    const mail = makeMail(subject, attachmentBytes);
    this.#mails.push(mail);
    const before = this.watch.messageIds();
    const sent = await write(this.alice, this.bob, mail);
    // Nobody else's first fragment can leave in between: a turn ends when its mail's has left.
    const messageId = () =>
      this.watch.until(`a fragment of "${subject}" to leave`, RESTART_SECONDS_MAX, () =>
        [...this.watch.messageIds()].find((id) => !before.has(id)),
      );
    return { mail, sent, messageId };
  }

  /** As `write`; resolves when the first fragment has left. */
  async writeAndFollow(subject: string, attachmentBytes = 0): Promise<OnItsWay & { id: string }> {
    const mail = await this.write(subject, attachmentBytes);
    return { ...mail, id: await mail.messageId() };
  }

  /** kill -9 of a node, restart, and every packet recorded on its links before sent to it again: none may be taken twice. */
  async killNode(name: string): Promise<void> {
    const { watch, network } = this;
    await network.processes.get(name)?.crash();
    const recorded = this.#tap.recorded(name);
    // What was on a link at that moment, or on one that the node closed, never reached it: it alone may be new to it.
    const unseen = this.#tap.handedOver(name) - watch.node(name).handled;
    const expected = recorded.length - unseen;
    assert.ok(expected > 0, `${name} had taken none of the ${recorded.length} packets that were recorded last`);
    watch.newLife(name);
    this.#tap.newLife(name);
    await network.restart(name);
    await watch.until(`${name} to take packets again`, RESTART_SECONDS_MAX, () => watch.node(name).handled > 0);
    await this.#replay(name, recorded);
    await watch.until(
      `${name} to refuse ${expected} of ${recorded.length} packets that came again`,
      RESTART_SECONDS_MAX,
      () => watch.node(name).refused >= expected,
    );
    assert.deepEqual(watch.node(name).takenTwice, [], `${name} took packets a second time`);
  }

  /** The mail is once in Bob's own store, whole and verified; he opens it, and Alice learns of that. */
  async arrives({ mail, sent }: Pick<OnItsWay, "mail" | "sent">): Promise<void> {
    const { bob, alice } = this;
    const { subject } = mail;
    const found = await this.shown({ mail, sent });
    assert.equal(found.length, 1, `"${subject}" is ${found.length} times in Bob's store`);
    const [{ message, conversationId }] = found as [Found[number]];
    const read = await this.#eventually(
      () => bob.read(message.id, conversationId),
      async () => `Bob cannot open "${subject}"`,
    );
    assert.equal(read.bodySha256, sha256(mail.body));
    assert.deepEqual(
      read.attachments.map((attachment) => attachment.sha256),
      mail.attachments.map(({ bytes }) => sha256(bytes)),
    );
    assert.equal(message.signature, "valid");
    await this.#eventually(
      async () => ((await bob.open(conversationId)) ? true : undefined),
      async () => `Bob cannot mark "${subject}" as read`,
    );
    await this.#eventually(
      async () => ((await alice.journey(sent.messageId))?.delivery === "delivered" ? true : undefined),
      async () => `no receipt for "${subject}"; Alice sees ${JSON.stringify(await alice.journey(sent.messageId))}`,
    );
  }

  /** Waits until the mail is in Bob's inbox, its signature judged. */
  shown({ mail: { subject }, sent }: Pick<OnItsWay, "mail" | "sent">): Promise<Found> {
    return this.#eventually(
      async () => {
        const mails = await this.bob.find(subject);
        return mails?.some(({ message }) => message.signature !== "unknown-key") === true ? mails : undefined;
      },
      async () => {
        const journey = await this.alice.journey(sent.messageId);
        return `"${subject}" did not reach Bob's store; Alice sees ${JSON.stringify(journey)}`;
      },
    );
  }

  /** The consensus of an epoch that an authority has, once it is there. */
  async askAuthority(name: string, epoch: Epoch): Promise<{ consensus: Consensus; authority: number }> {
    const authority = this.network.network.authorities.findIndex((one) => one.name === name);
    const asked = this.network.network.authorities[authority] as Authority;
    const consensus = await this.#eventually(
      async () => {
        const answer = await this.#directory.fetchFrom(asked, epoch).catch(() => undefined);
        return answer?.consensus;
      },
      async () => `${name} has no consensus of epoch ${epoch}`,
    );
    return { consensus, authority };
  }

  /** For the end: late repetitions included, every mail is once in Bob's store. */
  async everythingArrivedOnce(): Promise<void> {
    for (const { subject } of this.#mails) {
      assert.equal((await this.bob.find(subject))?.length, 1, `"${subject}" in Bob's store`);
    }
    for (const name of this.watch.nodeNames()) assert.deepEqual(this.watch.node(name).takenTwice, [], name);
  }

  /** A full link loses what does not fit: then again when it has room. */
  async #replay(name: string, recorded: readonly Recorded[]): Promise<void> {
    for (const packet of recorded) {
      await this.watch.until(`the link to ${name} to take a replay`, RESTART_SECONDS_MAX, () =>
        this.#tap.replay(name, packet),
      );
    }
  }

  async #eventually<T>(ask: () => Promise<T | undefined>, failure: () => Promise<string>): Promise<T> {
    const deadline = Date.now() + DELIVERY_SECONDS_MAX * 1000;
    while (Date.now() < deadline) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, LOOK_MILLISECONDS);
      await promise;
    }
    throw new Error(`After ${DELIVERY_SECONDS_MAX} seconds: ${await failure()}.`);
  }
}

function makeMail(subject: string, attachmentBytes: number): DemoMail {
  const bytes = new SystemRandom().bytes(attachmentBytes);
  const attachments = attachmentBytes === 0 ? [] : [{ name: "noise.bin", type: "application/octet-stream", bytes }];
  return { subject, body: `This mail is about: ${subject}.\n`, attachments, source: undefined };
}
