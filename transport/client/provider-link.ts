/**
 * The client's one socket: dialled again and again while it is down, after waits that depend on nothing but chance and the
 * number of failures. Spec: docs/spec/04-traffic.md §8
 */

import type { Cancel, Clock } from "../core/clock.ts";
import { exponential, type RandomSource } from "../core/random.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { decodeFrame, encodeFrame, type Frame } from "../link/frame.ts";
import type { FrameSizes } from "../link/frame-table.ts";
import type { Dialer, Link } from "../link/link.ts";
import { LINK_PROVEN, REDIAL_MEAN, REDIAL_MEAN_MAX } from "./limits.ts";

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
}

export class ProviderLink {
  readonly #options: ProviderLinkOptions;
  #link: Link | undefined;
  #state: "new" | "up" | "down" | "stopped" = "new";
  /** How often it was started or stopped: a dial that ends in another life than it began in is not wanted any more. */
  #life = 0;
  #failures = 0;
  #upSince: Milliseconds = milliseconds(0);
  #cancelRedial: Cancel = () => undefined;
  /** Polls of this link that no entry has answered. */
  #unanswered = 0;

  constructor(options: ProviderLinkOptions) {
    this.#options = options;
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
    this.#link?.close();
    this.#link = undefined;
  }

  /** Writes at once or loses the frame. */
  send(frame: Frame): boolean {
    return this.sendBytes(encodeFrame(frame, this.#options.sizes));
  }

  /** Asks for the entry behind `cursor`; one may come in answer. */
  poll(cursor: number): void {
    if (this.send({ type: "poll", cursor })) this.#unanswered++;
  }

  sendBytes(frame: Uint8Array): boolean {
    return this.#link?.send(frame) ?? false;
  }

  async #dial(): Promise<void> {
    const { dialer, provider, clock } = this.#options;
    const { address, linkKey } = provider;
    const life = this.#life;
    try {
      const link = await dialer.dial({ address, expectedKey: linkKey, protocol: "starling-client/1" });
      if (this.#life !== life) return link.close();
      this.#link = link;
      this.#unanswered = 0;
      this.#state = "up";
      this.#upSince = clock.now();
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
      const context = { protocol: "starling-client/1", direction: "toDialer", sizes: this.#options.sizes } as const;
      frame = decodeFrame(bytes, context);
    } catch {
      return link.close(); // A provider that breaks the protocol is treated as one that is down.
    }
    // An entry that nobody asked for would set off work at a time of the provider's choice.
    if (frame.type === "entry" && this.#unanswered-- <= 0) return link.close();
    this.#options.onFrame(frame, bytes.length);
  }

  #lost(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    if (this.#options.clock.now() - this.#upSince > LINK_PROVEN) this.#failures = 0;
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
