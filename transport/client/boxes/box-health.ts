/**
 * Whether boxes give what lies in them: what became of the loops that were sent into each, and how long none of its answers came. Nobody
 * is blamed for what waits behind mail, was lost on the way back, or was under way when the program ended. Spec: docs/spec/17-boxes.md §6.1
 */

import { toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { type MessageId, type Milliseconds, milliseconds } from "../../core/units.ts";
import type { Parameters, Profile } from "../../core/parameters.ts";
import { collectSpan, lostAfter } from "../../box/limits.ts";
import type { Collected } from "../../box/requests.ts";
import { LOOP_PATIENCE } from "../limits.ts";
import {
  ANSWERS_BEFORE_LOOP_MAX,
  BOX_LOOPS_OUT_MAX,
  EMPTY_ROUNDS,
  ENTRIES_BEFORE_LOOP_MAX,
  SILENT_COLLECTS_MIN,
} from "./limits.ts";
import type { OwnBox } from "./own-box.ts";
import type { OwnBoxes } from "./own-boxes.ts";

export interface BoxHealthDeps {
  readonly clock: Clock;
  readonly boxes: Pick<OwnBoxes, "collected" | "judged">;
  readonly parameters: Pick<Parameters, "boxReplies" | "epoch" | "profiles">;
  readonly profile: () => Profile;
  /** Mean time that a packet spends in mixes, at the slower profile. */
  readonly journey: Milliseconds;
  /** While the own provider loses what its customer sends, nothing is said of others. */
  readonly isOwnProviderGood: () => boolean;
}

interface Loop {
  readonly box: OwnBox;
  readonly at: Milliseconds;
  /** Entries that the box had given when it left. */
  readonly entries: number;
  /** Answers that the box had been asked for when it left. */
  readonly asked: number;
  /** Answers that the box gives nothing, each of a collect that left when whatever was given before would be given again. */
  rounds: number;
  /** A collect that leaves from then on begins the next one. */
  nextRound: Milliseconds;
}

interface Answers {
  /** Entries that the box has given since this program began. */
  entries: number;
  /** Answers that collects have asked it for since then. */
  asked: number;
  /** When the last answer came. */
  heard: Milliseconds;
  /** When collects left of which, and since which, no answer has come. */
  open: Milliseconds[];
  /** So many more before those: their answers cannot be under way any more. */
  missed: number;
}

export class BoxHealth {
  readonly #deps: BoxHealthDeps;
  /** By hexadecimal id, oldest first. */
  readonly #loops = new Map<string, Loop>();
  readonly #answers = new WeakMap<OwnBox, Answers>();

  constructor(deps: BoxHealthDeps) {
    this.#deps = deps;
  }

  /** A loop left for this box. */
  sent(box: OwnBox, id: MessageId, at: Milliseconds): void {
    const nextRound = milliseconds(at + LOOP_PATIENCE * this.#deps.journey);
    const { entries, asked } = this.#of(box);
    this.#loops.set(toHex(id), { box, at, entries, asked, rounds: 0, nextRound });
    const [oldest] = this.#loops.keys();
    if (oldest !== undefined && this.#loops.size > BOX_LOOPS_OUT_MAX) this.#loops.delete(oldest);
  }

  /** It was not there, and left once more: what it is judged by begins anew, unless that is known by now. */
  sentAgain(id: MessageId, at: Milliseconds): void {
    const key = toHex(id);
    const loop = this.#loops.get(key);
    if (loop === undefined) return;
    this.#loops.delete(key);
    this.sent(loop.box, id, at);
  }

  /** A loop lay in this box; it says something when it was sent there. */
  returned(box: OwnBox, id: MessageId): void {
    const key = toHex(id);
    if (this.#loops.get(key)?.box !== box) return;
    this.#loops.delete(key);
    this.#judge(box, true);
  }

  /** A collect left for this box. */
  asked(box: OwnBox, at: Milliseconds): void {
    const answers = this.#of(box);
    answers.open.push(at);
    answers.asked += this.#deps.parameters.boxReplies;
  }

  /** An answer came to a collect that left at `asked`. */
  answered(box: OwnBox, { what, asked }: { what: Collected["what"]; asked: Milliseconds }): void {
    const answers = this.#of(box);
    const now = this.#deps.clock.now();
    answers.heard = now;
    answers.open = [];
    answers.missed = 0;
    if (what === "entry") answers.entries++;
    for (const [key, loop] of this.#loops) {
      if (loop.box !== box) continue;
      if (what === "nothing" && asked >= loop.nextRound) {
        loop.rounds++;
        loop.nextRound = milliseconds(now + lostAfter(this.#deps.parameters));
      }
      const isPassed =
        answers.entries - loop.entries > ENTRIES_BEFORE_LOOP_MAX ||
        answers.asked - loop.asked > ANSWERS_BEFORE_LOOP_MAX;
      const isLost = loop.rounds >= EMPTY_ROUNDS || isPassed;
      // What left in the future, before the clock was put back, nobody can judge.
      if (isLost || loop.at > now) this.#loops.delete(key);
      if (isLost) this.#judge(box, false);
    }
  }

  /** A poll found nothing: every answer that had come by now has been dealt with. */
  mailboxIsEmpty(now: Milliseconds): void {
    const { boxes, parameters, journey } = this.#deps;
    const longest = milliseconds(2 * LOOP_PATIENCE * journey + this.#gap);
    const silence = Math.max(SILENT_COLLECTS_MIN, Math.ceil(parameters.epoch.duration / this.#gap));
    for (const box of boxes.collected(now)) {
      const answers = this.#of(box);
      const open = answers.open.filter((at) => at + longest > now);
      answers.missed += answers.open.length - open.length;
      answers.open = open;
      if (answers.missed < silence) continue;
      answers.missed = 0;
      // What was sent meanwhile is lost for the same reason; what was sent before has its own fate.
      for (const [key, loop] of this.#loops) if (loop.box === box && loop.at >= answers.heard) this.#loops.delete(key);
      this.#judge(box, false);
    }
  }

  /**
   * The own disk refused an entry. Answers lie behind one of the mailbox, of which its provider keeps the last few; one of a box is given
   * again and again, counts as often, and lets nothing come that lies far behind it. What became of the loops and collects of before is not
   * known, nor of what leaves meanwhile: either comes again soon, and while there is no room it is refused again.
   */
  refused(): void {
    this.#loops.clear();
    for (const box of this.#deps.boxes.collected(this.#deps.clock.now())) {
      const answers = this.#of(box);
      answers.open = [];
      answers.missed = 0;
    }
  }

  #judge(box: OwnBox, isReturned: boolean): void {
    if (this.#deps.isOwnProviderGood()) this.#deps.boxes.judged(box, isReturned);
  }

  #of(box: OwnBox): Answers {
    const answers = this.#answers.get(box) ?? { entries: 0, asked: 0, heard: milliseconds(0), open: [], missed: 0 };
    this.#answers.set(box, answers);
    return answers;
  }

  /** Between two collects, and the longest of an answer's delays. */
  get #gap(): Milliseconds {
    return collectSpan(this.#deps.profile());
  }
}
