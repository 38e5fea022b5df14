/**
 * A network of processes with a tap on every line into its providers. Pairs of people, one at each provider; in each block of time a coin
 * says of each pair whether its writer writes and its reader opens, or both let their programs run. What comes out: the log, and
 * windows of each person's line with what the coin said.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "#test/demo/child.ts";
import { Desktop } from "#test/demo/desktop.ts";
import { startNetwork } from "#test/demo/network.ts";
import type { Domain } from "#test/demo/network-files.ts";
import { Observations } from "#test/demo/observations.ts";
import { addressOf, type Person, settleIn } from "#test/demo/story.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type RandomSource, uniform } from "#transport/core/random.ts";
import type { LiveWindow } from "./live-windows.ts";
import { type ObserverLog, readLog } from "./log.ts";

export interface LiveLines {
  readonly log: ObserverLog;
  readonly writers: readonly LiveWindow[];
  readonly readers: readonly LiveWindow[];
  readonly mails: number;
}

interface LiveOptions {
  readonly parameters: Parameters;
  readonly pairs: number;
  readonly blocks: number;
  readonly seed: string;
  /** The script of a desktop's process, if not the demo's. */
  readonly program?: string;
}

/** A block: mails are written from its start on, and what is late has come before the next begins. */
const BLOCK_MILLISECONDS = 40_000;
const WRITING_MILLISECONDS = 24_000;
const MEAN_WAIT_MILLISECONDS = 1_500;
/** Looked at: not the first seconds, in which nothing has arrived, but a little after the last mail. */
const LOOKED_AT = { from: 3_000, windows: 3, length: 8_000 };
/** Between two looks of a reader at the inbox. */
const OPENING_MILLISECONDS = 2_000;
/** More than come between two looks. */
const PAGE = 50;
const KEYS_SECONDS_MAX = 120;
const LAST_SECONDS_MAX = 120;

const [WRITERS, READERS] = ["a.example", "b.example"] as const satisfies readonly Domain[];
const tapScript = fileURLToPath(new URL("wire-relay-process.ts", import.meta.url));

interface Settled {
  readonly person: Person;
  /** The person's program dialled its provider first between these times. */
  readonly from: number;
  readonly until: number;
}

interface Pair {
  readonly writer: Settled;
  readonly reader: Settled;
  written: number;
  opened: number;
}

interface Block {
  readonly number: number;
  readonly at: number;
  readonly busy: readonly boolean[];
}

export async function watchLiveLines(options: LiveOptions): Promise<LiveLines> {
  const { parameters, blocks, seed } = options;
  const folder = mkdtempSync(join(tmpdir(), "starling-lines-"));
  const logFile = join(folder, "observed.log");
  const stops: (() => Promise<void>)[] = [];
  let isClean = false;
  try {
    const tap = new Child({ name: "tap", script: tapScript, args: [logFile], logFile: join(folder, "tap.log") });
    stops.unshift(() => tap.stop());
    await tap.ready();
    const network = await startNetwork({
      folder,
      observations: new Observations(),
      parameters,
      announce: async ({ name, listens }) =>
        name === WRITERS || name === READERS ? ((await tap.call("stand", { name, listens })) as string) : listens,
    });
    stops.unshift(() => network.stop());
    const people = Array.from({ length: options.pairs }, (_, i) =>
      ([WRITERS, READERS] as const).map((domain) => personOf({ ...options, domain, number: i, folder })),
    );
    stops.unshift(
      ...people.flat().map(
        ({ desktop }) =>
          () =>
            desktop.stop(),
      ),
    );
    await Promise.all([network.flowing(), ...people.flat().map(({ desktop }) => desktop.ready())]);
    const pairs: Pair[] = [];
    for (const both of people) {
      // One after another, so that a new line is known for the person's whose program dialled then.
      const from = Date.now();
      await Promise.all(both.map((person) => settleIn(person, network)));
      const [writer, reader] = both.map((person) => ({ person, from, until: Date.now() })) as [Settled, Settled];
      pairs.push({ writer, reader, written: 0, opened: 0 });
    }
    await Promise.all(pairs.map(({ writer, reader }) => knowEachOther(writer.person, reader.person)));
    const random = new SeededRandom(seed);
    const played: Block[] = [];
    for (let number = 0; number < blocks; number++) {
      const block = { number, at: Date.now(), busy: pairs.map(() => uniform(random) < 0.5) };
      played.push(block);
      await play(block, pairs, random);
    }
    for (const pair of pairs) await allCame(pair);
    const mails = pairs.reduce((sum, { written }) => sum + written, 0);
    for (const stop of stops.splice(0)) await stop();
    const log = readLog(readFileSync(logFile, "utf8"));
    isClean = true;
    return {
      log,
      mails,
      writers: windowsOf({ log, listener: WRITERS, played, people: pairs.map(({ writer }) => writer) }),
      readers: windowsOf({ log, listener: READERS, played, people: pairs.map(({ reader }) => reader) }),
    };
  } catch (error) {
    throw new Error(`What each process said is in ${join(folder, "logs")}.`, { cause: error });
  } finally {
    await Promise.allSettled(stops.map((stop) => stop()));
    if (isClean) rmSync(folder, { recursive: true, force: true });
  }
}

