/**
 * A live network of processes, tapped on every connection into its nodes while a mail goes through: the lengths of what passes
 * are the few that docs/spec/05-link.md §3 names, whatever they carry. Log: docs/spec/14-observer-log.md
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startNetwork } from "#test/demo/network.ts";
import { Observations } from "#test/demo/observations.ts";
import { settleIn, write } from "#test/demo/story.ts";
import { LogWriter, type ObserverLog, readLog } from "#test/observer/log.ts";
import { WireRelay } from "#test/observer/wire-relay.ts";
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
import { Member } from "./support/member.ts";

const SIZES = geometry(DEMO_PARAMETERS);
/** Content of one record at most, and what TLS 1.3 adds: header 5, type 1, tag 16 (RFC 8446 §5.2). */
const CONTENT_MAX = 16_384;
const RECORD_ADDS = 22;
/** Certificates, verification, Finished and session tickets come first; all shorter than this together. */
const HANDSHAKE_RECORDS = 10;
const DELIVERY_MILLISECONDS_MAX = 180_000;
const LOOK_MILLISECONDS = 500;

test("on the wire of a live network nothing is written but whole frames of the few lengths there are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "starling-wire-"));
  let keepsFolder = false;
  let text = "";
  const writer = new LogWriter({ unit: "tls", sink: (piece) => (text += piece) });
  const relay = new WireRelay({ log: writer, now: () => Date.now() });
  const stops: (() => Promise<void>)[] = [() => relay.close()];
  try {
    const network = await startNetwork({
      folder,
      observations: new Observations(),
      announce: (node) => relay.stand(node),
    });
    stops.unshift(() => network.stop());
    const people = [
      new Member({ name: "Alice", domain: "a.example", folder, onEvent: () => undefined }),
      new Member({ name: "Bob", domain: "b.example", folder, onEvent: () => undefined }),
    ] as const;
    const [alice, bob] = people;
    stops.unshift(
      () => alice.stop(),
      () => bob.stop(),
    );
    await Promise.all([network.flowing(), ...people.map((person) => person.desktop.ready())]);
    await Promise.all(people.map((person) => settleIn(person, network)));
    const attachments = [{ name: "noise.bin", type: "application/octet-stream", bytes: new Uint8Array(60_000) }];
    await write(alice, bob, { subject: "Seen by nobody", body: "Hello.\n", attachments, source: undefined });
    const deadline = Date.now() + DELIVERY_MILLISECONDS_MAX;
    while (((await bob.find("Seen by nobody"))?.length ?? 0) === 0) {
      assert.ok(Date.now() < deadline, "the mail arrives");
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, LOOK_MILLISECONDS);
      await promise;
    }
  } catch (error) {
    keepsFolder = true;
    throw new Error(`What each process said is in ${join(folder, "logs")}.`, { cause: error });
  } finally {
    // Each, also when one of them had ended by itself: what is left open would keep this process from ending.
    await Promise.allSettled(stops.map((stop) => stop()));
    if (!keepsFolder) rmSync(folder, { recursive: true, force: true });
  }
  writer.end();
  const log = readLog(text);
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

/** More than a machine that starts everything at once lets wait. */
const AT_ONCE_MAX = 6;

function isSumOf(frames: readonly number[], bytes: number, most: number): boolean {
  if (bytes === 0) return true;
  return most > 0 && frames.some((frame) => frame <= bytes && isSumOf(frames, bytes - frame, most - 1));
}
