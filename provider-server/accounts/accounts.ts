/** Who has a mailbox here under which name, with which devices, and the record that others look up. Spec: docs/spec/07-mailbox.md §2 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import type { RandomSource } from "#transport/core/random.ts";
import {
  MAILBOX_ID_BYTES,
  type MailboxId,
  mailboxId,
  type Milliseconds,
  milliseconds,
  type NodeId,
} from "#transport/core/units.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import { isEarly, type MailboxRecord, verifyMailboxRecord } from "#transport/directory/mailbox-record.ts";
import {
  type ControlAccount,
  type ControlAnswer,
  type ControlRequest,
  type ControlResult,
  encodeDeviceList,
} from "#transport/link/control.ts";
import { DEVICE_OFFER_MINUTES } from "#transport/link/control-limits.ts";
import { deviceTokenHash } from "#transport/link/device-token.ts";
import type { ProviderDatabase } from "../database/database.ts";
import { isDiskError } from "../database/disk-error.ts";
import { AccountTables, type StoredAccount } from "./account-tables.ts";
import { findInvite, useInvite } from "./invites.ts";
import {
  DEVICES_PER_ACCOUNT_MAX,
  RECORD_LIFETIME_MAX,
  SIGN_UPS_PER_ADDRESS_MAX,
  SIGN_UPS_PER_MINUTE_MAX,
  UNFINISHED_PER_ACCOUNT_MAX,
} from "./limits.ts";
import { canonicalLocalPart, isReserved, skeletonOf } from "./local-part.ts";
import { NamesTold } from "./names-told.ts";

export interface SignUpPolicy {
  readonly policy: "open" | "invite" | "closed";
  /** Local parts that nobody gets, besides the usual ones. */
  readonly reserved?: readonly string[];
}

export interface AccountsDependencies {
  readonly database: ProviderDatabase;
  readonly clock: Clock;
  /** Mailbox ids, and where network addresses are counted. */
  readonly random: RandomSource;
  readonly primitives: Primitives;
  readonly providerId: NodeId;
  /** What stands behind the @. */
  readonly domain: string;
  readonly signUp: SignUpPolicy;
  /** The clock's time while it is certain; undefined while it may be wrong. */
  readonly certainTime: () => Milliseconds | undefined;
  /** Puts a notice into the mailbox; part of the transaction that is under way. False when there is no room for it. */
  readonly notify: (mailboxId: MailboxId, notice: Uint8Array) => boolean;
}

/** What a request came to, and the answer's body where it has one. */
type Decision = ControlResult | { readonly body: Uint8Array };

/** Requests for tokens are answered elsewhere (provider-server/tokens). */
export type AccountRequest = Exclude<ControlRequest, { kind: "order-tokens" }>;

export class Accounts {
  readonly #deps: AccountsDependencies;
  readonly #tables: AccountTables;
  readonly #told: NamesTold;
  #minute = { number: 0, signUps: 0, byAddress: new Map<string, number>() };
  #cancelForget: Cancel = () => undefined;

  constructor(deps: AccountsDependencies) {
    this.#deps = deps;
    this.#tables = new AccountTables(deps.database);
    this.#told = new NamesTold(deps);
  }

  stop(): void {
    this.#cancelForget();
    this.#minute.byAddress.clear();
    this.#told.stop();
  }

  /** Whether a device belongs to an account. */
  isDevice(deviceKey: Uint8Array): boolean {
    return this.#tables.ofDevice(deviceKey) !== undefined;
  }

  /** Network addresses that are known at the moment. */
  get addresses(): number {
    return this.#minute.byAddress.size;
  }

  /** The account of a device, as a number that stays; undefined for a stranger. */
  accountOf(deviceKey: Uint8Array): number | undefined {
    return this.#tables.ofDevice(deviceKey)?.mailbox;
  }

