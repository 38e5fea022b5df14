/**
 * A client's own boxes at work: opened and told to its devices, collected in drop slots, and what is in them handed to the inbox.
 * Spec: docs/spec/17-boxes.md §5-6
 */

import type { Clock } from "../../core/clock.ts";
import type { Parameters, Profile } from "../../core/parameters.ts";
import type { RandomStreams } from "../../core/random.ts";
import {
  type KeyPeriod,
  MAILBOX_ID_BYTES,
  type MailboxId,
  mailboxId,
  type MessageId,
  type Milliseconds,
  type NodeId,
  type SurbId,
} from "../../core/units.ts";
import type { Place } from "../../box/place.ts";
import type { Consensus } from "../../directory/model.ts";
import { chooseProvider } from "../../directory/path.ts";
import { FRAGMENT_HASH_BYTES } from "../../fragment/seal.ts";
import type { Sphinx } from "../../sphinx/sphinx.ts";
import { askHave } from "../have-question.ts";
import type { PayloadSource } from "../payload.ts";
import type { Question } from "../requests.ts";
import type { ClientStore } from "../store.ts";
import { readAnnouncement } from "./announcement.ts";
import { Announcing } from "./announcing.ts";
import { BoxHealth } from "./box-health.ts";
import { BoxLoops, type BoxLoopsDeps } from "./box-loops.ts";
import { BoxOpening } from "./box-opening.ts";
import { type Collect, Collects, type CollectsDeps } from "./collects.ts";
import { type Asked, LoopQuestions, type LoopQuestionsDeps } from "./loop-questions.ts";
import { OwnBoxes } from "./own-boxes.ts";

export interface BoxesDeps extends Pick<CollectsDeps, "replyPath" | "replyTo" | "coverKey" | "coverPlaintext"> {
  readonly clock: Clock;
  readonly streams: Pick<RandomStreams, "boxes" | "boxLoops" | "keys" | "padding" | "paths">;
  readonly sphinx: Sphinx;
  readonly parameters: Parameters;
  readonly profile: () => Profile;
  readonly store: Pick<ClientStore, "boxes" | "saveBoxes">;
  readonly own: { readonly providerId: NodeId; readonly mailboxId: MailboxId };
  readonly current: () => { consensus: Consensus; period: KeyPeriod } | undefined;
  readonly nextOrder: () => number;
  /** Mean time that a packet spends in mixes. */
  readonly journey: Milliseconds;
  /** What all devices of the account have now, and nobody else (docs/spec/07-mailbox.md §2.5). */
  readonly deviceSecret: () => Uint8Array | undefined;
  readonly reaches: (provider: NodeId) => boolean;
  readonly ask: (question: Question) => Promise<Uint8Array>;
  /** What is sealed of a loop. */
  readonly loopPlaintext: (id: MessageId) => Uint8Array;
  /** Before a writer asks whether what left is stored, and before what is not goes again. */
  readonly waits: LoopQuestionsDeps["waits"];
  readonly take: CollectsDeps["take"];
  readonly isOwnProviderGood: () => boolean;
  readonly onReplyBlock: CollectsDeps["onReplyBlock"];
}

export class Boxes {
  readonly #deps: BoxesDeps;
  readonly #own: OwnBoxes;
  readonly #opening: BoxOpening;
  readonly #announcing: Announcing;
  readonly #collects: Collects;
  readonly #health: BoxHealth;
  readonly #loops: BoxLoops;
  readonly #questions: LoopQuestions;

