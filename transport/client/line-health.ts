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
  LINE_ENDS_STEADY_SLOW,
  LINE_ENDS_UNSTEADY,
  LINE_ENDS_UNSTEADY_SLOW,
  LINE_WINDOW,
  LINE_WINDOW_SLOW,
} from "./limits.ts";

export interface LineHealthDeps {
  readonly clock: Clock;
  /** It became steady without anything else having happened. */
  readonly onSteady: () => void;
}

interface Rule {
  /** So many ends within the window, and the line is unsteady until fewer than `steady` are left. */
  readonly unsteady: number;
  readonly steady: number;
  readonly window: Milliseconds;
}

/** Who cuts often is found within the hour; who cuts seldom, within a morning. */
const RULES: readonly Rule[] = [
  { unsteady: LINE_ENDS_UNSTEADY, steady: LINE_ENDS_STEADY, window: LINE_WINDOW },
  { unsteady: LINE_ENDS_UNSTEADY_SLOW, steady: LINE_ENDS_STEADY_SLOW, window: LINE_WINDOW_SLOW },
];

export class LineHealth {
  readonly #deps: LineHealthDeps;
  /** When links ended, oldest first. */
  #ends: readonly Milliseconds[] = [];
  /** By which the line is unsteady. */
  readonly #broken = new Set<Rule>();
  #cancelSteady: Cancel = () => undefined;
  /** This computer slept, or its clock was set, since the link began. */
  #hasSlept = false;
  #look: Milliseconds = milliseconds(0);
  #cancelLook: Cancel = () => undefined;

  constructor(deps: LineHealthDeps) {
    this.#deps = deps;
  }

  get isUnsteady(): boolean {
    return this.#broken.size > 0;
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
    this.#broken.clear();
  }

  #count(now: Milliseconds): void {
    const recent = this.#ends.filter((at) => at <= now && now - at < LINE_WINDOW_SLOW);
    const last = recent.at(-1);
    const isSameTrouble = last !== undefined && now - last < LINE_ENDS_APART;
    this.#ends = isSameTrouble ? recent : [...recent, now].slice(-LINE_ENDS_UNSTEADY_SLOW);
    for (const rule of RULES) {
      if (this.#ends.filter((at) => now - at < rule.window).length >= rule.unsteady) this.#broken.add(rule);
    }
    this.#steadyLater();
  }

  #steadyLater(): void {
    this.#cancelSteady();
    if (this.#broken.size === 0) return;
    const { clock, onSteady } = this.#deps;
    const steadyAt = ({ steady, window }: Rule): number =>
      ((this.#ends.at(-steady) ?? this.#ends.at(-1)) as Milliseconds) + window;
    const next = Math.min(...[...this.#broken].map(steadyAt));
    this.#cancelSteady = clock.at(milliseconds(next), () => {
      for (const rule of this.#broken) if (steadyAt(rule) <= next) this.#broken.delete(rule);
      if (this.#broken.size === 0) onSteady();
      this.#steadyLater();
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
