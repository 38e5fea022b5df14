/**
 * What a device asks its provider about its account: bodies of the CONTROL frames, before the frame's padding.
 * Spec: docs/spec/07-mailbox.md §2
 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { type MailboxId, mailboxId, type NodeId, nodeId } from "../core/units.ts";
import {
  ADDRESS_BYTES_MAX,
  ANSWER_BODY_BYTES_MAX,
  BUNDLE_BYTES_MAX,
  DEVICE_KEY_BYTES,
  DEVICE_LABEL_BYTES_MAX,
  DEVICE_TOKEN_BYTES,
  DEVICES_LISTED_MAX,
  INVITE_CODE_BYTES_MAX,
  LOCAL_PART_BYTES_MAX,
  NOTICE_BYTES_MAX,
  RECORD_BYTES_MAX,
  REPLY_ID_BYTES,
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
  /**
   * Publishes a MailboxRecord, signed by the account key; it replaces the one before. `replyId`, 32 bytes, is where replies by
   * SURB to the asking device come from now on, also when the record is refused: only the two know it.
   */
  | { readonly kind: "put-record"; readonly id: number; readonly record: Uint8Array; readonly replyId: Uint8Array }
  /** Deposits what a new device of the asking device's account needs, for whoever shows the token with this hash. */
  | { readonly kind: "offer-device"; readonly id: number; readonly tokenHash: Uint8Array; readonly bundle: Uint8Array }
  /** Removes a device of the asking device's account; the notice goes into the mailbox, for those that stay. */
  | { readonly kind: "remove-device"; readonly id: number; readonly deviceKey: Uint8Array; readonly notice: Uint8Array }
  /** Replaces what a device of the asking device's account is called; only devices of the account can read it. */
  | { readonly kind: "label-device"; readonly id: number; readonly deviceKey: Uint8Array; readonly label: Uint8Array }
  /** Takes back what stands for a new device. */
  | { readonly kind: "withdraw-offer"; readonly id: number }
  /** Which account, if any, the asking device belongs to. */
  | { readonly kind: "status"; readonly id: number }
  /** Makes the asking device one of the account that offered; the answer's body is the bundle. Asking twice is safe. */
  | { readonly kind: "join-device"; readonly id: number; readonly token: Uint8Array }
  /** The devices of the asking device's account; the answer's body is a device list. */
  | { readonly kind: "list-devices"; readonly id: number }
  /** Blinded elements for tokens of every provider; asked again, the same, until the answer's body is a result. */
  | { readonly kind: "order-tokens"; readonly id: number; readonly order: Uint8Array };

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
  /** Newcomers of this invite, or of this network address, were told of as many taken names as a day has; nothing is said of this one. */
  TOO_MANY_NAMES: 10,
} as const;

export type ControlResult = keyof typeof CONTROL_RESULTS;

/** The account of the asking device, if it has one after the request. */
export interface ControlAnswer {
  readonly id: number;
  readonly result: ControlResult;
  readonly account?: ControlAccount;
  /** What was asked for, where it is not the account: empty for most requests. */
  readonly body: Uint8Array;
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
      return writer.bytes16(request.record).raw(request.replyId).finish();
    case "offer-device":
      return writer.raw(request.tokenHash).bytes16(request.bundle).finish();
    case "remove-device":
      return writer.raw(request.deviceKey).bytes16(request.notice).finish();
    case "label-device":
      return writer.raw(request.deviceKey).bytes16(request.label).finish();
    case "join-device":
      return writer.raw(request.token).finish();
    case "order-tokens":
      return writer.bytes16(request.order).finish();
    case "status":
    case "list-devices":
    case "withdraw-offer":
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
  const { account, body } = answer;
  if (account === undefined) return writer.u8(0).bytes16(body).finish();
  writer.u8(1).text16(account.address).raw(account.providerId).raw(account.mailboxId);
  return writer.bytes16(body).finish();
}

/** Throws MALFORMED. */
export function decodeControlAnswer(bytes: Uint8Array): ControlAnswer {
  const reader = new Reader(bytes);
  const id = reader.u32();
  const result = RESULT_NAMES.get(reader.u8());
  const present = reader.u8();
  if (result === undefined || present > 1) throw new TransportError("MALFORMED");
  const account = present === 1 ? decodeAccount(reader) : undefined;
  const body = reader.bytes16(ANSWER_BODY_BYTES_MAX);
  reader.end();
  return account === undefined ? { id, result, body } : { id, result, account, body };
}

