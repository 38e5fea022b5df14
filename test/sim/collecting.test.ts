/**
 * A provider's mailbox and a client's inbox on a bad line: long ways, answers that a full line does not take, lines that are cut, a disk that
 * refuses now and then, entries that expire. Nothing is passed over. Spec: docs/spec/07-mailbox.md §5, docs/spec/01-message.md §3
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { AccountTables } from "#provider-server/accounts/account-tables.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { Entry } from "#provider-server/entry/entry.ts";
import { MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { Inbox } from "#transport/client/inbox.ts";
import { below, exponential, uniform } from "#transport/core/random.ts";
import { mailboxId, milliseconds, seconds, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { decodeFrame, encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import { SIM_PARAMETERS } from "./world.ts";

const suite = await loadSuite("x25519", "native");
const geometry = geometryOf(SIM_PARAMETERS);
const PROTOCOL = "starling-client/2";
const POLL_GAP = milliseconds(750);
const BUSY_TIME = seconds(400);
const CALM_TIME = seconds(1200);
const DEVICE = new Uint8Array(32).fill(7);
const MAILBOX = mailboxId(new Uint8Array(32).fill(1));
const REPLIES = mailboxId(new Uint8Array(32).fill(2));
const DAY = 86_400_000;

for (const [what, way] of [
  ["of a twentieth of a second", 50],
  ["of five seconds", 5_000],
  ["of twenty seconds, longer than what is given ahead", 20_000],
] as const) {
  test(`on a bad line with ways ${what} every entry is dealt with once, in order, and none is passed over`, async () => {
    for (let n = 0; n < 12; n++) {
      const { passed, delivered } = await collect({ seed: `${way}/${n}`, way });
      assert.ok(delivered > 100);
      assert.deepEqual(
        passed,
        Array.from({ length: delivered }, (_, i) => i + 1),
      );
    }
  });
}

test("an entry that the client could not keep and that then expires stops nothing behind it", async () => {
  for (let n = 0; n < 12; n++) {
    const { passed, delivered, expired } = await collect({ seed: `expired/${n}`, way: 2_000, expires: true });
    const rest = Array.from({ length: delivered }, (_, i) => i + 1).filter((number) => !expired.has(number));
    assert.ok(expired.size > 0 && rest.length > 50);
    assert.deepEqual(
      passed.filter((number) => !expired.has(number)),
      rest,
    );
  }
});

async function collect(o: { readonly seed: string; readonly way: number; readonly expires?: boolean }) {
  const random = new SeededRandom(o.seed);
  const clock = new VirtualClock({ start: milliseconds(1000 * DAY) });
  const { log } = keptLog(clock);
  const database = new ProviderDatabase(":memory:");
  const tables = new AccountTables(database);
  const account = { localPart: "alice", skeleton: "alice", accountKey: new Uint8Array(32), day: 1000 };
  tables.create({ ...account, mailboxId: MAILBOX, deviceKey: DEVICE });
  assert.ok(tables.setReplyId(DEVICE, REPLIES));
  const quota = { fragments: 1000, replies: 1000, boxFragments: 5, boxBytes: 1000 };
  const mailbox = new MailboxStore({
    database,
    clock,
    log,
    quota,
    roomSpan: milliseconds(1000),
    retention: milliseconds(30 * DAY),
    knownTime: () => clock.now(),
    onDrop,
  });
  const entry = new Entry({
    clock,
    network: testNetwork({ suite }).network,
    sizes: geometry,
    padding: new SeededRandom("padding"),
    primitives: suite,
    tokens: { order: () => ({ result: "REFUSED" }) },
    mailbox,
    consensus: () => undefined,
    forward: () => undefined,
    onDrop,
    accounts: { accountOf: () => 1, handle: () => ({ id: 0, result: "MALFORMED", body: new Uint8Array(0) }) },
  });

  let isCalm = false;
  const store = new BadDisk(clock, () => !isCalm && uniform(random) < 0.1);
  const inbox = new Inbox({
    clock,
    suite,
    geometry,
    parameters: SIM_PARAMETERS,
    store,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    makeReady: none,
    isClockGood: () => true,
    onNotice: none,
    openSealed: () => undefined,
    onLoop: () => undefined,
    onRefused: () => undefined,
    onBoxedRefused: () => undefined,
    onReply: () => undefined,
    onBox: none,
    onReceipt: none,
    onFragment: () => undefined,
    onMessage: () => undefined,
    onSeenAgain: none,
  });
  await inbox.load();

  let line: Line;
  const connect = (): void => {
    line = new Line(clock, {
      wait: () => o.way * (0.5 + uniform(random)),
      takes: () => isCalm || uniform(random) < 0.9,
      give: (frame) => {
        if (frame.type === "entry" && frame.kind === "reply") inbox.take({ ...frame, kind: "reply" });
      },
    });
    entry.accept(line);
  };
  connect();
  const every = (mean: number, work: () => void): void => {
    const wait = exponential(random, milliseconds(mean));
    clock.at(milliseconds(clock.now() + wait), () => {
      work();
      every(mean, work);
    });
  };
  let delivered = 0;
  const expired = new Set<number>();
  every(POLL_GAP, () => line.poll(inbox.cursor));
  every(5_000, () => {
    for (let n = isCalm ? 0 : below(random, 10); n > 0; n--, delivered++) {
      const body = new Uint8Array(geometry.payloadBytes);
      mailbox.deliver({ mailboxId: REPLIES, kind: "reply", surbId: surbId(new Uint8Array(16)), body, hash: body });
    }
  });
  every(60_000, () => {
    if (!isCalm) connect();
  });
  every(10_000, () => {
    if (o.expires !== true || isCalm) return;
    const seq = inbox.cursor + 1 + below(random, 3);
    if (database.prepare("DELETE FROM entries WHERE seq = ?").run(seq).changes > 0) expired.add(seq);
  });
  await clock.runFor(BUSY_TIME);
  isCalm = true;
  const last = database.prepare("SELECT MAX(seq) AS seq FROM entries").get()?.["seq"];
  await clock.runWhile(() => inbox.cursor < Number(last ?? 0), CALM_TIME);
  database.close();
  return { passed: store.passed, delivered, expired };
}

const none = async (): Promise<void> => undefined;
const onDrop = (reason: string): void => assert.equal(reason, "OVER_BUDGET");

/** Takes a while, and now and then does not take it. */
class BadDisk extends MemoryClientStore {
  readonly passed: number[] = [];
  readonly #clock: VirtualClock;
  readonly #refuses: () => boolean;

