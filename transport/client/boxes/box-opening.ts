/**
 * When this account gets another box, and where: long before the last one ends, at a time that chance drew, and at any provider whose
 * operator does not run the account's own. Spec: docs/spec/17-boxes.md §5
 */

import type { Cancel, Clock } from "../../core/clock.ts";
import { TransportError } from "../../core/errors.ts";
import type { Parameters } from "../../core/parameters.ts";
import { PlanningClock } from "../../core/planning-clock.ts";
import { exponential, pick, type RandomSource, uniform } from "../../core/random.ts";
import { type KeyPeriod, type Milliseconds, milliseconds, type NodeId } from "../../core/units.ts";
import { BOX_SERVICE, decodeOpened, encodeOpen } from "../../box/requests.ts";
import { isSame, usableNodes } from "../../directory/alive.ts";
import type { Consensus } from "../../directory/model.ts";
import type { Question } from "../requests.ts";
import {
  BOX_FIRST_WAIT,
  BOX_LIFE_TOLERANCE,
  BOX_OPENING_PARTS,
  BOX_REPLACE_EPOCHS,
  BOX_RETRY_WAIT,
  BOX_RETRY_WAIT_MAX,
  BOXES_TAKING_MAX,
} from "./limits.ts";
import type { OwnBox } from "./own-box.ts";
import type { OwnBoxes } from "./own-boxes.ts";

export interface BoxOpeningDeps {
  readonly clock: Clock;
  readonly parameters: Pick<Parameters, "epoch">;
  readonly boxes: OwnBoxes;
  /** Waits, and which provider. */
  readonly chance: RandomSource;
  readonly ownProvider: NodeId;
  readonly current: () => { consensus: Consensus; period: KeyPeriod } | undefined;
  /** Rejects when there is no answer. */
  readonly ask: (question: Question) => Promise<Uint8Array>;
}

export class BoxOpening {
  readonly #deps: BoxOpeningDeps;
  readonly #clock: PlanningClock;
  #cancel: Cancel = () => undefined;
  /** Whether what is planned is for an account that has no box to tell of. */
  #isUrgent = false;
  /** Nothing that was planned before this start is done at once: a start must not show. */
  #isFirst = true;
  #isAsking = false;
  #isStopped = false;

  constructor(deps: BoxOpeningDeps) {
    this.#deps = deps;
    this.#clock = new PlanningClock({ clock: deps.clock, onPutBack: (now) => this.#planAnew(now) });
  }