function personOf(o: LiveOptions & { domain: Domain; number: number; folder: string }): Person {
  const name = `${o.domain === WRITERS ? "Writer" : "Reader"}${o.number}`;
  const program = o.program === undefined ? {} : { program: o.program };
  const desktop = new Desktop({ name, folder: o.folder, observations: new Observations(), ...program });
  return { desktop, name, localPart: name.toLowerCase(), domain: o.domain };
}

async function knowEachOther(writer: Person, reader: Person): Promise<void> {
  for (const [who, whom] of [
    [writer, reader],
    [reader, writer],
  ] as const) {
    await who.desktop.until(`the keys of ${whom.name}`, KEYS_SECONDS_MAX, async () => {
      const { state } = await who.desktop.call("recipient.check", { address: addressOf(whom) });
      return state === "private" || state === "verified" ? state : undefined;
    });
  }
}

async function play({ at, busy }: Block, pairs: readonly Pair[], random: RandomSource): Promise<void> {
  await Promise.all(pairs.filter((_, i) => busy[i]).map((pair) => correspond(pair, at, random)));
  await pause(at + BLOCK_MILLISECONDS - Date.now());
}

async function correspond(pair: Pair, at: number, random: RandomSource): Promise<void> {
  const { writer, reader } = pair;
  const write = async (): Promise<void> => {
    for (;;) {
      await pause(2 * uniform(random) * MEAN_WAIT_MILLISECONDS);
      if (Date.now() >= at + WRITING_MILLISECONDS) return;
      const { desktop } = writer.person;
      const mail = { to: [addressOf(reader.person)], subject: "On lines", text: `${"Who sees this? ".repeat(100)}\n` };
      const { id } = await desktop.call("draft.save", mail);
      await desktop.call("draft.send", { draftId: id });
      pair.written++;
    }
  };
  const read = async (): Promise<void> => {
    while (Date.now() < at + WRITING_MILLISECONDS + OPENING_MILLISECONDS) {
      await pause(OPENING_MILLISECONDS);
      await openNew(pair);
    }
  };
  await Promise.all([write(), read()]);
}

/** Whoever opens a mail lets its writer know. */
async function openNew(pair: Pair): Promise<void> {
  const { desktop } = pair.reader.person;
  const { conversations } = await desktop.call("mail.list", { folder: "inbox", limit: PAGE });
  for (const { id, unread } of conversations) {
    if (!unread) continue;
    await desktop.call("mail.markRead", { conversationId: id });
    pair.opened++;
  }
}

/** Mail that is lost, or comes much later, would keep the line busy when it is taken for idle. */
async function allCame(pair: Pair): Promise<void> {
  const { written, reader, writer } = pair;
  await reader.person.desktop.until(`${written} mails of ${writer.person.name}`, LAST_SECONDS_MAX, async () => {
    await openNew(pair);
    return pair.opened >= written ? true : undefined;
  });
}

function windowsOf(o: {
  log: ObserverLog;
  listener: Domain;
  played: readonly Block[];
  people: readonly Settled[];
}): LiveWindow[] {
  const [begin, end] = [o.played[0]?.at ?? 0, (o.played.at(-1)?.at ?? 0) + BLOCK_MILLISECONDS];
  assert.deepEqual(linesBegun(o.log, o.listener, begin, end), [], "no line is made again while they are watched");
  return o.people.flatMap(({ person, from, until }, i) => {
    const link = linesBegun(o.log, o.listener, from, until).at(-1);
    assert.ok(link !== undefined, `${person.name} has a line`);
    return o.played.flatMap(({ number, at, busy }) =>
      Array.from({ length: LOOKED_AT.windows }, (_, w): LiveWindow => {
        const start = at + LOOKED_AT.from + w * LOOKED_AT.length;
        return { link, from: start, until: start + LOOKED_AT.length, isBusy: busy[i] ?? false, block: number };
      }),
    );
  });
}

/** Lines of clients to a provider on which something passed for the first time between two times, by their numbers in the log. */
function linesBegun(log: ObserverLog, listener: Domain, from: number, until: number): number[] {
  const first = new Map<number, number>();
  for (const { link, at } of log.records) if (!first.has(link)) first.set(link, at);
  const isOurs = (link: number): boolean =>
    log.links[link]?.protocol === "client" && log.links[link]?.listener === listener;
  return [...first].flatMap(([link, at]) => (isOurs(link) && at >= from && at < until ? [link] : []));
}

const pause = (wait: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
