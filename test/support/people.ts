/**
 * People with the whole program each, from the window's contract down to the socket, on a network in memory: real services,
 * stores on disk, transport, mixes, providers and authorities; only sockets and time are replaced.
 */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect } from "#main/contract/connect.ts";
import type { Client, ErrorCode, Journey, Message, NetworkState } from "#main/contract/contract.ts";
import { MailWork } from "#main/mail-work/mail-work.ts";
import { memoryPorts } from "#main/rpc/memory-port.ts";
import { createServices, type Services } from "#main/services.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { en } from "#renderer/text/en.ts";
import { World, type WorldOptions } from "#test/sim/world.ts";
import { fetchNetwork, loadSuite, TransportClient } from "#transport";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { encodeInvite } from "#transport/directory/invite.ts";
import { type ControlAnswer, decodeControlAnswer } from "#transport/link/control.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import type { Dialer, Link } from "#transport/link/link.ts";
import { toParts } from "#transport/link/parts.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { addressOf } from "#test/sim/network-in-memory.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { forwardingLink } from "./forwarding-link.ts";
import { SeededRandom, seededStreams } from "./seeded-random.ts";
import { WrongClock } from "./wrong-clock.ts";

export const PASSPHRASE = "correct horse battery";
/** Of virtual time: enough for several epochs and every wait that doubles. */
const PATIENCE: Milliseconds = seconds(1200);
/** Short epochs: lists change, run out and come back within a minute. */
const EPOCH = { duration: seconds(40), lead: seconds(6), overlap: seconds(12), keyPeriods: 2, keyLead: seconds(6) };
/** Virtual time never runs further ahead of a disk than this. */
const STEP: Milliseconds = milliseconds(100);

export class People {
  readonly world: World;
  readonly #t: TestContext;
  readonly #seed: string;
  readonly #programs = new Set<Person>();

  /** Everybody's programs end with the test. */
  static async on(t: TestContext, o: Omit<WorldOptions, "parameters"> & { parameters?: Partial<Parameters> }) {
    const parameters = { ...SIM_PARAMETERS, epoch: EPOCH, ...o.parameters };
    const people = new People(t, o.seed, await World.create({ ...o, parameters }));
    t.after(() => people.#end());
    return people;
  }

  private constructor(t: TestContext, seed: string, world: World) {
    this.#t = t;
    this.#seed = seed;
    this.world = world;
  }

  /** Someone with a program and no account yet. */
  async newcomer(name: string, provider: "a" | "b"): Promise<Person> {
    const dataDir = await mkdtemp(join(tmpdir(), "starling-person-"));
    this.#t.after(() => rm(dataDir, { recursive: true, force: true }));
    const person = new Person(this, { name, provider, dataDir, seed: `${this.#seed}/${name}` });
    this.#programs.add(person);
    return person;
  }

  async person(name: string, provider: "a" | "b"): Promise<Person> {
    const person = await this.newcomer(name, provider);
    await person.signUp();
    await this.until(async () => (await person.network()).state === "mixing", `${name} is mixing`);
    return person;
  }

  /** Alice at one provider and Bob at another; each has looked the other up before. */
  async aliceAndBob(): Promise<{ alice: Person; bob: Person }> {
    const alice = await this.person("alice", "a");
    const bob = await this.person("bob", "b");
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const { state } = await this.during(from.contract["recipient.check"]({ address: to.address }));
      assert.equal(state, "private");
    }
    return { alice, bob };
  }

  async run(duration: Milliseconds): Promise<void> {
    const end = milliseconds(this.world.clock.now() + duration);
    while (this.world.clock.now() < end) {
      await this.world.clock.runUntil(milliseconds(Math.min(end, this.world.clock.now() + STEP)));
      for (const program of this.#programs) await program.threadsAreIdle();
    }
  }

  async until(condition: () => boolean | Promise<boolean>, what: string, limit = PATIENCE): Promise<void> {
    const end = this.world.clock.now() + limit;
    while (!(await condition())) {
      if (this.world.clock.now() >= end) assert.fail(`within ${limit / 1000} virtual seconds it did not come: ${what}`);
      await this.run(milliseconds(2 * STEP));
    }
  }

  /** Time goes on while `work` goes on. */
  async during<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const watched = work.finally(() => {
      settled = true;
    });
    watched.catch(() => undefined);
    await this.until(() => settled, "an answer");
    return watched;
  }

  async #end(): Promise<void> {
    for (const program of this.#programs) await this.during(program.services.close());
    await this.world.stop();
  }
}

export class Person {
  readonly address: string;
  readonly dataDir: string;
  readonly name: string;
  readonly clock: WrongClock;
  /** Errors that the program reported as bugs. */
  readonly reported: unknown[] = [];
  readonly #people: People;
  readonly #o: { provider: "a" | "b"; seed: string };
  readonly #mailThreads = new Set<MailWork>();
  #runs = 0;
  services!: Services;
  /** What a window has. */
  contract!: Client;
  /** What a lying provider makes of each list of nodes it passes on. */
  listsShown: (list: Uint8Array) => Uint8Array = (list) => list;
  /** Which answers about its account never come. */
  losesAnswer: (answer: ControlAnswer) => boolean = () => false;

  constructor(people: People, o: { name: string; provider: "a" | "b"; dataDir: string; seed: string }) {
    this.#people = people;
    this.#o = o;
    this.name = o.name;
    this.address = `${o.name}@${o.provider}.example`;
    this.dataDir = o.dataDir;
    this.clock = new WrongClock(people.world.clock);
    this.startProgram();
  }

