/**
 * Who is who: pins each person's account key and certificate at first sight and notices when they change. Only the user
 * accepts a new key; nothing that arrives by mail can. Spec: docs/spec/09-storage.md §6
 */

import { type Clock, equalBytes, type MailboxRecord, type MixClient } from "#transport";
import type { ErrorCode } from "../contract/contract.ts";
import { toMainError } from "../error.ts";
import type { ReadCertificate } from "../mail-work/jobs.ts";
import type { MailWork } from "../mail-work/mail-work.ts";
import type { ContactRecord } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { ABSENCE_AGE_MAX, RECORD_AGE_MAX } from "./limits.ts";

export type ContactState = "private" | "verified" | "changed" | "expired" | "unknown" | "unavailable";

export interface Contact {
  readonly record: ContactRecord;
  readonly state: ContactState;
  /** Why nobody answered, where that matters now. */
  readonly failure: ErrorCode | undefined;
  /** Of the pinned keys; undefined where there are none. */
  readonly certificate: ReadCertificate | undefined;
}

/** What becomes of what is known; undefined: nothing changes. */
type Change = (known: ContactRecord) => ContactRecord | undefined | Promise<ContactRecord | undefined>;

export class Contacts {
  readonly #store: Store;
  readonly #client: MixClient;
  readonly #clock: Clock;
  readonly #mailWork: MailWork;
  /** One question at a time about one person. */
  readonly #asking = new Map<string, Promise<ErrorCode | undefined>>();
  readonly #changing = new Map<string, Promise<void>>();

  constructor(o: { store: Store; client: MixClient; clock: Clock; mailWork: MailWork }) {
    this.#store = o.store;
    this.#client = o.client;
    this.#clock = o.clock;
    this.#mailWork = o.mailWork;
  }

  /** For writing: what is known, asked again through the mix network when it is old. Never throws for a missing answer. */
  async reader(address: string): Promise<Contact> {
    const known = await this.#known(address);
    if (this.#isFresh(known)) return this.#judge(known);
    const failure = await this.#ask(address);
    return this.#judge(await this.#known(address), failure);
  }

  /** For reading: what is pinned, without asking anybody; asks only about strangers or when told to. */
  async sender(address: string, o: { askAgain: boolean }): Promise<Contact> {
    const known = await this.#known(address);
    if (known.pinned !== undefined && !o.askAgain) return this.#judge(known);
    const failure = await this.#ask(address);
    return this.#judge(await this.#known(address), failure);
  }

  /** The certificate of the keys that wait for the user's yes. */
  async changedCertificate(contact: Contact): Promise<ReadCertificate | undefined> {
    const { changed, address } = contact.record;
    return changed === undefined ? undefined : this.#certificate(changed.certificate, address);
  }

  /** We write to them or have opened their mail: they may learn that we read it, and their name is remembered. */
  async accept(address: string): Promise<void> {
    await this.#change(address, (known) => ({ ...known, accepted: true }));
  }

  async rename(address: string, name: string): Promise<void> {
    await this.#change(address, (known) =>
      known.pinned !== undefined && name !== "" && known.name !== name ? { ...known, name } : undefined,
    );
  }

  /** Does nothing for someone without keys. */
  async setVerified(address: string, verified: boolean): Promise<void> {
    await this.#change(address, (known) => (known.pinned === undefined ? undefined : { ...known, verified }));
  }