  constructor(clock: VirtualClock, refuses: () => boolean) {
    super();
    this.#clock = clock;
    this.#refuses = refuses;
  }

  override async acceptEntry(entry: { cursor: number }): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.at(milliseconds(this.#clock.now() + 40), resolve);
    });
    if (this.#refuses()) throw new Error("full");
    await super.acceptEntry(entry);
    this.passed.push(entry.cursor);
  }
}

/** The provider's end of the client's link; what it sends arrives in order, as long as the link is open. */
class Line implements Link {
  readonly protocol = PROTOCOL;
  readonly peer: Link["peer"] = { role: "client", key: DEVICE };
  readonly #clock: VirtualClock;
  readonly #o: {
    readonly wait: () => number;
    readonly takes: () => boolean;
    readonly give: (frame: Frame) => void;
  };
  #isClosed = false;
  #arrivals = [0, 0];
  #onFrame: (frame: Uint8Array) => void = () => undefined;

  constructor(clock: VirtualClock, o: { wait: () => number; takes: () => boolean; give: (frame: Frame) => void }) {
    this.#clock = clock;
    this.#o = o;
  }

  get writable(): boolean {
    return !this.#isClosed;
  }

  poll(cursor: number): void {
    this.#arrive(0, () => this.#onFrame(encodeFrame({ type: "poll", cursor }, geometry)));
  }

  send(bytes: Uint8Array): boolean {
    if (this.#isClosed || !this.#o.takes()) return false;
    const frame = decodeFrame(bytes, { protocol: PROTOCOL, direction: "toDialer", sizes: geometry });
    this.#arrive(1, () => this.#o.give(frame));
    return true;
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#onFrame = handler;
  }

  onClose(): void {
    // Nobody is told.
  }

  close(): void {
    this.#isClosed = true;
  }

  #arrive(direction: 0 | 1, task: () => void): void {
    const time = Math.max(this.#arrivals[direction] ?? 0, this.#clock.now() + this.#o.wait());
    this.#arrivals[direction] = time;
    this.#clock.at(milliseconds(time), () => {
      if (!this.#isClosed) task();
    });
  }
}