  constructor(deps: BoxesDeps) {
    this.#deps = deps;
    const { clock, streams, sphinx, parameters, store, own, current, deviceSecret } = deps;
    const { keys, padding, boxes: chance } = streams;
    const boxes = new OwnBoxes({
      clock,
      primitives: sphinx.suite,
      parameters,
      store,
      keys,
      deviceSecret,
      consensus: () => current()?.consensus,
      onLost: () => this.#opening.plan(),
      onFound: () => this.#opening.plan(),
    });
    this.#own = boxes;
    this.#opening = new BoxOpening({ ...deps, boxes, chance, ownProvider: own.providerId });
    this.#announcing = new Announcing({ ...deps, boxes, padding, mailboxKey: deps.coverKey });
    const health = new BoxHealth({ ...deps, boxes });
    this.#health = health;
    this.#collects = new Collects({ ...deps, boxes, chance, keys, padding, health });
    const { suite: primitives, geometry } = sphinx;
    const have: LoopQuestionsDeps["have"] = (to, hashes) => askHave({ geometry, ask: deps.ask, to, hashes });
    const questions = new LoopQuestions({ ...deps, have });
    this.#questions = questions;
    const nothing = (): Asked | undefined => this.#nothing();
    const loopOf: BoxLoopsDeps["loopOf"] = (id) => ({ plaintext: deps.loopPlaintext(id), mailboxKey: deps.coverKey() });
    const asking = { questions, nothing, loopOf };
    this.#loops = new BoxLoops({ ...deps, ...asking, boxes, health, primitives, chance: streams.boxLoops });
  }

  /** Whether the network has any. */
  get #are(): boolean {
    return this.#deps.parameters.boxReplies > 0;
  }

  /** What tells the account's devices of a new one, and loops that go again. */
  get sources(): readonly PayloadSource[] {
    return [this.#announcing, this.#questions];
  }

  /** What a drop slot carries; undefined in a network without boxes. */
  get collect(): ((current: { consensus: Consensus; period: KeyPeriod }) => Collect) | undefined {
    return this.#are ? (current) => this.#collects.make(current) : undefined;
  }

  /** Where the loop of a slot goes, if not into the own mailbox. */
  readonly loop = (): ReturnType<BoxLoops["next"]> => (this.#are ? this.#loops.next() : undefined);

  /** A poll found nothing. */
  mailboxIsEmpty(): void {
    if (this.#are && this.#own.isLoaded) this.#health.mailboxIsEmpty(this.#deps.clock.now());
  }

  /** The own disk refused an entry, of the mailbox or of a box. */
  refused(): void {
    if (this.#are && this.#own.isLoaded) this.#health.refused();
  }

  /** Where this account wants to be written to. */
  place(): Place | undefined {
    return this.#are && this.#own.isLoaded ? this.#own.place(this.#deps.clock.now()) : undefined;
  }

  async start(): Promise<void> {
    if (!this.#are) return;
    await this.#own.load();
    this.changed();
  }

  /** Nothing is begun any more; what is asked may still end. */
  end(): void {
    this.#opening.stop();
    this.#questions.stop();
    this.#collects.stop();
  }

  /** After everything that uses them: writes down how far each was read. */
  async stop(): Promise<void> {
    this.end();
    await this.#own.stop();
  }

  /** At any provider, as a collect of nobody's box. */
  #nothing(): Asked | undefined {
    const { current, streams } = this.#deps;
    const now = current();
    if (now === undefined) return undefined;
    const { padding, paths } = streams;
    try {
      const providerId = chooseProvider({ ...now, paths });
      const hash = padding.bytes(FRAGMENT_HASH_BYTES);
      return { providerId, mailboxId: mailboxId(padding.bytes(MAILBOX_ID_BYTES)), hash };
    } catch {
      // There is no provider that could be asked.
      return undefined;
    }
  }

  /** The list of nodes, or the secret of the account's devices, is another than before. */
  changed(): void {
    if (!this.#are || !this.#own.isLoaded) return;
    this.#own.listed(this.#deps.clock.now());
    this.#opening.plan();
  }

  /** A reply entry came. False when it is no answer of a box that is awaited. */
  replied(id: SurbId, payload: Uint8Array): boolean {
    return this.#collects.replied(id, payload);
  }

  /** What an announcement in the mailbox says. Durable when it resolves; what nobody of the account made is dropped. */
  async announced(body: Uint8Array): Promise<void> {
    const { deviceSecret, own, sphinx } = this.#deps;
    const secret = deviceSecret();
    if (!this.#are || secret === undefined) return;
    const account = { deviceSecret: secret, mailboxId: own.mailboxId };
    const said = readAnnouncement(sphinx.suite, account, body);
    if (said === undefined) return;
    await this.#own.announced(said);
    this.#opening.plan();
  }
}
