/** A box store over a database of its own, with people who open, write into and collect from boxes. */

import { BoxStore, type BoxReader } from "#provider-server/boxes/box-store.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { SWEEP_INTERVAL } from "#provider-server/mailbox/limits.ts";
import { MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { boxIdOf, readerIdOf } from "#transport/box/box-id.ts";
import type { Collected } from "#transport/box/requests.ts";
import { type MailboxId, type Milliseconds, milliseconds, seconds, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { fragmentHash } from "#transport/fragment/seal.ts";

export const suite = await loadSuite("x25519", "native");
export const DAY = 24 * 3600 * 1000;
export const LIFETIME = milliseconds(14 * DAY);
export const RETENTION = milliseconds(30 * DAY);
export const LOST_AFTER = seconds(120);
export const PAYLOAD_BYTES = 2000;
export const SEALED_BYTES = PAYLOAD_BYTES - 64;

export interface SceneOptions {
  readonly clock?: VirtualClock;
  readonly database?: ProviderDatabase;
  readonly path?: string;
  readonly boxFragments?: number;
  readonly boxesMax?: number;
  readonly knownTime?: () => Milliseconds | undefined;
}

export type Scene = ReturnType<typeof boxScene>;

export function boxScene(options: SceneOptions = {}) {
  const clock = options.clock ?? new VirtualClock({ start: milliseconds(1000 * DAY) });
  const database = options.database ?? new ProviderDatabase(options.path ?? ":memory:");
  const { log, lines } = keptLog(clock);
  const drops: DropReason[] = [];
  let leapt = 0;
  const knownTime = options.knownTime ?? (() => milliseconds(clock.now() + leapt));
  const shared = { database, clock, knownTime, retention: RETENTION };
  const mailboxes = new MailboxStore({
    ...shared,
    roomSpan: milliseconds(1000),
    log,
    quota: { fragments: 1000, replies: 10, boxFragments: options.boxFragments ?? 1000, boxBytes: SEALED_BYTES },
    onDrop: (reason) => drops.push(reason),
  });
  const { boxesMax } = options;
  const boxes = new BoxStore({
    ...shared,
    mailboxes,
    primitives: suite,
    lifetime: LIFETIME,
    lostAfter: LOST_AFTER,
    ...(boxesMax === undefined ? {} : { boxesMax }),
  });
  mailboxes.start();
  boxes.start();
  const ask = (who: { secret: Uint8Array; device: number }, cursor = 0, taken: readonly number[] = []) =>
    boxes.asked({
      kind: "collect",
      secret: who.secret,
      readerId: readerIdOf(suite, who.secret, device(who.device)),
      cursor,
      taken: taken.reduce((bits, number) => bits | (1n << BigInt(number - cursor - 1)), 0n),
      delays: [],
      surbs: [],
    });
  return {
    clock,
    database,
    mailboxes,
    boxes,
    drops,
    lines,
    ask,
    /** For whoever is let in, or told that there is no box. */
    reader: (who: { secret: Uint8Array; device: number }, cursor = 0, taken: readonly number[] = []) => {
      const asked = ask(who, cursor, taken);
      if (asked === "DISK_FULL") throw new Error("the disk is full");
      return asked;
    },
    /** Not there before the next commit. */
    deliver: (id: MailboxId, n: number, onStored: () => void = () => undefined): void => {
      const body = payload(n);
      const none = surbId(new Uint8Array(16));
      const hash = fragmentHash(suite, body);
      mailboxes.deliver({ mailboxId: id, kind: "fragment", surbId: none, body, hash, onStored });
    },
    have: (id: MailboxId, ...numbers: readonly number[]): boolean[] =>
      mailboxes.have(
        id,
        numbers.map((n) => fragmentHash(suite, payload(n))),
      ),
    /** Answers one after the other, as they would be made for one request. */
    take: (reader: BoxReader | undefined, times: number): unknown[] =>
      Array.from({ length: times }, () => shown(boxes.take(reader))),
    rows: (table: string): number =>
      Number(database.prepare(`SELECT COUNT(*) AS count FROM ${table}`).get()?.["count"]),
    commit: () => clock.runFor(seconds(1)),
    knownTime,
    /** The known time goes on by so much, and sweeps have followed: quicker than running through weeks of them. */
    leap: (duration: number): Promise<void> => {
      leapt += duration;
      return clock.runFor(milliseconds(2 * SWEEP_INTERVAL));
    },
  };
}

/** Number and content of an entry, the next number where there is none, "unknown" where there is no box. */
export function shown(answer: Collected): unknown {
  switch (answer.what) {
    case "unknown":
      return "unknown";
    case "nothing":
      return { next: answer.next };
    case "entry":
      return [answer.number, new DataView(answer.sealed.buffer, answer.sealed.byteOffset).getUint32(0)];
  }
}

/** The first four bytes are the number. */
export function payload(n: number): Uint8Array {
  const bytes = new SeededRandom(`payload ${n}`).bytes(PAYLOAD_BYTES);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, n);
  return bytes;
}

export const secret = (n: number): Uint8Array => new SeededRandom(`secret ${n}`).bytes(32);
export const boxOf = (n: number): MailboxId => boxIdOf(suite, secret(n));
export const device = (n: number): Uint8Array => new SeededRandom(`device ${n}`).bytes(32);
export const alice = { secret: secret(1), device: 1 };
export const phone = { secret: secret(1), device: 2 };
