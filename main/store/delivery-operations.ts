/** The ways of our messages to their readers. */

import { isDeepStrictEqual } from "node:util";
import { type MessageId, messageId } from "#transport";
import type { ErrorCode } from "../contract/contract.ts";
import { MainError } from "../error.ts";
import type { Database, Row } from "./database.ts";
import { idBytes, idText } from "./ids.ts";
import type { DeliveryRecord, SealedBody, Unsent } from "./records.ts";
import { bytes, integer } from "./row.ts";

export const deliveryOperations = {
  /** What a crash or a missing key kept from the transport. Oldest first. */
  unsent: (db: Database): Unsent[] =>
    db.all("SELECT message, position, row FROM deliveries WHERE body IS NOT NULL ORDER BY rowid").map((row) => {
      const [message, position] = [bytes(row, "message"), integer(row, "position")];
      const { address, transportId } = readDelivery(db, { message, position, row });
      return { message: idText(message), position, address, transportId: messageId(transportId) };
    }),

  /** The sealed bytes of one; undefined when the transport has taken them since. */
  unsentBody(db: Database, o: { message: string; position: number }): Uint8Array | undefined {
    const id = idBytes(o.message);
    const row = db.get("SELECT body FROM deliveries WHERE message = ? AND position = ?", id, o.position);
    if (row === undefined || row["body"] === null) return undefined;
    return db.cipher.open("delivery-body", [id, o.position], row["body"]);
  },

  /** The transport has it now and keeps the bytes itself. */
  noteHandedOver(db: Database, o: { message: string; position: number }): void {
    changeDelivery(db, { ...o, change: { handedOver: true, errorCode: undefined } });
    db.run("UPDATE deliveries SET body = NULL WHERE message = ? AND position = ?", idBytes(o.message), o.position);
  },

  /** Why it waits. The sealed mail stays until the transport takes it. */
  noteFailure(db: Database, o: { message: string; position: number; errorCode: ErrorCode }): void {
    const { errorCode, ...place } = o;
    changeDelivery(db, { ...place, change: { errorCode } });
  },

  /** The message a transport id belongs to, and the record after `change`; undefined when it is none of ours or says so already. */
  updateDelivery(
    db: Database,
    transportId: MessageId,
    change: Partial<DeliveryRecord>,
  ): { message: string; conversation: string } | undefined {
    const row = db.get("SELECT message, position, row FROM deliveries WHERE transport_id = ?", transportId);
    if (row === undefined) return undefined;
    const [message, position] = [bytes(row, "message"), integer(row, "position")];
    const record = readDelivery(db, { message, position, row });
    const changed = { ...record, ...change };
    if (isDeepStrictEqual(withoutAbsent(record), withoutAbsent(changed))) return undefined;
    const sealed = db.cipher.sealJson("deliveries", [message, position], changed);
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
  o: { bodies: readonly SealedBody[]; queuedAt: number },
): void {
  const id = idBytes(message);
  for (const [position, { address, transportId, body, expectedAt }] of o.bodies.entries()) {
    const record: DeliveryRecord = {
      address,
      transportId,
      handedOver: false,
      delivery: "queued",
      fragments: 0,
      fragmentsSent: 0,
      queuedAt: o.queuedAt,
      expectedAt,
    };
    db.run(
      "INSERT INTO deliveries (message, position, transport_id, row, body) VALUES (?, ?, ?, ?, ?)",
      id,
      position,
      transportId,
      db.cipher.sealJson("deliveries", [id, position], record),
      db.cipher.seal("delivery-body", [id, position], body),
    );
  }
}

function readDelivery(db: Database, o: { message: Uint8Array; position: number; row: Row }): DeliveryRecord {
  return db.cipher.openJson("deliveries", [o.message, o.position], o.row["row"]);
}

/** Throws NOT_FOUND. */
function changeDelivery(db: Database, o: { message: string; position: number; change: Partial<DeliveryRecord> }): void {
  const { position } = o;
  const message = idBytes(o.message);
  const row = db.get("SELECT row FROM deliveries WHERE message = ? AND position = ?", message, position);
  if (row === undefined) throw new MainError("NOT_FOUND");
  const changed = { ...readDelivery(db, { message, position, row }), ...o.change };
  const sealed = db.cipher.sealJson("deliveries", [message, position], changed);
  db.run("UPDATE deliveries SET row = ? WHERE message = ? AND position = ?", sealed, message, position);
}

/** An absent field and an undefined one say the same. */
const withoutAbsent = (record: DeliveryRecord): object =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

export function deliveriesOf(db: Database, message: string): DeliveryRecord[] {
  const id = idBytes(message);
  return db
    .all("SELECT position, row FROM deliveries WHERE message = ? ORDER BY position", id)
    .map((row) => db.cipher.openJson("deliveries", [id, integer(row, "position")], row["row"]));
}
