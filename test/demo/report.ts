/** What the demo says at its end, for programs. Times are milliseconds; digests are SHA-256 in hexadecimal. */

import type { Parameters } from "#transport/core/parameters.ts";

export interface Report {
  /** The mail is in the reader's store, whole and unchanged, and its signature holds. */
  readonly delivered: boolean;
  /** Of the decoded text/plain, else text/html, as UTF-8 with LF. */
  readonly bodySha256Sent: string;
  readonly bodySha256Received: string;
  readonly attachments: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256Sent: string;
    readonly sha256Received: string;
  }[];
  readonly subjectReceived: string;
  /** "valid", or why not. */
  readonly signature: string;
  /** From the order to send until the reader's process had read it from its store. */
  readonly latencyMs: number;
  /** Padding included. */
  readonly fragments: number;
  /** The three mixes that the first fragment's packet passed, as they saw it. */
  readonly hops: readonly {
    readonly node: string;
    readonly layer: number;
    readonly arrivedAt: number;
    readonly drawnDelayMs: number;
  }[];
  /** Where that packet's way ended. */
  readonly mailbox: { readonly node: string; readonly arrivedAt: number } | null;
  /** Packets that carried nothing of a user's and left the two computers until the sender knew of the delivery. */
  readonly coverPackets: number;
  /** From the order to send until the sender knew that it was read; null when she does not know yet. */
  readonly receiptMs: number | null;
  readonly suite: string;
  readonly rates: {
    readonly profile: "mail";
    readonly packetsPerSecond: number;
    readonly payloadShare: number;
    readonly loopShare: number;
    readonly dropShare: number;
    readonly pollsPerSecond: number;
    readonly meanDelayMs: number;
    readonly packetBytes: number;
  };
}

export function ratesOf({ profiles: { mail }, packetBytes }: Parameters): Report["rates"] {
  return {
    profile: "mail",
    packetsPerSecond: mail.sendRate,
    payloadShare: mail.payloadShare,
    loopShare: mail.loopShare,
    dropShare: mail.dropShare,
    pollsPerSecond: mail.pollRate,
    meanDelayMs: mail.meanDelay,
    packetBytes,
  };
}
