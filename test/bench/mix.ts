/**
 * `npm run bench -- mix`: one mix, the daemon itself, between a generator and a sink that are processes of their own, over real
 * links. Packets a second over a period, CPU time a packet, how late packets leave at half the rate, memory, drops. docs/benchmarks.md
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createKeyFile, publicKeys } from "#provider-server/cli/key-file.ts";
import { fromHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { keyPeriodNumber, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { Asked } from "./mix/ask.ts";
import { BenchDirectory } from "./mix/directory.ts";
import { OneHopPackets } from "./mix/one-hop.ts";
import { type Period, printReport, type Report, report } from "./mix/report.ts";

interface Usage {
  readonly arrived: number;
  readonly left: number;
  readonly late: Uint32Array;
  readonly drops: Readonly<Record<string, number>>;
  readonly cpu: { readonly user: number; readonly system: number };
  readonly threadsUs: Readonly<Record<string, number>>;
}

const NUMBERS = {
  seconds: 60,
  rate: 3200,
  links: 4,
  "mean-delay": LIVE_PARAMETERS.profiles.mail.meanDelay,
  threads: -1,
};

/** True when every bar holds. */
export async function runMixBench({ json, words }: { json: boolean; words: readonly string[] }): Promise<boolean> {
  const options = numbers(words);
  const folder = mkdtempSync(join("/dev/shm", "starling-bench-"));
  const bench = await setUp(folder, options);
  try {
    const { rate, seconds } = options;
    const full = await period(bench, { rate, seconds, meanDelay: options["mean-delay"] });
    const half = await period(bench, {
      rate: rate / 2,
      seconds: Math.min(seconds, HALF_SECONDS_MAX),
      meanDelay: options["mean-delay"],
    });
    await bench.generator.ask("prepare", (rate * (WARM_MS + PROFILE_MS)) / 1000);
    await bench.generator.ask("start", { rate, meanDelay: options["mean-delay"] });
    await sleep(WARM_MS);
    const unwrapAloneUs = await unwrapAlone();
    await bench.mix.ask("startProfile");
    await sleep(PROFILE_MS);
    const profile = await bench.mix.ask<Report["profile"]>("stopProfile");
    await bench.generator.ask("stop");
    const result = report({ options, full, half, profile, unwrapAloneUs });
    if (json) console.log(JSON.stringify({ bench: "mix", ...result }, null, 2));
    else printReport(result);
    return result.passed;
  } finally {
    await bench.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

const WARM_MS = 5_000;
const PROFILE_MS = 8_000;
const HALF_SECONDS_MAX = 60;

type Bench = Awaited<ReturnType<typeof setUp>>;

async function setUp(folder: string, options: typeof NUMBERS) {
  const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
  const sink = new Asked<{ addresses: string[] }>(new URL("./mix/sink-process.ts", import.meta.url), [
    String(options.links),
  ]);
  const { addresses } = await sink.ready;
  const directory = await BenchDirectory.open(suite, options.links, addresses);
  writeFileSync(join(folder, "network"), directory.test.network.bytes);
  const keys = createKeyFile(join(folder, "key"), new SystemRandom());
  const config = {
    role: "mix",
    networkFile: "network",
    keyFile: "key",
    listen: "127.0.0.1:0",
    operator: "bench",
    memoryDirectory: "memory",
    ...(options.threads < 0 ? {} : { unwrapThreads: options.threads }),
  };
  writeFileSync(join(folder, "mix.json"), JSON.stringify(config));
  const mix = new Asked<{ address: string }>(new URL("./mix/mix-process.ts", import.meta.url), [
    join(folder, "mix.json"),
  ]);
  const { address } = await mix.ready;
  const descriptor = await directory.mix;
  const generator = new Asked<undefined>(new URL("./mix/generator-process.ts", import.meta.url), []);
  await generator.ready;
  await sleep(LINKS_UP_MS);
  await generator.ask("connect", {
    links: options.links,
    address,
    linkKey: fromHex(publicKeys(keys, suite).linkKey),
    nodeId: descriptor.nodeId,
    mixKey: descriptor.mixKeys.get(keyPeriodNumber(0)),
  });
  const end = async (): Promise<void> => {
    await Promise.all([generator.end(), mix.ask("stop").then(() => mix.end())]);
    await Promise.all([sink.end(), directory.close()]);
  };
  return { sink, mix, generator, end };
}

/** CPU time of one unwrap in this process: what a packet costs without links, queues and threads, on this machine at this moment. */
async function unwrapAlone(): Promise<number> {
  const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
  const sphinx = new Sphinx({ suite, geometry: geometry(LIVE_PARAMETERS) });
  const random = new SystemRandom();
  const { privateKey, publicKey: mixKey } = suite.kem.generate(random);
  const hop = {
    suite,
    geometry: sphinx.geometry,
    period: keyPeriodNumber(0),
    nodeId: nodeId(random.bytes(32)),
    mixKey,
  };
  const packet = new OneHopPackets(hop, random).make(nodeId(random.bytes(32)), milliseconds(0), 0);
  const key = suite.kem.open(privateKey);
  const times = (count: number): number => {
    const start = process.threadCpuUsage();
    for (let i = 0; i < count; i++) sphinx.unwrap(packet, { get: () => key }, hop.nodeId);
    const { user, system } = process.threadCpuUsage(start);
    return (user + system) / count;
  };
  times(500); // for the compiler
  return times(2_000);
}

/** For the mix to fetch the list and dial the nodes behind it. */
const LINKS_UP_MS = 2_000;

async function period(
  bench: Bench,
  { rate, seconds, meanDelay }: { rate: number; seconds: number; meanDelay: number },
): Promise<Period> {
  // As many packets leave as arrive once the pool is full: e^-6 of it is then missing.
  const filling = Math.max(3_000, 6 * meanDelay);
  await bench.generator.ask("prepare", Math.ceil(rate * (filling / 1000 + seconds) * STOCK));
  await bench.generator.ask("start", { rate, meanDelay });
  await sleep(filling);
  const takenBefore = await bench.sink.ask<CpuTime>("taken");
  const sentBefore = await bench.generator.ask<CpuTime>("counts");
  const start = performance.now();
  const before = await bench.mix.ask<Usage>("usage");
  const rss = [bench.mix.residentBytes];
  while (performance.now() - start < seconds * 1000) {
    await sleep(Math.min(1_000, Math.max(0, seconds * 1000 - (performance.now() - start))));
    rss.push(bench.mix.residentBytes);
  }
  const after = await bench.mix.ask<Usage>("usage");
  const elapsed = (performance.now() - start) / 1000;
  const taken = await bench.sink.ask<CpuTime & { late: Float64Array }>("taken");
  const sent = await bench.generator.ask<CpuTime & { sent: number; lost: number }>("counts");
  const difference = (pick: (usage: Usage) => number): number => pick(after) - pick(before);
  return {
    rate,
    seconds: elapsed,
    sent: sent.sent,
    lostAtGenerator: sent.lost,
    generatorUs: cpuTime(sent) - cpuTime(sentBefore),
    sinkUs: cpuTime(taken) - cpuTime(takenBefore),
    arrived: difference(({ arrived }) => arrived),
    left: difference(({ left }) => left),
    received: taken.late.length,
    cpuUs: difference(({ cpu }) => cpu.user + cpu.system),
    systemUs: difference(({ cpu }) => cpu.system),
    threadsUs: Object.fromEntries(
      Object.entries(after.threadsUs).map(([name, us]) => [name, us - (before.threadsUs[name] ?? 0)]),
    ),
    lateByMix: after.late.map((count, i) => count - (before.late[i] as number)),
    lateAtSink: taken.late.toSorted(),
    rss,
    drops: Object.fromEntries(
      Object.entries(after.drops).map(([reason, count]) => [reason, count - (before.drops[reason] ?? 0)]),
    ),
  };
}

/** The number of packets is random; and the last second of a period may be a longer one. */
const STOCK = 1.05;

interface CpuTime {
  readonly user: number;
  readonly system: number;
}

const cpuTime = ({ user, system }: CpuTime): number => user + system;

function numbers(words: readonly string[]): typeof NUMBERS {
  const given = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, usual]) => {
      const at = words.indexOf(`--${name}`);
      const value = at < 0 ? usual : Number(words[at + 1]);
      if (!Number.isFinite(value)) throw new RangeError(`--${name} takes a number`);
      return [name, value];
    }),
  );
  return given as typeof NUMBERS;
}
