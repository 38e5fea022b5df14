/** The accounts' SQL. Every method that writes runs inside its caller's transaction. */

import type { StatementSync } from "node:sqlite";
import { concat, utf8 } from "#transport/core/bytes.ts";
import { type MailboxId, mailboxId } from "#transport/core/units.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import type { ListedDevice } from "#transport/link/control.ts";
import type { ProviderDatabase } from "../database/database.ts";
import { KIND_CODES } from "../mailbox/mailbox-tables.ts";

export interface StoredAccount {
  readonly localPart: string;
  /** The mailbox's row. */
  readonly mailbox: number;
  readonly mailboxId: MailboxId;
  readonly accountKey: Uint8Array;
  readonly record: Uint8Array | undefined;
}

export interface Offer {
  readonly account: StoredAccount;
  readonly usedBy: Uint8Array | undefined;
  readonly until: number;
  readonly bundle: Uint8Array;
}

/** A device that has used a code, and what makes the name under which it stands should it not finish. */
interface Joining {
  readonly deviceKey: Uint8Array;
  readonly primitives: Primitives;
}

export class AccountTables {
  readonly #sql: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  constructor(database: ProviderDatabase) {
    this.#sql = database.prepareAll(STATEMENTS);
  }

  ofDevice(deviceKey: Uint8Array): StoredAccount | undefined {
    return toAccount(this.#sql.ofDevice.get(deviceKey));
  }

  named(localPart: string): StoredAccount | undefined {
    return toAccount(this.#sql.named.get(localPart));
  }

  isTaken(skeleton: string): boolean {
    return this.#sql.taken.get(skeleton) !== undefined;
  }

  create(account: {
    localPart: string;
    skeleton: string;
    accountKey: Uint8Array;
    mailboxId: MailboxId;
    deviceKey: Uint8Array;
    day: number;
  }): void {
    const mailbox = this.#sql.addMailbox.run(account.mailboxId).lastInsertRowid;
    this.#sql.addAccount.run(account.localPart, account.skeleton, mailbox, account.accountKey);
    this.#sql.addDevice.run(account.deviceKey, mailbox, account.day, null);
  }

  /** Where replies to this device come. False when another device has it, or it is the id of a mailbox or a box: nothing was changed. */
  setReplyId(deviceKey: Uint8Array, replyId: Uint8Array): boolean {
    if (this.#sql.replyTaken.get(replyId, deviceKey) !== undefined) return false;
    this.#sql.setReplyId.run(replyId, deviceKey);
    return true;
  }

  setRecord(account: StoredAccount, record: Uint8Array): void {
    this.#sql.setRecord.run(record, account.localPart);
  }

  /** Its devices, and how many have used a code and did not finish. */
  count(account: StoredAccount): { devices: number; unfinished: number } {
    const row = this.#sql.count.get(UNFINISHED, account.mailbox);
    const unfinished = Number(row?.["unfinished"]);
    return { devices: Number(row?.["listed"]) - unfinished, unfinished };
  }

  /** A device that is none of the account any more after the minute `until`, unless it has finished joining. */
  addDevice(account: StoredAccount, device: { deviceKey: Uint8Array; day: number; until: number }): void {
    this.#sql.addDevice.run(device.deviceKey, account.mailbox, device.day, device.until);
  }

  /** It says that it is done. What it began before and did not finish is its own: it is in the list itself now. */
  finishJoining(account: StoredAccount, { deviceKey, primitives }: Joining): void {
    this.#sql.finishJoining.run(deviceKey);
    this.#sql.removeUnfinished.run(nameUnfinished(account.mailboxId, { deviceKey, primitives }));
  }

  /** It tries with another code. */
  leaveJoining({ deviceKey, primitives }: Joining): void {
    const row = this.#sql.joiningDevice.get(deviceKey);
    if (row !== undefined) this.#endJoining(row, primitives);
  }

  endJoining(minute: number, primitives: Primitives): void {
    for (const row of this.#sql.joiningUntil.all(minute)) this.#endJoining(row, primitives);
  }

  /**
   * What it was given it has: that stays in the list. Under a name that is nobody's key, so that it has no rights anywhere and
   * may join again, and without its label, which was sealed for the key.
   */
  #endJoining(row: Record<string, unknown>, primitives: Primitives): void {
    const deviceKey = row["device_key"] as Uint8Array;
    const name = nameUnfinished(mailboxId(row["mailbox_id"] as Uint8Array), { deviceKey, primitives });
    this.removeDevice(deviceKey);
    this.#sql.addUnfinished.run(name, Number(row["mailbox"]), Number(row["polled_day"]), UNFINISHED);
  }

  listDevices(account: StoredAccount): Omit<ListedDevice, "isOwn">[] {
    return this.#sql.listDevices.all(account.mailbox).map((row) => ({
      deviceKey: row["device_key"] as Uint8Array,
      lastDay: Number(row["polled_day"]),
      isJoining: row["joining_until"] !== null && row["joining_until"] !== UNFINISHED,
      isUnfinished: row["joining_until"] === UNFINISHED,
      label: (row["label"] ?? new Uint8Array(0)) as Uint8Array,
    }));
  }

  setLabel(deviceKey: Uint8Array, label: Uint8Array): void {
    this.#sql.setLabel.run(label, deviceKey);
  }

  /** And the replies that wait for it. */
  removeDevice(deviceKey: Uint8Array): void {
    this.#sql.removeReplies.run(deviceKey);
    this.#sql.removeDevice.run(deviceKey);
  }

  /** Whether something for the account's other devices waits that this one has not collected. */
  hasNoticeFor(deviceKey: Uint8Array): boolean {
    return this.#sql.noticeFor.get(deviceKey) !== undefined;
  }

  /** One at a time for an account: a new one replaces it. */
  offer(account: StoredAccount, o: { tokenHash: Uint8Array; bundle: Uint8Array; until: number }): void {
    this.withdrawOffer(account);
    this.#sql.addOffer.run(o.tokenHash, account.mailbox, o.until, o.bundle);
  }

  withdrawOffer(account: StoredAccount): void {
    this.#sql.removeOffer.run(account.mailbox);
  }

  /** False when a device has used it: it stays until it ends, for the answer to that device may have been lost. */
  takeBackOffer(account: StoredAccount, minute: number): boolean {
    this.#sql.removeOldOffers.run(minute);
    this.#sql.removeUnusedOffer.run(account.mailbox);
    return this.#sql.offerOf.get(account.mailbox) === undefined;
  }

  offered(tokenHash: Uint8Array, minute: number): Offer | undefined {
    this.#sql.removeOldOffers.run(minute);
    const row = this.#sql.offered.get(tokenHash);
    const account = toAccount(row);
    if (row === undefined || account === undefined) return undefined;
    return {
      account,
      usedBy: (row["used_by"] ?? undefined) as Uint8Array | undefined,
      until: Number(row["expires_minute"]),
      bundle: row["bundle"] as Uint8Array,
    };
  }

  useOffer(tokenHash: Uint8Array, deviceKey: Uint8Array): void {
    this.#sql.useOffer.run(deviceKey, tokenHash);
  }
}

