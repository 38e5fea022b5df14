/** What each of a client's records is called and says. Spec: docs/spec/01-message.md §6 */

import {
  type IncomingSummary,
  type LearntPlace,
  NO_PROGRESS,
  type OutgoingMessage,
  type ProgressAnew,
} from "../client/store.ts";
import { toHex } from "../core/bytes.ts";
import type { MessageId, Milliseconds } from "../core/units.ts";
import { encodeValue } from "./values.ts";

export type Changes = Map<string, Uint8Array | undefined>;

/** An incoming message's head; its fragments' data are records of their own. */
export type Head = Omit<IncomingSummary, "id" | "indexes" | "bytes"> & {
  bytes: number;
  id: MessageId;
  indexes: number[];
  newest: number;
  lastAt: Milliseconds;
};
export const summaryOf = ({ id, total, messageBytes, indexes, bytes, firstAt }: Head): IncomingSummary => ({
  id,
  total,
  messageBytes,
  indexes,
  bytes,
  firstAt,
});
export type KnownPlace = { readonly accountKey: Uint8Array; readonly place: LearntPlace };
export type Row = { readonly message: OutgoingMessage; readonly order: number; readonly data: number };

/** Fragments' data: read when they are needed, one at a time. */
export const isBulk = (name: string): boolean => name.startsWith("data-");
export const outgoingName = (id: string, index: number): string => `data-out/${id}/${index}`;
export const incomingName = (id: string, index: number): string => `data-in/${id}/${index}`;
export const placeName = (accountKey: Uint8Array): string => `place/${toHex(accountKey)}`;
export const put = (name: string, value: unknown): Changes => new Map([[name, encodeValue(value)]]);

export function progressed(
  message: OutgoingMessage,
  { progress, fragments }: ProgressAnew,
): Pick<OutgoingMessage, "progress" | "fragments"> {
  return { progress, fragments: message.fragments.map((fragment, index) => fragments.get(index) ?? fragment) };
}

/** What JSON leaves out because it is undefined. */
export function complete(message: OutgoingMessage): OutgoingMessage {
  return { ...message, progress: { ...NO_PROGRESS, ...message.progress } };
}
