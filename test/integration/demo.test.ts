/**
 * The demo, as README says to start it, tapped on every connection into its nodes: the mail arrives whole, and the lengths of what
 * passes are the few that docs/spec/05-link.md §3 names, whatever they carry. Log: docs/spec/14-observer-log.md
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { sha256 } from "#test/demo/mail.ts";
import type { Report } from "#test/demo/report.ts";
import { type ObserverLog, readLog } from "#test/observer/log.ts";
import { DEMO_PARAMETERS } from "#transport/core/parameters.ts";
import {
  CONSENSUS_PART_FRAME_BYTES,
  CONTROL_FRAME_BYTES,
  entryFrameBytes,
  FRAME_TYPE_BYTES,
  GET_CONSENSUS_FRAME_BYTES,
  POLL_FRAME_BYTES,
  sendFrameBytes,
} from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

const SIZES = geometry(DEMO_PARAMETERS);
/** Content of one record at most, and what TLS 1.3 adds: header 5, type 1, tag 16 (RFC 8446 §5.2). */
const CONTENT_MAX = 16_384;
const RECORD_ADDS = 22;
/** Certificates, verification, Finished and session tickets come first; all shorter than this together. */
const HANDSHAKE_RECORDS = 10;
const DEMO = ["run", "-s", "demo", "--", "--once", "--json"];
/** On a machine that has much else to do. */
const DEMO_MILLISECONDS_MAX = 300_000;
const ATTACHMENT = Buffer.alloc(60_000, "noise ");

test("the demo delivers a mail, and on its wires nothing is written but whole frames of the few lengths there are", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-wire-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [eml, observed] = [join(folder, "mail.eml"), join(folder, "observed.log")];
  writeFileSync(eml, mailWith(ATTACHMENT));
  const { stdout } = await promisify(execFile)("npm", [...DEMO, "--eml", eml, "--observe", observed], {
    timeout: DEMO_MILLISECONDS_MAX,
  });

  const report = JSON.parse(stdout) as Report;
  assert.equal(report.delivered, true);
  assert.equal(report.signature, "valid");
  assert.equal(report.subjectReceived, "Seen by nobody");
  assert.equal(report.bodySha256Received, sha256("Hello.\n"));
  assert.deepEqual(
    report.attachments.map(({ name, bytes, sha256Received }) => [name, bytes, sha256Received]),
    [["noise.bin", ATTACHMENT.length, sha256(ATTACHMENT)]],
  );
  assert.ok(report.fragments > 1, "of several packets");
  assert.deepEqual(
    report.hops.map(({ layer }) => layer),
    [1, 2, 3],
  );

  const log = readLog(readFileSync(observed, "utf8"));
  examine(log, "client", ">", [
    sendFrameBytes(SIZES),
    POLL_FRAME_BYTES,
    GET_CONSENSUS_FRAME_BYTES,
    CONTROL_FRAME_BYTES,
  ]);
  examine(log, "client", "<", [entryFrameBytes(SIZES), CONSENSUS_PART_FRAME_BYTES, CONTROL_FRAME_BYTES]);
  examine(log, "node", ">", [FRAME_TYPE_BYTES + SIZES.packetBytes]);
  examine(log, "node", "<", [FRAME_TYPE_BYTES]);
});

/**
 * What is written at once ends with a record that is not full. It is one frame, or, when the writing machine was late, a few that
 * became due meanwhile; never a part of one, and never anything else.
 */
function examine(log: ObserverLog, protocol: string, direction: ">" | "<", frames: readonly number[]): void {
  const writes = new Map<number, number>();
  log.links.forEach((link, number) => {
    if (link.protocol !== protocol) return;
    const contents = log.records
      .filter((record) => record.link === number && record.direction === direction)
      .slice(HANDSHAKE_RECORDS)
      .map(({ length }) => length - RECORD_ADDS);
    // Whatever was written when the counting began is not looked at.
    let written: number | undefined;
    for (const content of contents) {
      if (written !== undefined) written += content;
      if (content === CONTENT_MAX) continue;
      if (written !== undefined) writes.set(written, (writes.get(written) ?? 0) + 1);
      written = 0;
    }
  });
  const strange = [...writes].filter(([bytes]) => !isSumOf(frames, bytes, AT_ONCE_MAX));
  assert.deepEqual(strange, [], `${protocol} ${direction}: bytes at once, and how often`);
  const [usual = 0] = frames;
  assert.ok((writes.get(usual) ?? 0) > 20, `${protocol} ${direction}: frames of ${usual} bytes were seen`);
}

/** As another mail program would have written it. */
function mailWith(attachment: Buffer): string {
  const lines = [
    "Subject: Seen by nobody",
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="part"',
    "",
    "--part",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "Hello.",
    "--part",
    "Content-Type: application/octet-stream",
    'Content-Disposition: attachment; filename="noise.bin"',
    "Content-Transfer-Encoding: base64",
    "",
    ...(attachment.toString("base64").match(/.{1,76}/g) ?? []),
    "--part--",
    "",
  ];
  return lines.join("\r\n");
}

/** More than a machine that starts everything at once lets wait. */
const AT_ONCE_MAX = 6;

function isSumOf(frames: readonly number[], bytes: number, most: number): boolean {
  if (bytes === 0) return true;
  return most > 0 && frames.some((frame) => frame <= bytes && isSumOf(frames, bytes - frame, most - 1));
}