/** docs/spec/07-mailbox.md §2.4 */
function nameUnfinished(id: MailboxId, { deviceKey, primitives }: Joining): Uint8Array {
  return primitives.blake2b(concat(utf8("starling/unfinished-device/v1"), id, deviceKey));
}

function toAccount(row: Record<string, unknown> | undefined): StoredAccount | undefined {
  if (row === undefined) return undefined;
  return {
    localPart: row["local_part"] as string,
    mailbox: Number(row["mailbox"]),
    mailboxId: mailboxId(row["mailbox_id"] as Uint8Array),
    accountKey: row["account_key"] as Uint8Array,
    record: (row["record"] ?? undefined) as Uint8Array | undefined,
  };
}

const ACCOUNT = "SELECT local_part, accounts.mailbox, mailbox_id, account_key, record FROM accounts ";

const JOINING =
  "SELECT device_key, mailbox, mailbox_id, polled_day FROM devices JOIN mailboxes ON mailboxes.id = devices.mailbox " +
  "WHERE joining_until > 0";

/** As the minute until which a device has to be done: it was not. */
const UNFINISHED = 0;

const STATEMENTS = {
  ofDevice:
    `${ACCOUNT} JOIN mailboxes ON mailboxes.id = accounts.mailbox ` +
    "JOIN devices ON devices.mailbox = accounts.mailbox WHERE device_key = ?",
  named: `${ACCOUNT} JOIN mailboxes ON mailboxes.id = accounts.mailbox WHERE local_part = ?`,
  taken: "SELECT 1 AS found FROM accounts WHERE skeleton = ?",
  addMailbox: "INSERT INTO mailboxes (mailbox_id) VALUES (?)",
  addAccount: "INSERT INTO accounts (local_part, skeleton, mailbox, account_key) VALUES (?, ?, ?, ?)",
  addDevice: "INSERT INTO devices (device_key, mailbox, polled_day, joining_until) VALUES (?, ?, ?, ?)",
  finishJoining: "UPDATE devices SET joining_until = NULL WHERE device_key = ?",
  joiningDevice: `${JOINING} AND device_key = ?`,
  joiningUntil: `${JOINING} AND joining_until <= ?`,
  addUnfinished:
    "INSERT INTO devices (device_key, mailbox, polled_day, joining_until) VALUES (?, ?, ?, ?) " +
    "ON CONFLICT (device_key) DO UPDATE SET polled_day = excluded.polled_day",
  removeUnfinished: "DELETE FROM devices WHERE device_key = ? AND joining_until = 0",
  replyTaken:
    "SELECT 1 FROM devices WHERE reply_id = ?1 AND device_key <> ?2 UNION ALL SELECT 1 FROM mailboxes WHERE mailbox_id = ?1",
  setReplyId: "UPDATE devices SET reply_id = ? WHERE device_key = ?",
  setRecord: "UPDATE accounts SET record = ? WHERE local_part = ?",
  count:
    "SELECT COUNT(*) AS listed, COUNT(CASE WHEN joining_until = ? THEN 1 END) AS unfinished FROM devices WHERE mailbox = ?",
  removeReplies:
    "DELETE FROM entries WHERE mailbox = (SELECT mailbox FROM devices WHERE device_key = ?1) AND device_key = ?1",
  removeDevice: "DELETE FROM devices WHERE device_key = ?",
  listDevices: "SELECT device_key, polled_day, joining_until, label FROM devices WHERE mailbox = ? ORDER BY device_key",
  setLabel: "UPDATE devices SET label = ? WHERE device_key = ?",
  noticeFor:
    "SELECT 1 AS found FROM entries JOIN devices ON devices.mailbox = entries.mailbox " +
    `WHERE devices.device_key = ? AND kind = ${KIND_CODES.notice} AND seq > cursor LIMIT 1`,
  addOffer: "INSERT INTO offers (token_hash, mailbox, expires_minute, bundle) VALUES (?, ?, ?, ?)",
  removeOffer: "DELETE FROM offers WHERE mailbox = ?",
  removeUnusedOffer: "DELETE FROM offers WHERE mailbox = ? AND used_by IS NULL",
  offerOf: "SELECT 1 FROM offers WHERE mailbox = ?",
  removeOldOffers: "DELETE FROM offers WHERE expires_minute <= ?",
  offered:
    "SELECT local_part, accounts.mailbox, mailbox_id, account_key, record, used_by, expires_minute, bundle FROM offers " +
    "JOIN accounts ON accounts.mailbox = offers.mailbox JOIN mailboxes ON mailboxes.id = offers.mailbox " +
    "WHERE token_hash = ?",
  useOffer: "UPDATE offers SET used_by = ? WHERE token_hash = ?",
} as const;
