/** Who has a mailbox here under which name, with which devices, and the record that others look up. Spec: docs/spec/07-mailbox.md §2 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { MAILBOX_ID_BYTES, mailboxId, type NodeId } from "#transport/core/units.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import { type MailboxRecord, verifyMailboxRecord } from "#transport/directory/mailbox-record.ts";
import {
  type ControlAccount,
  type ControlAnswer,
  type ControlRequest,
  type ControlResult,
  deviceGrant,
} from "#transport/link/control.ts";
import type { ProviderDatabase } from "../database/database.ts";
import { isDiskError } from "../database/disk-error.ts";
import { AccountTables, type StoredAccount } from "./account-tables.ts";
import { isInviteGood, useInvite } from "./invites.ts";
import { DEVICES_PER_ACCOUNT_MAX, RECORD_LIFETIME_MAX, SIGN_UPS_PER_MINUTE_MAX } from "./limits.ts";
import { canonicalLocalPart, isReserved, skeletonOf } from "./local-part.ts";

export interface SignUpPolicy {
  readonly policy: "open" | "invite" | "closed";
  /** Local parts that nobody gets, besides the usual ones. */
  readonly reserved?: readonly string[];
}

export interface AccountsDependencies {
  readonly database: ProviderDatabase;
  readonly clock: Clock;
  /** Mailbox ids. */
  readonly random: RandomSource;
  readonly primitives: Primitives;
  readonly providerId: NodeId;
  /** What stands behind the @. */
  readonly domain: string;
  readonly signUp: SignUpPolicy;
}

export class Accounts {
  readonly #deps: AccountsDependencies;
  readonly #tables: AccountTables;
  #minute = { number: 0, signUps: 0 };

  constructor(deps: AccountsDependencies) {
    this.#deps = deps;
    this.#tables = new AccountTables(deps.database);
  }

  /** Whether a device belongs to an account. */
  isDevice(deviceKey: Uint8Array): boolean {
    return this.#tables.ofDevice(deviceKey) !== undefined;
  }

