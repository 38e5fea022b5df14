/**
 * Looks readers up again whose record has run out while something for them still waits: at random times, more and more rarely
 * while there is no newer one, through payload slots like everything else. Spec: docs/spec/01-message.md §2.8
 */

import { equalBytes, toHex } from "../core/bytes.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import { PlanningClock } from "../core/planning-clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { MailboxRecord } from "../directory/mailbox-record.ts";
import { recipientOf } from "./recipient.ts";
import type { Recipient } from "./store.ts";

export interface FreshKeysDeps {
  readonly clock: Clock;
  readonly wait: (failures: number) => Milliseconds;
  readonly lookup: (address: string) => Promise<MailboxRecord | undefined>;
  /** Those for whom something waits and whose record has run out. */
  readonly expired: (now: Milliseconds) => readonly Recipient[];
  readonly renewed: (to: Recipient) => Promise<void>;
}

export class FreshKeys {
  readonly #deps: FreshKeysDeps;
  readonly #clock: PlanningClock;
  /** Readers asked for in vain, by hexadecimal mailbox id. */
  readonly #inVain = new Map<string, { failures: number; notBefore: Milliseconds }>();
  #cancel: Cancel = () => undefined;
  #stopped = false;

  constructor(deps: FreshKeysDeps) {
    this.#deps = deps;
    // Waits drawn while it was ahead are forgotten; how often somebody was asked for in vain is learnt again.
    this.#clock = new PlanningClock({ clock: deps.clock, onPutBack: () => this.#inVain.clear() });
  }

  /** Looks now and then, whether or not anything waits. */
  start(): void {
    if (this.#stopped) return;
    const { wait } = this.#deps;
    this.#cancel = this.#clock.at(milliseconds(this.#clock.now() + wait(0)), () => {
      void this.#look().then(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** One reader at a time: several at once would say that one person waits for all of them. */
  async #look(): Promise<void> {
    const now = this.#clock.now();
    const due = this.#deps.expired(now).find(({ mailboxId }) => {
      const known = this.#inVain.get(toHex(mailboxId));
      return known === undefined || known.notBefore <= now;
    });
    if (due === undefined) return;
    const key = toHex(due.mailboxId);
    const newer = await this.#newer(due);
    if (newer === undefined) {
      const failures = (this.#inVain.get(key)?.failures ?? 0) + 1;
      const { wait } = this.#deps;
      this.#inVain.set(key, { failures, notBefore: milliseconds(this.#clock.now() + wait(failures)) });
      return;
    }
    this.#inVain.delete(key);
    // If the disk refuses, the next look asks once more.
    await this.#deps.renewed(newer).catch(() => undefined);
  }

  /** Of the same mailbox and signed by the same account: a stranger's key is for the user to judge. */
  async #newer(known: Recipient): Promise<Recipient | undefined> {
    try {
      const record = await this.#deps.lookup(known.address);
      if (record === undefined || record.validUntil <= known.validUntil) return undefined;
      const isSame = equalBytes(record.accountKey, known.accountKey) && equalBytes(record.mailboxId, known.mailboxId);
      return isSame ? recipientOf(record) : undefined;
    } catch {
      return undefined; // No answer, or a forged one.
    }
  }
}
