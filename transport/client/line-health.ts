/**
 * How often the link to the provider has ended of late, though this program did not end it: more often than an honest line breaks, somebody
 * may be cutting it, and what is lost around each cut no loop shows. Spec: docs/spec/04-traffic.md §9
 */

import type { Cancel, Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import {
  AWAKE_LOOK,
  AWAKE_TOLERANCE,
  LINE_ENDS_APART,
  LINE_ENDS_STEADY,
  LINE_ENDS_UNSTEADY,
  LINE_WINDOW,
} from "./limits.ts";

export interface LineHealthDeps {
  readonly clock: Clock;
  /** It became steady without anything else having happened. */
  readonly onSteady: () => void;
}

export class LineHealth {
  readonly #deps: LineHealthDeps;
  /** When links ended, oldest first. */
  #ends: readonly Milliseconds[] = [];
  #isUnsteady = false;
  #cancelSteady: Cancel = () => undefined;
  /** This computer slept, or its clock was set, since the link began. */
  #hasSlept = false;
  #look: Milliseconds = milliseconds(0);
  #cancelLook: Cancel = () => undefined;

  constructor(deps: LineHealthDeps) {
    this.#deps = deps;
  }

  get isUnsteady(): boolean {
    return this.#isUnsteady;
  }

  /** A link came up. */
  began(): void {
    this.#hasSlept = false;
    this.#lookLater();
  }

  /** The link ended, by whatever but this program's own wish. */
  ended(): void {
    this.#cancelLook();
    const now = this.#deps.clock.now();
    const hasSlept =
      this.#hasSlept || now > this.#look + AWAKE_TOLERANCE || now < this.#look - AWAKE_LOOK - AWAKE_TOLERANCE;
    if (!hasSlept) this.#count(now);
  }

  /** The program ends the link itself. */
  stop(): void {
    this.#cancelLook();
    this.#cancelSteady();
    this.#ends = [];
    this.#isUnsteady = false;
  }

  #count(now: Milliseconds): void {
    const recent = this.#ends.filter((at) => at <= now && now - at < LINE_WINDOW);
    const last = recent.at(-1);
    const isSameTrouble = last !== undefined && now - last < LINE_ENDS_APART;
    this.#ends = isSameTrouble ? recent : [...recent, now].slice(-LINE_ENDS_UNSTEADY);
    if (this.#ends.length === LINE_ENDS_UNSTEADY) this.#isUnsteady = true;
    if (!this.#isUnsteady) return;
    this.#cancelSteady();
    const steadyAt = (this.#ends.at(-LINE_ENDS_STEADY) ?? now) + LINE_WINDOW;
    this.#cancelSteady = this.#deps.clock.at(milliseconds(steadyAt), () => {
      this.#isUnsteady = false;
      this.#deps.onSteady();
    });
  }

  /** A look that comes late, or early, by the clock: there was a time in which nothing ran, or the clock was set. */
  #lookLater(): void {
    const { clock } = this.#deps;
    this.#cancelLook();
    this.#look = milliseconds(clock.now() + AWAKE_LOOK);
    this.#cancelLook = clock.at(this.#look, () => {
      if (Math.abs(clock.now() - this.#look) > AWAKE_TOLERANCE) this.#hasSlept = true;
      this.#lookLater();
    });
  }
}
