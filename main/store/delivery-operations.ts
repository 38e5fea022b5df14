/** The ways of our messages to their readers. */

import type { MessageId } from "#transport";
import type { ErrorCode } from "../contract/contract.ts";
import { MainError } from "../error.ts";
import type { Database } from "./database.ts";
import { idBytes, idText } from "./ids.ts";
import type { DeliveryRecord } from "./records.ts";
import { bytes, integer } from "./row.ts";

/** A sealed mail that the transport has not taken yet. */
export interface Unsent {
  readonly message: string;
  readonly position: number;
  readonly address: string;
  readonly body: Uint8Array;
}

export const deliveryOperations = {
  /** What a crash or a missing key kept from the transport. Oldest first. */
  unsent: (db: Database): Unsent[] =>
    db
      .all("SELECT message, position, row, body FROM deliveries WHERE transport_id IS NULL ORDER BY rowid")
      .map((row) => {
        const [message, position] = [bytes(row, "message"), integer(row, "position")];
        const record = db.cipher.openJson<DeliveryRecord>("deliveries", [message, position], row["row"]);
        const body = db.cipher.open("delivery-body", [message, position], row["body"]);
        return { message: idText(message), position, address: record.address, body };
      }),

  /** The transport has it now and keeps the bytes itself. */
  setTransportId(db: Database, o: { message: string; position: number; transportId: MessageId }): void {
    const id = idBytes(o.message);
    const row = db.get("SELECT row FROM deliveries WHERE message = ? AND position = ?", id, o.position);
    if (row === undefined) throw new MainError("NOT_FOUND");
    const record = db.cipher.openJson<DeliveryRecord>("deliveries", [id, o.position], row["row"]);
    const sealed = db.cipher.sealJson("deliveries", [id, o.position], {
      ...record,
      transportId: o.transportId,
      errorCode: undefined,
    });
    db.run(
      "UPDATE deliveries SET transport_id = ?, row = ?, body = NULL WHERE message = ? AND position = ?",
      o.transportId,
      sealed,
      id,
      o.position,
    );
  },

  /** Why it waits. The sealed mail stays until the transport takes it. */
  noteFailure(db: Database, o: { message: string; position: number; errorCode: ErrorCode }): void {
    const id = idBytes(o.message);
    const row = db.get("SELECT row FROM deliveries WHERE message = ? AND position = ?", id, o.position);
    if (row === undefined) throw new MainError("NOT_FOUND");
    const record = db.cipher.openJson<DeliveryRecord>("deliveries", [id, o.position], row["row"]);
    const sealed = db.cipher.sealJson("deliveries", [id, o.position], { ...record, errorCode: o.errorCode });
    db.run("UPDATE deliveries SET row = ? WHERE message = ? AND position = ?", sealed, id, o.position);
  },

  /** The message a transport id belongs to, and the record after `change`; undefined when it is none of ours. */
  updateDelivery(
    db: Database,
    transportId: MessageId,
    change: Partial<DeliveryRecord>,
  ): { message: string; conversation: string } | undefined {
    const row = db.get("SELECT message, position, row FROM deliveries WHERE transport_id = ?", transportId);
    if (row === undefined) return undefined;
    const [message, position] = [bytes(row, "message"), integer(row, "position")];
    const record = db.cipher.openJson<DeliveryRecord>("deliveries", [message, position], row["row"]);
    const sealed = db.cipher.sealJson("deliveries", [message, position], { ...record, ...change });
    db.run("UPDATE deliveries SET row = ? WHERE message = ? AND position = ?", sealed, message, position);
    const owner = db.get("SELECT conversation FROM messages WHERE id = ?", message);
    if (owner === undefined) return undefined;
    return { message: idText(message), conversation: idText(bytes(owner, "conversation")) };
  },

  deliveries: (db: Database, message: string): DeliveryRecord[] => deliveriesOf(db, message),
} as const;

export function addDeliveries(
  db: Database,
  message: string,
  o: { bodies: readonly { address: string; body: Uint8Array; expectedAt: number }[]; queuedAt: number },
): void {
  const id = idBytes(message);
  for (const [position, { address, body, expectedAt }] of o.bodies.entries()) {
    const record: DeliveryRecord = {
      address,
      delivery: "queued",
      fragments: 0,
      fragmentsSent: 0,
      queuedAt: o.queuedAt,
      expectedAt,
    };
    db.run(
      "INSERT INTO deliveries (message, position, transport_id, row, body) VALUES (?, ?, NULL, ?, ?)",
      id,
      position,
      db.cipher.sealJson("deliveries", [id, position], record),
      db.cipher.seal("delivery-body", [id, position], body),
    );
  }
}

export function deliveriesOf(db: Database, message: string): DeliveryRecord[] {
  const id = idBytes(message);
  return db
    .all("SELECT position, row FROM deliveries WHERE message = ? ORDER BY position", id)
    .map((row) => db.cipher.openJson("deliveries", [id, integer(row, "position")], row["row"]));
}
