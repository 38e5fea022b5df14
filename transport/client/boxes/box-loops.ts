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
  type NodeId,
  perSecond,
} from "../../core/units.ts";
import type { Primitives } from "../../crypto/suite.ts";
import { boxIdOf } from "../../box/box-id.ts";
import type { BoxHealth } from "./box-health.ts";
import { drawBox } from "./collect-draws.ts";
import { BOX_LOOP_EPOCHS } from "./limits.ts";
import type { OwnBoxes } from "./own-boxes.ts";

export interface BoxLoopsDeps {
  readonly clock: Clock;
  readonly boxes: Pick<OwnBoxes, "used">;
  readonly health: Pick<BoxHealth, "sent">;
  readonly primitives: Primitives;
  readonly parameters: Pick<Parameters, "epoch">;
  readonly profile: () => Profile;
  /** Which loops, and which box: a stream of its own. */
  readonly chance: RandomSource;
  readonly reaches: (provider: NodeId) => boolean;
}

/** A mailbox, or a box, that a loop goes to. */
export interface LoopTarget {
  readonly providerId: NodeId;
  readonly mailboxId: MailboxId;
  readonly onLoop: (loop: { id: MessageId; at: Milliseconds; mixes: readonly NodeId[] }) => void;
}

export class BoxLoops {
  readonly #deps: BoxLoopsDeps;

  constructor(deps: BoxLoopsDeps) {
    this.#deps = deps;
  }

  /**
   * Where the loop of this slot goes; undefined: into the own mailbox. "nowhere" when it is a box's turn and there is none: whether the
   * account has one would else be seen at the loops that come into its mailbox.
   */
  next(): LoopTarget | "nowhere" | undefined {
    const { clock, boxes, health, primitives, chance, reaches } = this.#deps;
    if (uniform(chance) >= this.#share) return undefined;
    const used = boxes.used(clock.now()).filter(({ providerId }) => reaches(providerId));
    // As many draws without a box.
    const box = drawBox(chance, used.length === 0 ? [undefined] : used);
    if (box === undefined) return "nowhere";
    const { providerId, secret } = box;
    return { providerId, mailboxId: boxIdOf(primitives, secret), onLoop: ({ id, at }) => health.sent(box, id, at) };
  }

  /** Of all loops. */
  get #share(): number {
    const { parameters, profile } = this.#deps;
    const { sendRate, loopShare } = profile();
    return meanInterval(perSecond(sendRate * loopShare)) / (BOX_LOOP_EPOCHS * parameters.epoch.duration);
  }
}