  /** Answers one request; what it changed is on the disk before this returns. */
  handle(deviceKey: Uint8Array, request: ControlRequest): ControlAnswer {
    let result: ControlResult;
    try {
      result = this.#deps.database.transaction(() => this.#decide(deviceKey, request));
    } catch (error) {
      if (!isDiskError(error)) throw error;
      result = "UNAVAILABLE";
    }
    const account = this.#tables.ofDevice(deviceKey);
    const { id } = request;
    return account === undefined ? { id, result } : { id, result, account: this.#public(account) };
  }

  /** The record published for an address of this domain; undefined for an unknown name or none yet. */
  record(address: string): Uint8Array | undefined {
    const at = address.lastIndexOf("@");
    if (at < 0 || address.slice(at + 1).toLowerCase() !== this.#deps.domain) return undefined;
    const localPart = canonicalLocalPart(address.slice(0, at));
    return localPart === undefined ? undefined : this.#tables.named(localPart)?.record;
  }

  #decide(deviceKey: Uint8Array, request: ControlRequest): ControlResult {
    switch (request.kind) {
      case "status":
        return this.isDevice(deviceKey) ? "OK" : "NO_ACCOUNT";
      case "sign-up":
        return this.#signUp(deviceKey, request);
      case "put-record":
        return this.#putRecord(deviceKey, request.record);
      case "add-device":
        return this.#addDevice(deviceKey, request);
      case "remove-device":
        return this.#removeDevice(deviceKey, request.deviceKey);
    }
  }

  #signUp(deviceKey: Uint8Array, request: ControlRequest & { kind: "sign-up" }): ControlResult {
    const { signUp, primitives, database } = this.#deps;
    const localPart = canonicalLocalPart(request.localPart);
    if (localPart === undefined) return "NAME_INVALID";
    const existing = this.#tables.ofDevice(deviceKey);
    // The answer to an earlier request may have been lost.
    if (existing !== undefined) return existing.localPart === localPart ? "OK" : "REFUSED";
    if (signUp.policy === "closed") return "REFUSED";
    // Without an invitation nobody takes others' turns, or asks which names are taken.
    const isInvite = signUp.policy === "invite";
    if (isInvite && !isInviteGood(database, { code: request.invite, primitives })) return "BAD_INVITE";
    if (!this.#takeSignUp()) return "UNAVAILABLE";
    const skeleton = skeletonOf(localPart);
    if (isReserved(localPart, signUp.reserved) || this.#tables.isTaken(skeleton)) return "NAME_TAKEN";
    // Last, so that a name that is taken does not use up an invitation.
    if (isInvite && !useInvite(database, { code: request.invite, primitives })) return "BAD_INVITE";
    this.#tables.create({
      localPart,
      skeleton,
      accountKey: request.accountKey,
      mailboxId: mailboxId(this.#deps.random.bytes(MAILBOX_ID_BYTES)),
      deviceKey,
      day: this.#today(),
    });
    return "OK";
  }

  #putRecord(deviceKey: Uint8Array, bytes: Uint8Array): ControlResult {
    const account = this.#tables.ofDevice(deviceKey);
    if (account === undefined) return "NO_ACCOUNT";
    const record = this.#verify(bytes);
    if (record === undefined || !this.#belongsTo(record, account)) return "BAD_RECORD";
    this.#tables.setRecord(account, bytes);
    return "OK";
  }

  /** A record for this account, signed by its key, not older than the one it replaces, that runs out in time. */
  #belongsTo(record: MailboxRecord, account: StoredAccount): boolean {
    const before = account.record === undefined ? undefined : this.#verify(account.record);
    return (
      record.address === this.#public(account).address &&
      equalBytes(record.providerId, this.#deps.providerId) &&
      equalBytes(record.mailboxId, account.mailboxId) &&
      equalBytes(record.accountKey, account.accountKey) &&
      record.validFrom >= (before?.validFrom ?? 0) &&
      record.validUntil <= this.#deps.clock.now() + RECORD_LIFETIME_MAX
    );
  }

  #verify(bytes: Uint8Array): MailboxRecord | undefined {
    try {
      return verifyMailboxRecord({ bytes, suite: this.#deps.primitives });
    } catch {
      return undefined;
    }
  }

  #addDevice(deviceKey: Uint8Array, request: ControlRequest & { kind: "add-device" }): ControlResult {
    const localPart = canonicalLocalPart(request.localPart);
    const account = localPart === undefined ? undefined : this.#tables.named(localPart);
    // An unknown name and a wrong signature answer alike: this is no way to ask which names exist.
    if (localPart === undefined || account === undefined) return "REFUSED";
    const granted = deviceGrant({ providerId: this.#deps.providerId, deviceKey, localPart });
    if (!this.#deps.primitives.ed25519.verify(request.signature, granted, account.accountKey)) return "REFUSED";
    const own = this.#tables.ofDevice(deviceKey);
    if (own !== undefined) return own.localPart === localPart ? "OK" : "REFUSED";
    if (this.#tables.devices(account) >= DEVICES_PER_ACCOUNT_MAX) return "TOO_MANY_DEVICES";
    this.#tables.addDevice(account, deviceKey, this.#today());
    return "OK";
  }

  #removeDevice(deviceKey: Uint8Array, removed: Uint8Array): ControlResult {
    const account = this.#tables.ofDevice(deviceKey);
    if (account === undefined) return "NO_ACCOUNT";
    const target = this.#tables.ofDevice(removed);
    if (target === undefined || target.mailbox !== account.mailbox) return "REFUSED";
    this.#tables.removeDevice(removed);
    return "OK";
  }

  #takeSignUp(): boolean {
    const number = Math.floor(this.#deps.clock.now() / 60_000);
    if (this.#minute.number !== number) this.#minute = { number, signUps: 0 };
    return ++this.#minute.signUps <= SIGN_UPS_PER_MINUTE_MAX;
  }

  #public(account: StoredAccount): ControlAccount {
    const { domain, providerId } = this.#deps;
    return { address: `${account.localPart}@${domain}`, providerId, mailboxId: account.mailboxId };
  }

  #today(): number {
    return Math.floor(this.#deps.clock.now() / 86_400_000);
  }
}
