/**
 * At moments that chance alone decides a loop goes into one of the account's own boxes instead of its mailbox, so that a provider that
 * keeps what comes is noticed. Spec: docs/spec/17-boxes.md §6.1
 */

import type { Clock } from "../../core/clock.ts";
import type { Parameters, Profile } from "../../core/parameters.ts";
import { type RandomSource, uniform } from "../../core/random.ts";
import {
  type MailboxId,
  meanInterval,
  type MessageId,
  type Milliseconds,
  milliseconds,
  type NodeId,
  perSecond,
} from "../../core/units.ts";
import type { Primitives } from "../../crypto/suite.ts";
import { boxIdOf } from "../../box/box-id.ts";
import type { SlotContent } from "../../traffic/wrap-slot.ts";
import type { BoxHealth } from "./box-health.ts";
import { drawBox } from "./collect-draws.ts";
import { BOX_LOOP_EPOCHS, PLACE_REST_MIN } from "./limits.ts";
import type { Asked, LoopQuestions } from "./loop-questions.ts";
import type { OwnBoxes } from "./own-boxes.ts";

export interface BoxLoopsDeps {
  readonly clock: Clock;
  readonly boxes: Pick<OwnBoxes, "tried">;
  readonly health: Pick<BoxHealth, "sent" | "sentAgain">;
  readonly questions: Pick<LoopQuestions, "ask">;
  /** Something to ask for that is nowhere; undefined while there is no provider to ask. */
  readonly nothing: () => Asked | undefined;
  /** What is sealed of the loop with this id, and to which key. */
  readonly loopOf: (id: MessageId) => Pick<SlotContent, "plaintext" | "mailboxKey">;
  readonly primitives: Primitives;
  readonly parameters: Pick<Parameters, "epoch">;
  readonly profile: () => Profile;
  /** Which loops, which box, and whether it is asked for them: a stream of its own. */
  readonly chance: RandomSource;
  readonly reaches: (provider: NodeId) => boolean;
}

export interface LeftLoop {
  readonly id: MessageId;
  /** Of its sealed form, 16 bytes. */
  readonly hash: Uint8Array;
  readonly at: Milliseconds;
  readonly mixes: readonly NodeId[];
}

/** A mailbox, or a box, that a loop goes to. */
export interface LoopTarget {
  readonly providerId: NodeId;
  readonly mailboxId: MailboxId;
  readonly onLoop: (loop: LeftLoop) => void;
}

export class BoxLoops {
  readonly #deps: BoxLoopsDeps;

  constructor(deps: BoxLoopsDeps) {
    this.#deps = deps;
  }

  /**
   * Where the loop of this slot goes; undefined: into the own mailbox. "nowhere" when it is a box's turn and there is none: whether the
   * account has one would else be seen at the loops that come into its mailbox, and at the answers to what is asked about them.
   */
  next(): LoopTarget | "nowhere" | undefined {
    const { clock, boxes, health, questions, nothing, loopOf, primitives, chance, reaches } = this.#deps;
    if (uniform(chance) >= this.#share) return undefined;
    const tried = boxes.tried(clock.now()).filter(({ providerId }) => reaches(providerId));
    // As many draws without a box.
    const box = drawBox(chance, tried.length === 0 ? [undefined] : tried);
    const isAskedFor = uniform(chance) < LOOPS_ASKED_FOR;
    if (box === undefined) {
      const asked = isAskedFor ? nothing() : undefined;
      if (asked !== undefined) questions.ask(asked);
      return "nowhere";
    }
    const { providerId, secret, until } = box;
    const to = { providerId, mailboxId: boxIdOf(primitives, secret) };
    const lastUse = milliseconds(until - PLACE_REST_MIN);
    return {
      ...to,
      onLoop: ({ id, hash, at }) => {
        health.sent(box, id, at);
        if (!isAskedFor) return;
        const content = (): SlotContent => ({
          destination: { command: "mailbox", recipient: to.mailboxId },
          ...loopOf(id),
        });
        questions.ask({ ...to, hash, lastUse, again: { content, left: (later) => health.sentAgain(id, later) } });
      },
    };
  }

  /** Of all loops. */
  get #share(): number {
    const { parameters, profile } = this.#deps;
    const { sendRate, loopShare } = profile();
    return meanInterval(perSecond(sendRate * loopShare)) / (BOX_LOOP_EPOCHS * parameters.epoch.duration);
  }
}

/** Mail is asked for, receipts are not: half of the loops look like either. */
const LOOPS_ASKED_FOR = 0.5;
