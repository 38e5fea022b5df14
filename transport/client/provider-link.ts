/**
 * The client's one socket: dialled again and again while it is down, after waits that depend on nothing but chance and the
 * number of failures; given up when polls find no answer any more. Spec: docs/spec/04-traffic.md §8, docs/spec/05-link.md §4.1
 */

import type { Cancel, Clock } from "../core/clock.ts";
import { exponential, type RandomSource } from "../core/random.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { decodeFrame, encodeFrame, type Frame } from "../link/frame.ts";
import type { FrameSizes } from "../link/frame-table.ts";
import type { Dialer, Link } from "../link/link.ts";
import { LineHealth } from "./line-health.ts";
import {
  LINK_PROVEN,
  REDIAL_MEAN,
  REDIAL_MEAN_MAX,
  SILENCE_MIN,
  SILENCE_STEP_MAX,
  SILENT_POLLS_MIN,
} from "./limits.ts";

export interface ProviderLinkOptions {
  readonly clock: Clock;
  /** Draws the waits. */
  readonly random: RandomSource;
  readonly dialer: Dialer;
  readonly provider: { readonly address: string; readonly linkKey: Uint8Array };
  readonly sizes: FrameSizes;
  readonly onFrame: (frame: Frame, bytes: number) => void;
  /** The link came up, or went down, or could not be had. */
  readonly onChange: () => void;
  /** It is unsteady no more, and nothing else happened. */
  readonly onSteady: () => void;
}

export class ProviderLink {
  readonly #options: ProviderLinkOptions;
  readonly #health: LineHealth;
  #link: Link | undefined;
  #state: "new" | "up" | "down" | "stopped" = "new";
  /** How often it was started or stopped: a dial that ends in another life than it began in is not wanted any more. */
  #life = 0;
  #failures = 0;
  #upSince: Milliseconds = milliseconds(0);
  #cancelRedial: Cancel = () => undefined;
  /** Polls of this link that no entry has answered. */
  #unanswered = 0;
  /** Questions of this link for a document, whose last part has not come. */
  #documents = 0;
  /** When anything last came on this link, and what was asked in vain since. */
  #heardAt: Milliseconds = milliseconds(0);
  #polledAt: Milliseconds | undefined;
  #silentPolls = 0;
  #silence = 0;

  constructor(options: ProviderLinkOptions) {
    this.#options = options;
    this.#health = new LineHealth(options);
  }

  /** It was up, and ended, again and again within the last hour. */
  get isUnsteady(): boolean {
    return this.#health.isUnsteady;
  }

  /** `new` until the first attempt has ended. */
  get state(): "new" | "up" | "down" | "stopped" {
    return this.#state;
  }

  /** Also after `stop`. */
  start(): void {
    this.#life++;
    this.#state = "new";
    void this.#dial();
  }

  stop(): void {
    this.#life++;
    this.#state = "stopped";
    this.#cancelRedial();
    this.#health.stop();
    const link = this.#link;
    this.#link = undefined;
    link?.close();
  }

  /** Writes at once or loses the frame. */
  send(frame: Frame): boolean {
    const isSent = this.sendBytes(encodeFrame(frame, this.#options.sizes));
    if (isSent && frame.type === "getConsensus") this.#documents++;
    return isSent;
  }

  /** Asks for the entry behind `cursor`; one may come in answer. The last of many in vain gives the link up instead. */
  poll(cursor: number): void {
    if (this.#isSilent()) return this.#giveUp();
    if (this.send({ type: "poll", cursor })) this.#unanswered++;
  }

  /**
   * A question of `since` has waited for its answer in vain. Whoever polls finds out by that whether the line is dead; a client
   * without an account does not poll, and would ask again on the same line.
   */
  unheard(since: Milliseconds): void {
    if (this.#polledAt === undefined && this.#heardAt <= since) this.#giveUp();
  }

  sendBytes(frame: Uint8Array): boolean {
    return this.#link?.send(frame) ?? false;
  }

  async #dial(): Promise<void> {
    const { dialer, provider, clock } = this.#options;
    const { address, linkKey } = provider;
    const life = this.#life;
    try {
      const link = await dialer.dial({ address, expectedKey: linkKey, protocol: "starling-client/2" });
      if (this.#life !== life) return link.close();
      this.#link = link;
      this.#unanswered = 0;
      this.#documents = 0;
      this.#state = "up";
      this.#upSince = clock.now();
      this.#polledAt = undefined;
      this.#heard();
      this.#health.began();
      link.onFrame((bytes) => this.#received(link, bytes));
      link.onClose(() => this.#lost(link));
      this.#options.onChange();
    } catch {
      if (this.#life === life) this.#redialLater();
    }
  }

  #received(link: Link, bytes: Uint8Array): void {
    let frame: Frame;
    try {
      const context = { protocol: "starling-client/2", direction: "toDialer", sizes: this.#options.sizes } as const;
      frame = decodeFrame(bytes, context);
    } catch {
      return link.close(); // A provider that breaks the protocol is treated as one that is down.
    }
    this.#heard();
    if (!this.#isAsked(frame)) return link.close();
    this.#options.onFrame(frame, bytes.length);
  }

  /** An entry or a list that nobody asked for would set off work at a time of the provider's choice. */
  #isAsked(frame: Frame): boolean {
    if (frame.type === "entry") return this.#unanswered-- > 0;
    if (frame.type !== "consensusPart") return true;
    if (this.#documents === 0) return false;
    if (frame.index + 1 >= frame.count) this.#documents--;
    return true;
  }

  /** Decided at a poll's own time, by polls and what came: neither looks at mail, so that a cut line tells nothing. */
  #isSilent(): boolean {
    const now = this.#options.clock.now();
    const step = now - (this.#polledAt ?? now);
    this.#polledAt = now;
    if (this.#silentPolls > 0) this.#silence += Math.min(Math.max(step, 0), SILENCE_STEP_MAX);
    return ++this.#silentPolls > SILENT_POLLS_MIN && this.#silence >= SILENCE_MIN;
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.now();
    this.#silentPolls = 0;
    this.#silence = 0;
  }

  #giveUp(): void {
    const link = this.#link;
    if (link === undefined) return;
    link.close({ isDead: true });
    this.#lost(link);
  }

  #lost(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#health.ended();
    if (this.#heardAt - this.#upSince > LINK_PROVEN) this.#failures = 0;
    this.#redialLater();
  }

  #redialLater(): void {
    const { clock, random } = this.#options;
    this.#state = "down";
    const mean = milliseconds(Math.min(REDIAL_MEAN * 2 ** this.#failures, REDIAL_MEAN_MAX));
    this.#failures++;
    const wait = exponential(random, mean);
    this.#cancelRedial = clock.at(milliseconds(clock.now() + wait), () => void this.#dial());
    this.#options.onChange();
  }
}