  /** Boxes, the list of nodes or the time are others than before: looks whether a box is needed, and when. */
  plan(): void {
    const { boxes, current } = this.#deps;
    if (this.#isStopped || this.#isAsking || !boxes.isLoaded || current() === undefined) return;
    this.#cancel();
    const now = this.#clock.now();
    // One whose announcement is on its way will be good.
    const end = Math.max(now, ...[...boxes.good(now), ...boxes.unannounced(now)].map(({ until }) => until));
    const half = milliseconds(end - boxes.life / 2);
    if (half > now) {
      this.#keep(undefined, 0);
      return this.#lookAt(half);
    }
    if (this.#isFull(now)) return this.#lookAt(this.#firstEnd(now));
    const isUrgent = end === now;
    const openAt = this.#openAt(now, isUrgent);
    this.#isUrgent = isUrgent;
    this.#isFirst = false;
    this.#keep(openAt);
    this.#cancel = this.#clock.at(openAt, () => void this.#open());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #openAt(now: Milliseconds, isUrgent: boolean): Milliseconds {
    const { openAt, failures } = this.#deps.boxes.opening;
    // After a failure the wait holds, whatever is needed.
    const isStill =
      openAt !== undefined && openAt <= now + this.#longest && (failures > 0 || this.#isUrgent === isUrgent);
    if (isStill && (openAt > now || !this.#isFirst)) return openAt;
    // What passed while the program was off: its user chose when that runs again, and no provider did.
    const isOverdue = this.#isFirst && openAt !== undefined && openAt <= now;
    const drawn = isOverdue ? this.#after(now, BOX_FIRST_WAIT) : this.#draw(now, isUrgent);
    return openAt !== undefined && openAt > now ? milliseconds(Math.min(openAt, drawn)) : drawn;
  }

  #draw(now: Milliseconds, isUrgent: boolean): Milliseconds {
    const { chance, boxes, parameters } = this.#deps;
    if (!isUrgent) return milliseconds(now + (uniform(chance) * boxes.life) / BOX_OPENING_PARTS);
    const isVeryFirst = boxes.collected(now).length === 0;
    return this.#after(now, isVeryFirst ? BOX_FIRST_WAIT : BOX_REPLACE_EPOCHS * parameters.epoch.duration);
  }

  #after(now: Milliseconds, mean: number): Milliseconds {
    return milliseconds(now + exponential(this.#deps.chance, milliseconds(mean)));
  }

  /** What is further off was planned by a clock that was ahead. */
  get #longest(): Milliseconds {
    return milliseconds(Math.max(this.#deps.boxes.life / BOX_OPENING_PARTS, BOX_RETRY_WAIT_MAX));
  }

  /** The clock may have been ahead when the time was drawn. */
  #planAnew(now: Milliseconds): void {
    const { openAt } = this.#deps.boxes.opening;
    if (openAt !== undefined) this.#keep(milliseconds(Math.min(openAt, this.#draw(now, this.#isUrgent))));
    // Not at once: somebody is reading this clock.
    this.#lookAt(now);
  }

  #isFull(now: Milliseconds): boolean {
    const { boxes } = this.#deps;
    // One that was written down and not answered is asked for again.
    return boxes.wanted.length === 0 && boxes.taking(now).length >= BOXES_TAKING_MAX;
  }

  #firstEnd(now: Milliseconds): Milliseconds {
    return milliseconds(Math.min(...this.#deps.boxes.taking(now).map(({ until }) => until ?? now)));
  }

  #lookAt(time: Milliseconds): void {
    this.#cancel();
    this.#cancel = this.#clock.at(time, () => this.plan());
  }

  #keep(openAt: Milliseconds | undefined, failures = this.#deps.boxes.opening.failures): void {
    const { boxes } = this.#deps;
    const { opening } = boxes;
    if (opening.openAt !== openAt || opening.failures !== failures) boxes.planned(openAt, failures);
  }

  async #open(): Promise<void> {
    const { boxes } = this.#deps;
    this.#isAsking = true;
    let isOpened: boolean | undefined;
    try {
      isOpened = await this.#ask();
    } catch {
      isOpened = false;
    } finally {
      this.#isAsking = false;
    }
    if (this.#isStopped) return;
    const { failures } = boxes.opening;
    if (isOpened === true) this.#keep(undefined, 0);
    else if (isOpened === false) {
      const wait = Math.min(BOX_RETRY_WAIT * 2 ** failures, BOX_RETRY_WAIT_MAX);
      this.#keep(milliseconds(this.#clock.now() + wait), failures + 1);
    }
    // Without a provider that could be asked the next list of nodes begins anew.
    if (isOpened === undefined) this.#keep(undefined);
    else this.plan();
  }

  /** Whether a provider has made one; undefined when there is none to ask. Rejects when it did not answer. */
  async #ask(): Promise<boolean | undefined> {
    const { boxes, ask } = this.#deps;
    const box = await this.#wanted();
    if (box === undefined) return undefined;
    try {
      const body = encodeOpen(box);
      const { until } = decodeOpened(await ask({ provider: box.providerId, service: BOX_SERVICE, body }));
      if (until === undefined || !this.#isLifelike(until)) throw new TransportError("REFUSED");
      await boxes.opened(box, until);
      return true;
    } catch (error) {
      // At a start it is asked for again, by the same secret.
      if (!this.#isStopped) boxes.forget(box);
      throw error;
    }
  }

  /** One that was written down before and whose provider can still be asked, or a new one. */
  async #wanted(): Promise<OwnBox | undefined> {
    const { boxes, chance } = this.#deps;
    const providers = this.#providers();
    let wanted: OwnBox | undefined;
    for (const box of boxes.wanted) {
      if (wanted === undefined && providers.some((id) => isSame(id, box.providerId))) wanted = box;
      else boxes.forget(box);
    }
    if (wanted !== undefined || providers.length === 0) return wanted;
    const now = this.#clock.now();
    const others = providers.filter((id) => !boxes.hasLostAt(id, now));
    return boxes.want(pick(chance, others.length > 0 ? others : providers));
  }

  /** Those not run by who runs the account's own provider. */
  #providers(): NodeId[] {
    const current = this.#deps.current();
    if (current === undefined) return [];
    const { consensus, period } = current;
    const own = consensus.providers.find(({ nodeId }) => isSame(nodeId, this.#deps.ownProvider));
    try {
      return usableNodes(consensus, period)
        .providers.filter(({ nodeId }) => !isSame(nodeId, this.#deps.ownProvider))
        .filter(({ operator }) => operator !== own?.operator)
        .map(({ nodeId }) => nodeId);
    } catch {
      return [];
    }
  }

  /** A provider that made a box last for ever would have all mail for as long. */
  #isLifelike(until: Milliseconds): boolean {
    const now = this.#clock.now();
    return until > now && until <= now + this.#deps.boxes.life + BOX_LIFE_TOLERANCE;
  }
}
