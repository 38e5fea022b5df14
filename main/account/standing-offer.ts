/** The code for a new device that is on offer: kept so that a window which was reloaded can show it again, and no longer than it is good. */

import { type Cancel, type Clock, milliseconds, utf8, wipe } from "#transport";
import type { Device, Offer } from "../contract/contract.ts";

export class StandingOffer {
  readonly #clock: Clock;
  #kept: { readonly code: Uint8Array; readonly line: string; readonly until: number } | undefined;
  /** The devices of the account when they were last listed before the code was made. */
  #before: ReadonlySet<string> | undefined;
  #listed: ReadonlySet<string> | undefined;
  #cancel: Cancel = () => undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get now(): Offer | undefined {
    if (this.#kept === undefined) return undefined;
    const { code, line, until } = this.#kept;
    return { code: new TextDecoder().decode(code), line, until };
  }

  keep({ code, line, until }: Offer): void {
    this.forget();
    if (this.#closed) return;
    this.#kept = { code: utf8(code), line, until };
    this.#before = this.#listed;
    this.#cancel = this.#clock.at(milliseconds(until), () => this.forget());
  }

  /** A device more than there were, and done with joining, is the one that has used the code. */
  listed(devices: readonly Pick<Device, "id" | "isJoining" | "isUnfinished">[]): void {
    const before = this.#before;
    const ids = devices.filter(({ isJoining, isUnfinished }) => !isJoining && !isUnfinished).map(({ id }) => id);
    if (before !== undefined && ids.some((id) => !before.has(id))) this.forget();
    this.#listed = new Set(ids);
    // Made before anybody looked: from now on it can be told who is new.
    if (this.#kept !== undefined) this.#before ??= this.#listed;
  }

  /** Taken back, used, over, or replaced. */
  forget(): void {
    this.#cancel();
    if (this.#kept !== undefined) wipe(this.#kept.code);
    this.#kept = undefined;
    this.#before = undefined;
  }

  /** The account is locked. */
  close(): void {
    this.#closed = true;
    this.forget();
  }
}
