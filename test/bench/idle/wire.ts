/** What a log of the wire says of one client: frames as they were written, and what they are with the headers below TLS. */

import { type LinkRecord, readLog } from "#test/observer/log.ts";

export interface Direction {
  readonly frames: number;
  /** Of them those with a packet or a mailbox's entry: longer than one record. */
  readonly packets: number;
  /** Records of TLS with their headers, as they passed the relay. */
  readonly tlsBytes: number;
  /** With the headers of TCP and IP, and this direction's acknowledgements for the other. */
  readonly wireBytes: number;
}

export interface Wire {
  readonly up: Direction;
  readonly down: Direction;
}

/** Of the client that dialled last, from `from` to `until`, in milliseconds of the log's clock. */
export function wireOf(text: string, { from, until }: { from: number; until: number }): Wire {
  const log = readLog(text);
  const link = log.links.findLastIndex(({ protocol }) => protocol === "client");
  if (link < 0) throw new Error("no client was seen");
  const records = log.records.filter((record) => record.link === link && record.at >= from && record.at < until);
  const [up, down] = [written(records, ">"), written(records, "<")];
  return { up: direction(up, down), down: direction(down, up) };
}

/** Bytes of each frame, or of a few that were written at once: a record that is not full is the last of them. */
function written(records: readonly LinkRecord[], which: ">" | "<"): number[] {
  const frames: number[] = [];
  let bytes = 0;
  for (const record of records) {
    if (record.direction !== which) continue;
    bytes += record.length;
    if (record.length === TLS_RECORD_BYTES_MAX) continue;
    frames.push(bytes);
    bytes = 0;
  }
  return frames;
}

/** As docs/spec/11-parameters.md reckons: the machine's own network has other segments than a line has. */
function direction(sent: readonly number[], received: readonly number[]): Direction {
  const tlsBytes = total(sent);
  const segments = total(sent.map((bytes) => Math.ceil(bytes / SEGMENT_BYTES)));
  const acknowledgements = total(received.map((bytes) => Math.ceil(withHeaders(bytes) / (2 * SEGMENT_BYTES))));
  const packets = sent.filter((bytes) => bytes > TLS_RECORD_BYTES_MAX).length;
  return {
    frames: sent.length,
    packets,
    tlsBytes,
    wireBytes: tlsBytes + (segments + acknowledgements) * SEGMENT_OVERHEAD,
  };
}

const withHeaders = (bytes: number): number => bytes + Math.ceil(bytes / SEGMENT_BYTES) * SEGMENT_OVERHEAD;
const total = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

const SEGMENT_BYTES = 1448;
/** IPv4, TCP with timestamps. */
const SEGMENT_OVERHEAD = 20 + 32;
/** 16,384 bytes of content, and what TLS 1.3 adds: header 5, type 1, tag 16 (RFC 8446 §5.2). */
const TLS_RECORD_BYTES_MAX = 16_384 + 22;
