/**
 * How much each other authority may cost this one in an epoch. A signature of two kinds over a large vote takes a tenth of a
 * second to check, and one that lies can make up as many as it likes. Counts against whoever sent a frame, whoever signed what is
 * in it. Spec: docs/spec/08-directory.md §5.3
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { ROUNDS_OF_FRAMES_MAX, TRIES_PER_STEP, VOTES_KEPT_EACH } from "./limits.ts";
import { FALSE_REASONS, type SignatureReason, type VoteReason } from "./reasons.ts";

/** Who sent a frame: another authority, by its position in the network file, or anybody else. */
export type Sender = number | "anyone";

type Reason = VoteReason | SignatureReason;

/** What is said of a frame without a look at it; `isNews` the first time that its sender has used up what it had. */
export interface Refusal {
  readonly reason: Reason;
  readonly isNews: boolean;
}

export class Allowances {
  readonly #network: Network;
  readonly #suite: Primitives;
  readonly #used = new Map<number, Used>();

  constructor(o: { network: Network; suite: Primitives }) {
    this.#network = o.network;
    this.#suite = o.suite;
  }

  /** A new epoch's. */
  renew(): void {
    this.#used.clear();
  }

  /** Counts one frame of an authority, and says why it is not looked at, if it is not. */
  take(sender: number, bytes: Uint8Array): Refusal | undefined {
    const used = this.#of(sender);
    used.frames++;
    // Its first frame above the limit says so in the log, and no other.
    const most = framesMax(this.#network);
    if (used.frames > most) {
      return { reason: "too many from the authority that sent it", isNews: used.frames === most + 1 };
    }
    // Who runs a newer version says in good faith what is false here, and may say it again: that costs a hash and no more.
    const known = used.wrong.size === 0 ? undefined : used.wrong.get(this.#nameOf(bytes));
    if (known !== undefined) return { reason: known, isNews: false };
    if (used.wrong.size < wrongMax(this.#network)) return undefined;
    const isNews = !used.isCut;
    used.isCut = true;
    return { reason: "too many false ones from the authority that sent it", isNews };
  }

  /** After a look: why the frame was refused, if it was. */
  note(sender: number, bytes: Uint8Array, reason: Reason | undefined): void {
    if (reason !== undefined && FALSE_REASONS.has(reason)) this.#of(sender).wrong.set(this.#nameOf(bytes), reason);
  }

  #of(sender: number): Used {
    const used = this.#used.get(sender) ?? { frames: 0, wrong: new Map(), isCut: false };
    this.#used.set(sender, used);
    return used;
  }

  #nameOf(bytes: Uint8Array): string {
    return toHex(this.#suite.sha256(bytes));
  }
}

interface Used {
  frames: number;
  /** Those that do not hold, by hash: at most `wrongMax`. */
  readonly wrong: Map<string, Reason>;
  isCut: boolean;
}

/**
 * Different votes and signatures that an honest authority can have to send to one other in an epoch are fewer: its own vote, two
 * of each of the k − 2 others, one signature.
 */
const messagesMax = ({ authorities }: Network): number => VOTES_KEPT_EACH * authorities.length;

/** False frames of one authority in an epoch: no more than an honest one of a version that is to come can send. */
export const wrongMax: (network: Network) => number = messagesMax;

/** Frames of one authority in an epoch: all that an honest one may have to say, as often as it may have to say it. */
export function framesMax(network: Network): number {
  const rounds = network.authorities.length - network.threshold + 1;
  return ROUNDS_OF_FRAMES_MAX * messagesMax(network) * (TRIES_PER_STEP * rounds + 1);
}