const REQUEST_KINDS = {
  "sign-up": 1,
  "put-record": 2,
  "offer-device": 3,
  "remove-device": 4,
  status: 5,
  "join-device": 6,
  "list-devices": 7,
  "order-tokens": 8,
  "label-device": 9,
  "withdraw-offer": 10,
} as const;
/** One device of an account, as its provider knows it. */
export interface ListedDevice {
  readonly deviceKey: Uint8Array;
  /** The last day on which it polled, counted from the beginning of Unix time. */
  readonly lastDay: number;
  /** Whether it is the one that asked. */
  readonly isOwn: boolean;
  /** It has used a code and not said yet that it is done. */
  readonly isJoining: boolean;
  /**
   * It has used a code that ended before it said that it was done. It is none of the account, and stands under a name of the
   * provider's instead of its key, until another device removes it.
   */
  readonly isUnfinished: boolean;
  /** What the account's devices call it, sealed; empty until one has given it a label. */
  readonly label: Uint8Array;
}

/** count u8 ‖ (device key 32 ‖ last day u32 ‖ flags u8 ‖ label bytes16) each. */
export function encodeDeviceList(devices: readonly ListedDevice[]): Uint8Array {
  const writer = new Writer().u8(devices.length);
  for (const { deviceKey, lastDay, isOwn, isJoining, isUnfinished, label } of devices) {
    writer
      .raw(deviceKey)
      .u32(lastDay)
      .u8((isOwn ? OWN : 0) | (isJoining ? JOINING : 0) | (isUnfinished ? UNFINISHED : 0))
      .bytes16(label);
  }
  return writer.finish();
}

/** Throws MALFORMED. */
export function decodeDeviceList(bytes: Uint8Array): ListedDevice[] {
  const reader = new Reader(bytes);
  const count = reader.u8();
  if (count > DEVICES_LISTED_MAX) throw new TransportError("MALFORMED");
  const devices = Array.from({ length: count }, () => {
    const deviceKey = reader.take(DEVICE_KEY_BYTES);
    const lastDay = reader.u32();
    const flags = reader.u8();
    if (flags > (OWN | JOINING | UNFINISHED)) throw new TransportError("MALFORMED");
    const label = reader.bytes16(DEVICE_LABEL_BYTES_MAX);
    return {
      deviceKey,
      lastDay,
      isOwn: (flags & OWN) !== 0,
      isJoining: (flags & JOINING) !== 0,
      isUnfinished: (flags & UNFINISHED) !== 0,
      label,
    };
  });
  reader.end();
  return devices;
}

const OWN = 1;
const JOINING = 2;
const UNFINISHED = 4;

const RESULT_NAMES: ReadonlyMap<number, ControlResult> = new Map(
  Object.entries(CONTROL_RESULTS).map(([name, code]) => [code, name as ControlResult]),
);

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
      return { kind: "put-record", id, record: reader.bytes16(RECORD_BYTES_MAX), replyId: reader.take(REPLY_ID_BYTES) };
    case REQUEST_KINDS["offer-device"]:
      return {
        kind: "offer-device",
        id,
        tokenHash: reader.take(DEVICE_TOKEN_BYTES),
        bundle: reader.bytes16(BUNDLE_BYTES_MAX),
      };
    case REQUEST_KINDS["remove-device"]:
      return {
        kind: "remove-device",
        id,
        deviceKey: reader.take(DEVICE_KEY_BYTES),
        notice: reader.bytes16(NOTICE_BYTES_MAX),
      };
    case REQUEST_KINDS["label-device"]:
      return {
        kind: "label-device",
        id,
        deviceKey: reader.take(DEVICE_KEY_BYTES),
        label: reader.bytes16(DEVICE_LABEL_BYTES_MAX),
      };
    case REQUEST_KINDS["withdraw-offer"]:
      return { kind: "withdraw-offer", id };
    case REQUEST_KINDS.status:
      return { kind: "status", id };
    case REQUEST_KINDS["join-device"]:
      return { kind: "join-device", id, token: reader.take(DEVICE_TOKEN_BYTES) };
    case REQUEST_KINDS["list-devices"]:
      return { kind: "list-devices", id };
    case REQUEST_KINDS["order-tokens"]:
      return { kind: "order-tokens", id, order: reader.bytes16(ANSWER_BODY_BYTES_MAX) };
    default:
      throw new TransportError("MALFORMED");
  }
}

function decodeAccount(reader: Reader): ControlAccount {
  const address = reader.text16(ADDRESS_BYTES_MAX);
  return { address, providerId: nodeId(reader.take(32)), mailboxId: mailboxId(reader.take(32)) };
}