  /** A new process on the same disk. */
  startProgram(): void {
    const { world } = this.#people;
    const seed = `${this.#o.seed}/${this.#runs++}`;
    const random = new SeededRandom(seed);
    this.services = createServices({
      clock: this.clock,
      random,
      streams: seededStreams(seed),
      dataDir: this.dataDir,
      keyring: new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 }),
      mailWork: (options) => {
        const thread = new MailWork(options);
        this.#mailThreads.add(thread);
        return thread;
      },
      networks: "any",
      report: (error) => this.reported.push(error),
      version: "0.0.0",
      transport: {
        suite: (name) => loadSuite(name, "native"),
        dialer: ({ identitySeed }) => {
          const key = world.suite.ed25519.publicKey(identitySeed);
          const name = `${seed}/${Buffer.from(key).toString("hex")}`;
          return this.#throughProvider(world.net.dialer({ name, key }));
        },
        fetchNetwork,
        client: (options) => new TransportClient(options),
      },
    });
    const [window, program] = memoryPorts();
    this.services.serve(program);
    this.contract = connect(window).client;
  }

  get invite(): string {
    const { provider } = this.#o;
    const linkKey = this.#people.world.providerKeys.get(provider) as Uint8Array;
    const networkHash = this.#people.world.network.hash;
    return encodeInvite({
      address: addressOf(provider),
      linkKey,
      domain: `${provider}.example`,
      networkHash,
      code: "",
    });
  }

  async signUp(): Promise<void> {
    const input = { invite: this.invite, name: this.name, localPart: this.name, passphrase: PASSPHRASE };
    await this.#people.during(this.contract["app.create"](input));
  }

  async close(): Promise<void> {
    await this.#people.during(this.services.close());
  }

  async unlock(passphrase = PASSPHRASE): Promise<void> {
    await this.#people.during(this.contract["app.unlock"]({ passphrase }));
  }

  network(): Promise<NetworkState> {
    return this.contract["network.state"]({});
  }

  async draft(to: string, text: string): Promise<string> {
    return (await this.contract["draft.save"]({ to: [to], subject: text.slice(0, 50), text })).id;
  }

  /** Writes and sends; gives the message's id. */
  async write(to: string, text: string): Promise<string> {
    const draftId = await this.draft(to, text);
    return (await this.#people.during(this.contract["draft.send"]({ draftId }))).messageId;
  }

  async journey(messageId: string): Promise<Journey> {
    const { journeys } = await this.contract["mail.journey"]({ messageId });
    assert.ok(journeys[0] !== undefined);
    return journeys[0];
  }

  async draftTexts(): Promise<string[]> {
    return (await this.contract["draft.list"]({})).drafts.map(({ text }) => text);
  }

  async inbox(): Promise<Message[]> {
    const { conversations } = await this.contract["mail.list"]({ folder: "inbox", limit: 200 });
    const threads = conversations.map(({ id }) => this.contract["mail.thread"]({ conversationId: id }));
    return (await Promise.all(threads)).flatMap(({ messages }) =>
      messages.filter(({ direction }) => direction === "in"),
    );
  }

  async texts(): Promise<string[]> {
    return (await this.inbox()).map(({ text }) => text).toSorted();
  }

  /** Has exactly these mails, each whole and signed, and goes on having them once for a while. */
  async receivesOnce(...texts: string[]): Promise<void> {
    const has = async (): Promise<boolean> => (await this.inbox()).length >= texts.length;
    await this.#people.until(has, `${texts.length} mails for ${this.name}`);
    await this.#people.run(seconds(15));
    assert.deepEqual(await this.texts(), texts.toSorted());
    for (const { signature, text } of await this.inbox()) assert.equal(signature, "valid", text);
  }

  /** The mail threads have nothing to do, whatever is being made or opened, and the store's answers come in order: when this one has come, all before it have. */
  async threadsAreIdle(): Promise<void> {
    const { accounts } = this.services;
    await accounts.opening?.catch(() => undefined);
    for (const thread of this.#mailThreads) await thread.idle();
    // Also while an account is being made: else a loaded machine's disk would lose against the virtual seconds of an answer.
    await accounts.store?.cursor().catch(() => undefined);
  }

  #throughProvider(dialer: Dialer): Dialer {
    return {
      dial: async (target) => {
        const link = await dialer.dial(target);
        return target.protocol === "starling-client/2" ? this.#meddledWith(link) : link;
      },
    };
  }

  #meddledWith(link: Link): Link {
    const sizes = geometry(this.#people.world.network.parameters);
    const shown = (bytes: Uint8Array): Uint8Array | undefined => {
      const frame = decodeFrame(bytes, { protocol: "starling-client/2", direction: "toDialer", sizes });
      if (frame.type === "controlAnswer" && this.losesAnswer(decodeControlAnswer(frame.body))) return undefined;
      if (frame.type !== "consensusPart" || frame.count !== 1) return bytes;
      const [part] = toParts(this.listsShown(frame.part), { time: frame.time, room: 0 });
      return part === undefined ? bytes : encodeFrame(part, sizes);
    };
    return forwardingLink(link, {
      onFrame: (handler) =>
        link.onFrame((frame) => {
          const arriving = shown(frame);
          if (arriving !== undefined) handler(arriving);
        }),
    });
  }
}

/** The call fails with this one code, and the window can say what did not happen, what is safe and what to do. */
export async function failsWith(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  const { what, safe, todo } = en.errors[code];
  for (const sentence of [what, safe, todo]) assert.match(sentence, /^\p{Lu}.+\.$/u);
  await assert.rejects(call, { name: "CallError", code });
}
