/**
 * `npm run bench -- idle`: a desktop's whole program, unlocked and with nothing to do, in a network of processes at the live
 * parameters: CPU time of all its threads, memory, and bytes of its one line, counted between it and its provider.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startNetwork } from "#test/demo/network.ts";
import { Observations } from "#test/demo/observations.ts";
import { PASSPHRASE } from "#test/demo/story.ts";
import { LogWriter } from "#test/observer/log.ts";
import { WireRelay } from "#test/observer/wire-relay.ts";
import { LIVE_PARAMETERS, type Parameters, type ProfileName } from "#transport/core/parameters.ts";
import { meanInterval } from "#transport/core/units.ts";
import { figures } from "../../build/params/figures.ts";
import { BARS, type Idle, printIdle } from "./idle/report.ts";
import { wireOf } from "./idle/wire.ts";
import { Asked } from "./mix/ask.ts";
import { memory, sum, threadTimes, timesSince } from "./process-usage.ts";
import { slotAlone } from "./slot-alone.ts";

/** What is asked of a slot of each clock, several times over; a whole number of slots of both clocks is measured. */
const SECONDS: Readonly<Record<ProfileName, number>> = { mail: 420, chat: 120 };

/** True when every bar holds. */
export async function runIdleBench({ json, words }: { json: boolean; words: readonly string[] }): Promise<boolean> {
  const [only, seconds] = [valueOf(words, "--profile"), valueOf(words, "--seconds")];
  const profiles = (Object.keys(SECONDS) as ProfileName[]).filter((name) => only === undefined || name === only);
  if (profiles.length === 0) throw new RangeError("--profile is mail or chat");
  const rows: Idle[] = [];
  for (const profile of profiles) rows.push(await measureIdle(profile, Number(seconds ?? SECONDS[profile])));
  const failures = rows.flatMap(over);
  if (json) console.log(JSON.stringify({ bench: "idle", bars: BARS, passed: failures.length === 0, rows }, null, 2));
  else printIdle(rows);
  for (const failure of failures) console.error(failure);
  return failures.length === 0;
}

function over({ profile, share, memory: { end }, megabytesPerDay }: Idle): string[] {
  const sentences = Object.entries(megabytesPerDay)
    .filter(([, { wire, computed }]) => Math.abs(wire / computed - 1) > BARS.bytesDeviation)
    .map(
      ([way, { wire, computed }]) => `${profile}: ${wire.toFixed(1)} MB a day ${way}, computed ${computed.toFixed(1)}`,
    );
  if (profile !== "mail") return sentences;
  if (share > BARS.share)
    sentences.push(`mail: ${(100 * share).toFixed(2)} % of a core; the bar is ${100 * BARS.share} %`);
  if (end.residentBytes > BARS.residentBytes)
    sentences.push(`mail: ${(end.residentBytes / 1e6).toFixed(0)} MB resident; the bar is ${BARS.residentBytes / 1e6}`);
  return sentences;
}

