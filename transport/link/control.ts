/**
 * What a device asks its provider about its account: bodies of the CONTROL frames, before the frame's padding.
 * Spec: docs/spec/07-mailbox.md §2
 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { type MailboxId, mailboxId, type NodeId, nodeId } from "../core/units.ts";
import {
  ADDRESS_BYTES_MAX,
  DEVICE_KEY_BYTES,
  INVITE_CODE_BYTES_MAX,
  LOCAL_PART_BYTES_MAX,
  RECORD_BYTES_MAX,
} from "./control-limits.ts";

/** The device is known by its link certificate's key; no request names it. `id` comes back in the answer. */
export type ControlRequest =
  /** Opens an account, or finds the one that this device has under this name: asking twice is safe. */
  | {
      readonly kind: "sign-up";
      readonly id: number;
      readonly localPart: string;
      readonly invite: string;
      readonly accountKey: Uint8Array;
    }
  /** Publishes a MailboxRecord, signed by the account key; it replaces the one before. */
  | { readonly kind: "put-record"; readonly id: number; readonly record: Uint8Array }
  /** Adds the asking device to an account; the account key signed `deviceGrant` (64 bytes, Ed25519). */
  | { readonly kind: "add-device"; readonly id: number; readonly localPart: string; readonly signature: Uint8Array }
  /** Removes a device of the asking device's account. */
  | { readonly kind: "remove-device"; readonly id: number; readonly deviceKey: Uint8Array }
  /** Which account, if any, the asking device belongs to. */
  | { readonly kind: "status"; readonly id: number };

export const CONTROL_RESULTS = {
  OK: 0,
  /** The policy is closed, or the request is not one for this device. */
  REFUSED: 1,
  BAD_INVITE: 2,
  NAME_TAKEN: 3,
  /** Not a local part this provider gives out; reserved names answer NAME_TAKEN. */
  NAME_INVALID: 4,
  NO_ACCOUNT: 5,
  BAD_RECORD: 6,
  TOO_MANY_DEVICES: 7,
  /** The provider cannot store anything now; ask again later. */
  UNAVAILABLE: 8,
  MALFORMED: 9,
} as const;

export type ControlResult = keyof typeof CONTROL_RESULTS;

/** The account of the asking device, if it has one after the request. */
export interface ControlAnswer {
  readonly id: number;
  readonly result: ControlResult;
  readonly account?: ControlAccount;
}

export interface ControlAccount {
  readonly address: string;
  readonly providerId: NodeId;
  readonly mailboxId: MailboxId;
}

/** Throws RangeError for fields over their limits. */
export function encodeControlRequest(request: ControlRequest): Uint8Array {
  const writer = new Writer().u8(REQUEST_KINDS[request.kind]).u32(request.id);
  switch (request.kind) {
    case "sign-up":
      return writer.text16(request.localPart).text16(request.invite).raw(request.accountKey).finish();
    case "put-record":
      return writer.bytes16(request.record).finish();
    case "add-device":
      return writer.text16(request.localPart).raw(request.signature).finish();
    case "remove-device":
      return writer.raw(request.deviceKey).finish();
    case "status":
      return writer.finish();
  }
}

/** Throws MALFORMED. */
export function decodeControlRequest(bytes: Uint8Array): ControlRequest {
  const reader = new Reader(bytes);
  const kind = reader.u8();
  const id = reader.u32();
  const request = decodeFields(reader, kind, id);
  reader.end();
  return request;
}

export function encodeControlAnswer(answer: ControlAnswer): Uint8Array {
  const writer = new Writer().u32(answer.id).u8(CONTROL_RESULTS[answer.result]);
  const { account } = answer;
  if (account === undefined) return writer.u8(0).finish();
  return writer.u8(1).text16(account.address).raw(account.providerId).raw(account.mailboxId).finish();
}

/** Throws MALFORMED. */
export function decodeControlAnswer(bytes: Uint8Array): ControlAnswer {
  const reader = new Reader(bytes);
  const id = reader.u32();
  const result = RESULT_NAMES.get(reader.u8());
  const present = reader.u8();
  if (result === undefined || present > 1) throw new TransportError("MALFORMED");
  const account = present === 1 ? decodeAccount(reader) : undefined;
  reader.end();
  return account === undefined ? { id, result } : { id, result, account };
}

/** What the account key signs to admit a device: label ‖ provider's node id ‖ device key ‖ local part. */
export function deviceGrant(options: { providerId: NodeId; deviceKey: Uint8Array; localPart: string }): Uint8Array {
  return new Writer()
    .text16("starling/device-grant/v1")
    .raw(options.providerId)
    .raw(options.deviceKey)
    .text16(options.localPart)
    .finish();
}

const REQUEST_KINDS = { "sign-up": 1, "put-record": 2, "add-device": 3, "remove-device": 4, status: 5 } as const;
const RESULT_NAMES: ReadonlyMap<number, ControlResult> = new Map(
  Object.entries(CONTROL_RESULTS).map(([name, code]) => [code, name as ControlResult]),
);
const SIGNATURE_BYTES = 64;

function decodeFields(reader: Reader, kind: number, id: number): ControlRequest {
  switch (kind) {
    case REQUEST_KINDS["sign-up"]:
      return {
        kind: "sign-up",
        id,
        localPart: reader.text16(LOCAL_PART_BYTES_MAX),
        invite: reader.text16(INVITE_CODE_BYTES_MAX),
        accountKey: reader.take(DEVICE_KEY_BYTES),
      };
    case REQUEST_KINDS["put-record"]:
      return { kind: "put-record", id, record: reader.bytes16(RECORD_BYTES_MAX) };
    case REQUEST_KINDS["add-device"]:
      return {
        kind: "add-device",
        id,
        localPart: reader.text16(LOCAL_PART_BYTES_MAX),
        signature: reader.take(SIGNATURE_BYTES),
      };
    case REQUEST_KINDS["remove-device"]:
      return { kind: "remove-device", id, deviceKey: reader.take(DEVICE_KEY_BYTES) };
    case REQUEST_KINDS.status:
      return { kind: "status", id };
    default:
      throw new TransportError("MALFORMED");
  }
}

function decodeAccount(reader: Reader): ControlAccount {
  const address = reader.text16(ADDRESS_BYTES_MAX);
  return { address, providerId: nodeId(reader.take(32)), mailboxId: mailboxId(reader.take(32)) };
}