  /** The keys that were refused become the pinned ones, unverified. */
  async acceptKey(address: string): Promise<void> {
    await this.#change(address, async ({ changed, ...known }) => {
      const pinned = changed && (await this.#pinOf(changed));
      return pinned && { ...known, pinned, record: changed, verified: false };
    });
  }

  /** One change at a time about one person: none is lost to another that began from the same record. */
  #change(address: string, change: Change): Promise<void> {
    const done = (this.#changing.get(address) ?? Promise.resolve()).then(async () => {
      const changed = await change(await this.#known(address));
      if (changed !== undefined) await this.#store.saveContact(changed, this.#clock.now());
    });
    const settled = done.catch(() => undefined);
    this.#changing.set(address, settled);
    void settled.then(() => {
      if (this.#changing.get(address) === settled) this.#changing.delete(address);
    });
    return done;
  }

  async #known(address: string): Promise<ContactRecord> {
    const nobody = { address, name: "", verified: false, accepted: false, checkedAt: 0, exists: false };
    return (await this.#store.contact(address)) ?? nobody;
  }

  #isFresh(known: ContactRecord): boolean {
    const now = this.#clock.now();
    if (known.record === undefined) return known.checkedAt !== 0 && now - known.checkedAt < ABSENCE_AGE_MAX;
    return now < known.record.validUntil && now - known.checkedAt < RECORD_AGE_MAX;
  }

  /** Why there was no answer; undefined when there was one, of whatever kind. */
  #ask(address: string): Promise<ErrorCode | undefined> {
    const running = this.#asking.get(address);
    if (running !== undefined) return running;
    const asking = this.#askNow(address).finally(() => this.#asking.delete(address));
    this.#asking.set(address, asking);
    return asking;
  }

  async #askNow(address: string): Promise<ErrorCode | undefined> {
    let record: MailboxRecord | undefined;
    try {
      const domain = address.slice(address.lastIndexOf("@") + 1);
      record = this.#client.serves(domain) ? await this.#client.lookup(address) : undefined;
    } catch (error) {
      const { code } = toMainError(error);
      if (code === "INTERNAL") throw error;
      return code;
    }
    await this.#change(address, (known) => this.#learn(known, record));
    return undefined;
  }

  async #learn(known: ContactRecord, record: MailboxRecord | undefined): Promise<ContactRecord> {
    const seen = { ...known, checkedAt: this.#clock.now(), exists: record !== undefined };
    if (record === undefined) return seen;
    const pinned = await this.#pinOf(record);
    if (pinned === undefined) return { ...seen, exists: known.pinned !== undefined };
    if (known.pinned === undefined) return { ...seen, pinned, record };
    const same =
      equalBytes(pinned.accountKey, known.pinned.accountKey) && pinned.fingerprint === known.pinned.fingerprint;
    if (isOlder(record, same ? known.record : known.changed)) return seen;
    // A key that came back to what it was needs no decision any more.
    return same ? { ...seen, record, changed: undefined } : { ...seen, changed: record };
  }

  async #pinOf(record: MailboxRecord): Promise<NonNullable<ContactRecord["pinned"]> | undefined> {
    const certificate = await this.#certificate(record.certificate, record.address);
    return certificate && { accountKey: record.accountKey, fingerprint: certificate.fingerprint };
  }

  #certificate(bytes: Uint8Array, address: string): Promise<ReadCertificate | undefined> {
    return this.#mailWork.readCertificate({ bytes, address, now: this.#clock.now() });
  }

  async #judge(record: ContactRecord, failure?: ErrorCode): Promise<Contact> {
    const certificate = record.record && (await this.#certificate(record.record.certificate, record.address));
    const state = (): ContactState => {
      if (record.changed !== undefined) return "changed";
      if (record.record === undefined || certificate === undefined)
        return failure === undefined ? "unknown" : "unavailable";
      if (this.#client.status().state === "clock-wrong") return "unavailable"; // what is past and what is not cannot be told
      const current = this.#clock.now() < record.record.validUntil;
      if (!current && failure !== undefined) return "unavailable";
      if (!current || certificate.usability !== "usable") return "expired";
      return record.verified ? "verified" : "private";
    };
    return { record, state: state(), failure, certificate };
  }
}

/** A provider that shows what its reader has replaced would have us seal to a key that may be gone. */
function isOlder(record: MailboxRecord, known: MailboxRecord | undefined): boolean {
  if (known === undefined || !equalBytes(record.accountKey, known.accountKey)) return false;
  return record.validFrom < known.validFrom;
}