async function measureIdle(profile: ProfileName, seconds: number): Promise<Idle> {
  const folder = mkdtempSync(join(tmpdir(), "starling-bench-"));
  let text = "";
  const log = new LogWriter({ unit: "tls", sink: (piece) => (text += piece) });
  const relay = new WireRelay({ log, now: () => Date.now() });
  const stops: (() => Promise<unknown>)[] = [() => relay.close()];
  try {
    const network = await startNetwork({
      folder,
      observations: new Observations(),
      parameters: parametersFor(profile),
      announce: (node) => (node.name === DOMAIN ? relay.stand(node) : Promise.resolve(node.listens)),
    });
    stops.unshift(() => network.stop());
    await network.flowing();
    const dataDir = join(folder, "desktop");
    // Another process opens the account: the one that is measured is a program that was started again, as on most days.
    const first = await Desktop.start(dataDir);
    await first.create(await network.invite(DOMAIN));
    await first.end();
    const desktop = await Desktop.start(dataDir);
    stops.unshift(() => desktop.end());
    await desktop.unlock();
    await sleep(SETTLING_MS);
    const alone = await slotAlone();
    const from = await wholeSlots(profile);
    const before = threadTimes(desktop.pid);
    const start = memory(desktop.pid);
    await sleep(from + seconds * 1000 - Date.now());
    const threadsUs = timesSince(before, desktop.pid);
    const until = from + seconds * 1000;
    const measured = (Date.now() - from) / 1000;
    const end = memory(desktop.pid);
    await sleep(LOG_MS);
    log.end();
    const { up, down } = wireOf(text, { from, until });
    const computed = figures(LIVE_PARAMETERS).profiles[profile];
    const perDay = (bytes: number): number => (bytes / seconds) * 0.0864;
    return {
      profile,
      seconds: measured,
      sends: up.packets,
      polls: up.frames - up.packets,
      share: sum(threadsUs) / (measured * 1e6),
      threadsUs,
      slotMultiple: sum(threadsUs) / up.packets / alone.slotUs,
      alone,
      memory: { start, end },
      megabytesPerDay: {
        up: { tls: perDay(up.tlsBytes), wire: perDay(up.wireBytes), computed: computed.upBytesPerDay / 1e6 },
        down: { tls: perDay(down.tlsBytes), wire: perDay(down.wireBytes), computed: computed.downBytesPerDay / 1e6 },
      },
    };
  } finally {
    await Promise.allSettled(stops.map((stop) => stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

const DOMAIN = "a.example";
const SETTLING_MS = 30_000;
/** For what was under way when the measuring ended. */
const LOG_MS = 500;

/** A new account has the mail profile until midnight: for chat, the network's mail profile is as quick. Decoys are not measured here. */
function parametersFor(profile: ProfileName): Parameters {
  const { profiles } = LIVE_PARAMETERS;
  return { ...LIVE_PARAMETERS, profiles: { ...profiles, mail: profiles[profile] }, minimumPool: DECOYS_POOL };
}

const DECOYS_POOL = 1;

/** Waits for the next moment at which slots of both clocks begin: whole slots have whole numbers of ticks in them. */
async function wholeSlots(profile: ProfileName): Promise<number> {
  const { sendRate, pollRate } = LIVE_PARAMETERS.profiles[profile];
  const [send, poll] = [Math.round(meanInterval(sendRate)), Math.round(meanInterval(pollRate))];
  const both = (send * poll) / commonDivisor(send, poll);
  const from = Math.ceil((Date.now() + 100) / both) * both;
  await sleep(from - Date.now());
  return from;
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

class Desktop {
  readonly pid: number;
  readonly #process: Asked<number>;

  static async start(dataDir: string): Promise<Desktop> {
    const child = new Asked<number>(new URL("./idle/client-process.ts", import.meta.url), [dataDir]);
    return new Desktop(child, await child.ready);
  }

  private constructor(child: Asked<number>, pid: number) {
    this.#process = child;
    this.pid = pid;
  }

  async create(invite: string): Promise<void> {
    await this.#process.ask("create", { invite, name: "Idle", localPart: "idle", passphrase: PASSPHRASE });
    await this.#mixing();
  }

  async unlock(): Promise<void> {
    await this.#process.ask("unlock", { passphrase: PASSPHRASE });
    await this.#mixing();
  }

  async end(): Promise<void> {
    await this.#process.ask("stop");
    await this.#process.end();
  }

  async #mixing(): Promise<void> {
    for (let i = 0; i < MIXING_SECONDS_MAX; i++) {
      const state = await this.#process.ask<string>("state");
      if (state === "mixing") return;
      await sleep(1_000);
    }
    throw new Error(`No packet left the program in ${MIXING_SECONDS_MAX} s.`);
  }
}

const MIXING_SECONDS_MAX = 120;

function valueOf(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at < 0 ? undefined : words[at + 1];
}