  /** Answers one request; what it changed is on the disk before this returns. `from`: the network address that it came from. */
  handle(deviceKey: Uint8Array, request: AccountRequest, from?: string): ControlAnswer {
    let decision: Decision;
    try {
      decision = this.#deps.database.transaction(() => this.#decide(deviceKey, request, from));
    } catch (error) {
      if (!isDiskError(error)) throw error;
      decision = "UNAVAILABLE";
    }
    const { id } = request;
    const [result, body] = typeof decision === "string" ? [decision, NOTHING] : ["OK" as const, decision.body];
    const account = this.#tables.ofDevice(deviceKey);
    return account === undefined ? { id, result, body } : { id, result, body, account: this.#public(account) };
  }

  /** The record published for an address of this domain; undefined for an unknown name or none yet. */
  record(address: string): Uint8Array | undefined {
    const at = address.lastIndexOf("@");
    if (at < 0 || address.slice(at + 1).toLowerCase() !== this.#deps.domain) return undefined;
    const localPart = canonicalLocalPart(address.slice(0, at));
    return localPart === undefined ? undefined : this.#tables.named(localPart)?.record;
  }

  #decide(deviceKey: Uint8Array, request: AccountRequest, from: string | undefined): Decision {
    this.#tables.endJoining(this.#thisMinute(), this.#deps.primitives);
    switch (request.kind) {
      case "status":
        return this.isDevice(deviceKey) ? "OK" : "NO_ACCOUNT";
      case "sign-up":
        return this.#signUp(deviceKey, request, from);
      case "put-record":
        return this.#putRecord(deviceKey, request);
      case "offer-device":
        return this.#offerDevice(deviceKey, request);
      case "join-device":
        return this.#joinDevice(deviceKey, request.token);
      case "remove-device":
        return this.#removeDevice(deviceKey, request);
      case "list-devices":
        return this.#listDevices(deviceKey);
      case "label-device":
        return this.#labelDevice(deviceKey, request);
      case "withdraw-offer":
        return this.#withdrawOffer(deviceKey);
    }
  }

  #signUp(
    deviceKey: Uint8Array,
    request: ControlRequest & { kind: "sign-up" },
    from: string | undefined,
  ): ControlResult {
    const { signUp, primitives, database } = this.#deps;
    const localPart = canonicalLocalPart(request.localPart);
    if (localPart === undefined) return "NAME_INVALID";
    const existing = this.#tables.ofDevice(deviceKey);
    // The answer to an earlier request may have been lost.
    if (existing !== undefined) return existing.localPart === localPart ? "OK" : "REFUSED";
    if (signUp.policy === "closed") return "REFUSED";
    // Without an invitation nobody takes others' turns, or asks which names are taken.
    const isInvite = signUp.policy === "invite";
    const invite = isInvite ? findInvite(database, { code: request.invite, primitives }) : undefined;
    if (isInvite && invite === undefined) return "BAD_INVITE";
    const newcomer = invite === undefined ? { from } : { invite };
    // Before the name is looked at: a refusal that came for some names only would go on telling which.
    if (!this.#told.mayTell(newcomer)) return "TOO_MANY_NAMES";
    if (!this.#takeSignUp(isInvite ? undefined : from)) return "UNAVAILABLE";
    const skeleton = skeletonOf(localPart);
    if (isReserved(localPart, signUp.reserved) || this.#tables.isTaken(skeleton)) {
      this.#told.told(newcomer);
      return "NAME_TAKEN";
    }
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

  #putRecord(
    deviceKey: Uint8Array,
    { record: bytes, replyId }: { readonly record: Uint8Array; readonly replyId: Uint8Array },
  ): ControlResult {
    const account = this.#tables.ofDevice(deviceKey);
    if (account === undefined) return "NO_ACCOUNT";
    // Nobody takes another's place for replies. First, for a new device asks at once, and there may be a notice ahead of it.
    if (!this.#tables.setReplyId(deviceKey, replyId)) return "REFUSED";
    // It would publish a key that the others have given up: the notice comes first.
    if (this.#tables.hasNoticeFor(deviceKey)) return "UNAVAILABLE";
    const record = this.#verify(bytes);
    if (record === undefined || !this.#belongsTo(record, account)) return "BAD_RECORD";
    this.#tables.setRecord(account, bytes);
    return "OK";
  }

  /** A record for this account, signed by its key, not older than the one it replaces, whose time has come, that runs out in time. */
  #belongsTo(record: MailboxRecord, account: StoredAccount): boolean {
    const before = account.record === undefined ? undefined : this.#verify(account.record);
    return (
      record.address === this.#public(account).address &&
      equalBytes(record.providerId, this.#deps.providerId) &&
      equalBytes(record.mailboxId, account.mailboxId) &&
      equalBytes(record.accountKey, account.accountKey) &&
      record.validFrom >= (before?.validFrom ?? 0) &&
      !this.#replacesTooEarly(record, before) &&
      record.validUntil <= this.#deps.clock.now() + RECORD_LIFETIME_MAX
    );
  }

  /** Nobody could write to the account until its time. A first record has none to replace, and its account would be lost without it. */
  #replacesTooEarly(record: MailboxRecord, before: MailboxRecord | undefined): boolean {
    const now = this.#deps.certainTime();
    if (now === undefined || before === undefined) return false;
    return record.validFrom > before.validFrom && isEarly(record, now);
  }

  #verify(bytes: Uint8Array): MailboxRecord | undefined {
    try {
      return verifyMailboxRecord({ bytes, suite: this.#deps.primitives });
    } catch {
      return undefined;
    }
  }

  #offerDevice(deviceKey: Uint8Array, request: ControlRequest & { kind: "offer-device" }): ControlResult {
    const account = this.#tables.ofDevice(deviceKey);
    if (account === undefined) return "NO_ACCOUNT";
    if (this.#isFull(account)) return "TOO_MANY_DEVICES";
    const { tokenHash, bundle } = request;
    this.#tables.offer(account, { tokenHash, bundle, until: this.#thisMinute() + DEVICE_OFFER_MINUTES });
    return "OK";
  }

  #joinDevice(deviceKey: Uint8Array, token: Uint8Array): Decision {
    const { primitives } = this.#deps;
    const tokenHash = deviceTokenHash(primitives, token);
    const offer = this.#tables.offered(tokenHash, this.#thisMinute());
    if (offer === undefined) return "REFUSED";
    const { account, usedBy, until, bundle } = offer;
    // The answer to an earlier request may have been lost.
    if (usedBy !== undefined) return equalBytes(usedBy, deviceKey) ? { body: bundle } : "REFUSED";
    this.#tables.leaveJoining({ deviceKey, primitives });
    const existing = this.#tables.ofDevice(deviceKey);
    if (existing === undefined) {
      if (this.#isFull(account)) return "TOO_MANY_DEVICES";
      // Until it says that it is done: what goes wrong over there leaves nobody in the account for long.
      this.#tables.addDevice(account, { deviceKey, day: this.#today(), until });
      // It is done, and the answer that told it so was lost.
    } else if (existing.mailbox !== account.mailbox) return "REFUSED";
    this.#tables.useOffer(tokenHash, deviceKey);
    return { body: bundle };
  }

  #isFull(account: StoredAccount): boolean {
    const { devices, unfinished } = this.#tables.count(account);
    return devices >= DEVICES_PER_ACCOUNT_MAX || unfinished >= UNFINISHED_PER_ACCOUNT_MAX;
  }

  /** A bundle that was offered before holds secrets that the device which goes knows: it goes as well. */
  #removeDevice(deviceKey: Uint8Array, request: ControlRequest & { kind: "remove-device" }): ControlResult {
    const account = this.#tables.ofDevice(deviceKey);
    if (account === undefined) return "NO_ACCOUNT";
    // Who has used a code cannot take itself out of the list.
    if (equalBytes(request.deviceKey, deviceKey)) return "REFUSED";
    const target = this.#tables.ofDevice(request.deviceKey);
    if (target === undefined || target.mailbox !== account.mailbox) return "REFUSED";
    // Sealed under what another removal has replaced by now, its notice would open for nobody.
    if (this.#tables.hasNoticeFor(deviceKey)) return "UNAVAILABLE";
    // Whom the others do not hear of would go on reading what they write.
    if (!this.#deps.notify(account.mailboxId, request.notice)) return "UNAVAILABLE";
    this.#tables.removeDevice(request.deviceKey);
    this.#tables.withdrawOffer(account);
    return "OK";
  }

  #listDevices(deviceKey: Uint8Array): Decision {
    const account = this.#tables.ofDevice(deviceKey);
    if (account === undefined) return "NO_ACCOUNT";
    const devices = this.#tables
      .listDevices(account)
      .map((device) => Object.assign(device, { isOwn: equalBytes(device.deviceKey, deviceKey) }));
    return { body: encodeDeviceList(devices) };
  }

  #labelDevice(deviceKey: Uint8Array, request: ControlRequest & { kind: "label-device" }): ControlResult {
    const account = this.#tables.ofDevice(deviceKey);
    if (account === undefined) return "NO_ACCOUNT";
    if (this.#tables.ofDevice(request.deviceKey)?.mailbox !== account.mailbox) return "REFUSED";
    this.#tables.setLabel(request.deviceKey, request.label);
    const { primitives } = this.#deps;
    if (equalBytes(request.deviceKey, deviceKey)) this.#tables.finishJoining(account, { deviceKey, primitives });
    return "OK";
  }

  #withdrawOffer(deviceKey: Uint8Array): ControlResult {
    const account = this.#tables.ofDevice(deviceKey);
    if (account === undefined) return "NO_ACCOUNT";
    return this.#tables.takeBackOffer(account, this.#thisMinute()) ? "OK" : "REFUSED";
  }

  /** What is past an address's share takes no turn of others. Addresses are forgotten with their minute. */
  #takeSignUp(from: string | undefined): boolean {
    const number = this.#thisMinute();
    if (this.#minute.number !== number) this.#beginMinute(number);
    const { byAddress, signUps } = this.#minute;
    if (signUps >= SIGN_UPS_PER_MINUTE_MAX) return false;
    if (from !== undefined) {
      const own = byAddress.get(from) ?? 0;
      if (own >= SIGN_UPS_PER_ADDRESS_MAX) return false;
      byAddress.set(from, own + 1);
    }
    this.#minute.signUps++;
    return true;
  }

  #beginMinute(number: number): void {
    this.#cancelForget();
    const minute = { number, signUps: 0, byAddress: new Map<string, number>() };
    this.#minute = minute;
    // Not with the next sign-up: that may be weeks later, and until then whoever takes the machine would find who signed up last.
    const end = milliseconds((number + 1) * MINUTE);
    this.#cancelForget = this.#deps.clock.at(end, () => minute.byAddress.clear());
  }

  #public(account: StoredAccount): ControlAccount {
    const { domain, providerId } = this.#deps;
    return { address: `${account.localPart}@${domain}`, providerId, mailboxId: account.mailboxId };
  }

  #thisMinute(): number {
    return Math.floor(this.#deps.clock.now() / MINUTE);
  }

  #today(): number {
    return Math.floor(this.#deps.clock.now() / 86_400_000);
  }
}

const NOTHING = new Uint8Array(0);
/** In milliseconds. */
const MINUTE = 60_000;
