/**
 * What a drop slot carries in a network with boxes: a question for what lies in one of the account's boxes, or in one that nobody has.
 * Nothing here looks at mail, at what came, or at what waits. Spec: docs/spec/17-boxes.md §6
 */

import { toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import type { Parameters, Profile } from "../../core/parameters.ts";
import type { RandomSource } from "../../core/random.ts";
import { wipe } from "../../core/secret.ts";
import {
  type KeyPeriod,
  type MailboxId,
  type MessageId,
  type Milliseconds,
  type NodeId,
  SURB_ID_BYTES,
  type SurbId,
  surbId,
} from "../../core/units.ts";
import { BOX_SECRET_BYTES, readerIdOf } from "../../box/box-id.ts";
import { BOX_SERVICE, decodeCollected, encodeCollect } from "../../box/requests.ts";
import type { Consensus } from "../../directory/model.ts";
import { chooseProvider } from "../../directory/path.ts";
import type { Path } from "../../sphinx/packet.ts";
import { encodeServiceRequest, serviceId } from "../../sphinx/service-payload.ts";
import type { Sphinx } from "../../sphinx/sphinx.ts";
import type { SlotContent } from "../../traffic/wrap-slot.ts";
import type { Sent } from "../payload.ts";
import type { ReplyBlockEvent } from "../types.ts";
import type { BoxHealth } from "./box-health.ts";
import { BoxProgress } from "./box-progress.ts";
import { drawBox, drawDelays } from "./collect-draws.ts";
import { DealtForms } from "./dealt-forms.ts";
import { REPLY_BLOCK_LIFE, REPLY_BLOCKS_MAX } from "./limits.ts";
import type { OwnBox } from "./own-box.ts";
import type { OwnBoxes } from "./own-boxes.ts";

export interface CollectsDeps {
  readonly clock: Clock;
  readonly boxes: OwnBoxes;
  readonly sphinx: Sphinx;
  readonly parameters: Pick<Parameters, "boxReplies">;
  readonly profile: () => Profile;
  /** Which box, and when its answers leave: a stream of its own. */
  readonly chance: RandomSource;
  readonly keys: RandomSource;
  readonly padding: RandomSource;
  /** The way from a provider into the own mailbox, and when it stops working. Throws NO_PATH. */
  readonly replyPath: (from: NodeId) => { path: Path; until: Milliseconds };
  readonly replyTo: () => MailboxId;
  readonly coverKey: () => Uint8Array;
  readonly coverPlaintext: () => Uint8Array;
  readonly reaches: (provider: NodeId) => boolean;
  /** Deals with an entry; true when it need not come again. `onLoop`: it is a loop. */
  readonly take: (sealed: Uint8Array, onLoop: (id: MessageId) => void) => Promise<boolean>;
  readonly health: Pick<BoxHealth, "asked" | "answered" | "returned">;
  readonly onReplyBlock?: ((event: ReplyBlockEvent) => void) | undefined;
}

/** A packet that collects: what is in it, and where it goes. */
export interface Collect {
  readonly content: SlotContent;
  readonly provider: NodeId;
  readonly settled: (sent: Sent | undefined) => void;
}

/** A reply block whose answer may come. */
interface Block {
  readonly id: SurbId;
  readonly replyKey: Uint8Array;
  /** undefined: of nobody's box. */
  readonly box: OwnBox | undefined;
  /** Which collect it belongs to. */
  readonly collect: number;
  readonly since: Milliseconds;
}

export class Collects {
  readonly #deps: CollectsDeps;
  /** By hexadecimal SURB id, oldest first. */
  readonly #blocks = new Map<string, Block>();
  readonly #dealt: DealtForms;
  #collects = 0;

  constructor(deps: CollectsDeps) {
    this.#deps = deps;
    this.#dealt = new DealtForms(deps.sphinx.suite);
  }

  /** Synchronous, and the same work whether there is a box. Throws NO_PATH, NO_ACCOUNT. */
  make({ consensus, period }: { consensus: Consensus; period: KeyPeriod }): Collect {
    const { sphinx, chance, padding, boxes, parameters, profile } = this.#deps;
    const { suite, geometry } = sphinx;
    this.#forgetOld();
    const box = this.#choose();
    const provider = box?.providerId ?? chooseProvider({ consensus, period, paths: chance });
    const delays = drawDelays(chance, parameters, profile());
    const random = this.#deps.keys.bytes(BOX_SECRET_BYTES);
    const { secret, progress } = box ?? { secret: random, progress: new BoxProgress() };
    const readerId = readerIdOf(suite, secret, boxes.readerKey);
    const made = this.#blocksOf({ provider, box });
    const [surb, ...surbs] = made.map((one) => one.surb) as [Uint8Array, ...Uint8Array[]];
    const { cursor, taken } = progress;
    const body = encodeCollect({ secret, readerId, cursor, taken, delays, surbs });
    const request = encodeServiceRequest(geometry, { service: BOX_SERVICE, surb, body, random: padding });
    return {
      provider,
      content: {
        destination: { command: "service", recipient: serviceId(suite, BOX_SERVICE) },
        plaintext: this.#deps.coverPlaintext(),
        mailboxKey: this.#deps.coverKey(),
        request,
      },
      settled: (sent) => this.#settled(made, sent),
    };
  }

  /** A reply entry came. False when it is no answer of a box, or of one that is awaited no more. */
  replied(id: SurbId, payload: Uint8Array): boolean {
    const { sphinx } = this.#deps;
    const block = this.#blocks.get(toHex(id));
    if (block === undefined) return false;
    this.#tell({ what: "came", surbId: id, isAwaited: true });
    try {
      this.#answered(block, sphinx.openReply({ replyKey: block.replyKey, payload }));
    } catch {
      // Changed on the way, or no answer: as if it had not come.
    }
    this.#forget(block, true);
    return true;
  }

  stop(): void {
    for (const block of this.#blocks.values()) this.#forget(block, false);
  }

  #answered({ box, collect, since }: Block, body: Uint8Array): void {
    const { boxes, take, sphinx, health } = this.#deps;
    const answer = decodeCollected(body, sphinx.geometry);
    if (box === undefined) return;
    boxes.answered(box, collect, answer.what === "unknown" ? undefined : answer);
    health.answered(box, { what: answer.what, asked: since });
    if (answer.what !== "entry") return;
    const { number, sealed } = answer;
    const once = this.#dealt.once(box, sealed, () => take(sealed, (id) => health.returned(box, id)));
    void once.then((isDone) => {
      if (isDone) boxes.took(box, number);
    });
  }

  /** Where none can be reached it is nobody's, so that the own provider does not see by missing answers whose provider is gone. */
  #choose(): OwnBox | undefined {
    const { boxes, chance, clock, reaches } = this.#deps;
    const reached = boxes.collected(clock.now()).filter(({ providerId }) => reaches(providerId));
    return drawBox(chance, reached);
  }

  #blocksOf(o: { provider: NodeId; box: OwnBox | undefined }): { surb: Uint8Array; block: Block }[] {
    const collect = this.#collects++;
    const made: { surb: Uint8Array; block: Block }[] = [];
    try {
      while (made.length < this.#deps.parameters.boxReplies) made.push(this.#block({ ...o, collect }));
      return made;
    } catch (error) {
      for (const { block } of made) this.#forget(block, false);
      throw error;
    }
  }

  #block(o: { provider: NodeId; box: OwnBox | undefined; collect: number }): { surb: Uint8Array; block: Block } {
    const { sphinx, keys, replyPath, replyTo, clock } = this.#deps;
    const { path, until } = replyPath(o.provider);
    const id = surbId(keys.bytes(SURB_ID_BYTES));
    const { surb, replyKey, tags } = sphinx.createSurb({ path, mailbox: replyTo(), surbId: id, random: keys });
    const block: Block = { id, replyKey, box: o.box, collect: o.collect, since: clock.now() };
    this.#blocks.set(toHex(id), block);
    this.#tell({ what: "made", asks: "box", surbId: id, until, tags });
    return { surb, block };
  }

  #settled(made: readonly { readonly block: Block }[], sent: Sent | undefined): void {
    const [{ block: first }] = made as [{ block: Block }];
    if (sent !== undefined && first.box !== undefined) this.#deps.health.asked(first.box, first.since);
    for (const { block } of made) {
      if (sent === undefined) this.#forget(block, false);
      else this.#tell({ what: "sent", surbId: block.id, tags: sent.tags });
    }
  }

  #forgetOld(): void {
    const now = this.#deps.clock.now();
    const room = REPLY_BLOCKS_MAX - this.#deps.parameters.boxReplies;
    for (const block of this.#blocks.values()) {
      // Also when the clock was put back.
      if (this.#blocks.size <= room && Math.abs(now - block.since) <= REPLY_BLOCK_LIFE) break;
      this.#forget(block, false);
    }
  }

  #forget(block: Block, isAnswered: boolean): void {
    if (!this.#blocks.delete(toHex(block.id))) return;
    wipe(block.replyKey);
    this.#tell({ what: "closed", surbId: block.id, isAnswered });
  }

  #tell(event: WithoutTime<ReplyBlockEvent>): void {
    this.#deps.onReplyBlock?.({ ...event, at: this.#deps.clock.now() });
  }
}

/** One by one, so that the kinds stay apart. */
type WithoutTime<T> = T extends unknown ? Omit<T, "at"> : never;
