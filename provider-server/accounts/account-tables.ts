/** The accounts' SQL. Every method that writes runs inside its caller's transaction. */

import type { StatementSync } from "node:sqlite";
import { type MailboxId, mailboxId } from "#transport/core/units.ts";
import type { ProviderDatabase } from "../database/database.ts";

export interface StoredAccount {
  readonly localPart: string;
  /** The mailbox's row. */
  readonly mailbox: number;
  readonly mailboxId: MailboxId;
  readonly accountKey: Uint8Array;
  readonly record: Uint8Array | undefined;
}

export class AccountTables {
  readonly #sql: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  constructor(database: ProviderDatabase) {
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#sql = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, StatementSync>;
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
    this.#sql.addDevice.run(account.deviceKey, mailbox, account.day);
  }

  setRecord(account: StoredAccount, record: Uint8Array): void {
    this.#sql.setRecord.run(record, account.localPart);
  }

  devices(account: StoredAccount): number {
    return Number(this.#sql.countDevices.get(account.mailbox)?.["devices"]);
  }

  addDevice(account: StoredAccount, deviceKey: Uint8Array, day: number): void {
    this.#sql.addDevice.run(deviceKey, account.mailbox, day);
  }

  removeDevice(deviceKey: Uint8Array): void {
    this.#sql.removeDevice.run(deviceKey);
  }
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

const STATEMENTS = {
  ofDevice:
    `${ACCOUNT} JOIN mailboxes ON mailboxes.id = accounts.mailbox ` +
    "JOIN devices ON devices.mailbox = accounts.mailbox WHERE device_key = ?",
  named: `${ACCOUNT} JOIN mailboxes ON mailboxes.id = accounts.mailbox WHERE local_part = ?`,
  taken: "SELECT 1 AS found FROM accounts WHERE skeleton = ?",
  addMailbox: "INSERT INTO mailboxes (mailbox_id) VALUES (?)",
  addAccount: "INSERT INTO accounts (local_part, skeleton, mailbox, account_key) VALUES (?, ?, ?, ?)",
  addDevice: "INSERT INTO devices (device_key, mailbox, polled_day) VALUES (?, ?, ?)",
  setRecord: "UPDATE accounts SET record = ? WHERE local_part = ?",
  countDevices: "SELECT COUNT(*) AS devices FROM devices WHERE mailbox = ?",
  removeDevice: "DELETE FROM devices WHERE device_key = ?",
} as const;
