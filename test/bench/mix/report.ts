/** From counters to the bench's answer: figures, bars, and which of them hold. */

export interface Period {
  readonly rate: number;
  readonly seconds: number;
  readonly sent: number;
  readonly lostAtGenerator: number;
  readonly arrived: number;
  readonly left: number;
  readonly received: number;
  /** CPU time of the two processes beside the mix. */
  readonly generatorUs: number;
  readonly sinkUs: number;
  /** CPU time of the whole process, of which in the kernel, and of its threads by name. */
  readonly cpuUs: number;
  readonly systemUs: number;
  readonly threadsUs: Readonly<Record<string, number>>;
  /** How many packets left so many milliseconds after they were due, by the mix's own clock. */
  readonly lateByMix: Uint32Array;
  /** In order: what the sink saw beyond sending time and delay; both ways over the links are in it. */
  readonly lateAtSink: Float64Array;
  /** Resident bytes at the start and after each second. */
  readonly rss: readonly number[];
  readonly drops: Readonly<Record<string, number>>;
}

export interface Profile {
  readonly shares: Readonly<Record<string, number>>;
  readonly top: readonly (readonly [string, number])[];
}

export type Report = ReturnType<typeof report>;

export const BARS = { cpuUsPerPacket: 250, packetsPerSecond: 3000, lateMs99: 5, memoryGrowth: 1.1 } as const;

/**
 * The split: CPU time of the threads that unwrap is crypto, as the kernel counted it; the first thread's is divided by where
 * a sampling profiler found it in a window after the period; V8's own threads collect garbage and compile.
 * `unwrapAloneUs`: one unwrap in another process, in CPU time, while the mix was at work.
 */
export function report(o: { options: object; full: Period; half: Period; profile: Profile; unwrapAloneUs: number }) {
  const full = summary(o.full);
  const half = summary(o.half);
  const perPacket = full.cpuUsPerPacket;
  const of = (name: string): number => (o.full.threadsUs[name] ?? 0) / o.full.left;
  const firstThread = of(FIRST_THREAD);
  const crypto = of(UNWRAP_THREAD);
  const split: Record<string, number> = {
    "crypto, threads that unwrap": round(crypto),
    "garbage collector and compiler, threads of V8": round(perPacket - firstThread - crypto),
  };
  for (const [name, share] of Object.entries(o.profile.shares))
    split[`${name}, first thread`] = round(share * firstThread);
  const bars = {
    cpuUsPerPacket: { value: perPacket, bar: BARS.cpuUsPerPacket, holds: perPacket <= BARS.cpuUsPerPacket },
    packetsPerSecond: {
      value: full.packetsPerSecond,
      bar: BARS.packetsPerSecond,
      holds: full.packetsPerSecond >= BARS.packetsPerSecond,
    },
    lateMs99: { value: half.lateAtSinkMs.p99, bar: BARS.lateMs99, holds: half.lateAtSinkMs.p99 < BARS.lateMs99 },
    memoryGrowth: {
      value: full.memoryGrowth,
      bar: BARS.memoryGrowth,
      holds: full.memoryGrowth <= BARS.memoryGrowth,
    },
  };
  const passed = Object.values(bars).every(({ holds }) => holds);
  const unwrapAlone = { microseconds: round(o.unwrapAloneUs), mixAsMultiple: round(perPacket / o.unwrapAloneUs) };
  return { options: o.options, passed, bars, full, half, cpuSplitUs: split, unwrapAlone, profile: o.profile };
}

const FIRST_THREAD = "MainThread";
const UNWRAP_THREAD = "unwrap";

function summary(period: Period) {
  const { seconds, lateAtSink, lateByMix, rss, ...rest } = period;
  const after = (share: number): number => rss[Math.floor(share * (rss.length - 1))] as number;
  return {
    ...rest,
    seconds: round(seconds),
    packetsPerSecond: Math.round(period.received / seconds),
    cpuUsPerPacket: round(period.cpuUs / period.left),
    kernelUsPerPacket: round(period.systemUs / period.left),
    cores: round(period.cpuUs / 1e6 / seconds),
    besideUsPerPacket: {
      generator: round(period.generatorUs / period.sent),
      sink: round(period.sinkUs / period.received),
    },
    memoryMiB: [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(after(share) / 2 ** 20)),
    memoryGrowth: round(after(1) / after(0)),
    lateByMixMs: { p50: quantileOf(lateByMix, 0.5), p99: quantileOf(lateByMix, 0.99), max: quantileOf(lateByMix, 1) },
    lateAtSinkMs: { p50: at(lateAtSink, 0.5), p99: at(lateAtSink, 0.99), max: at(lateAtSink, 1) },
  };
}

const at = (sorted: Float64Array, share: number): number =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);

function quantileOf(counts: Uint32Array, share: number): number {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  return counts.findIndex((count) => (seen += count) >= wanted && seen > 0);
}

const round = (value: number): number => Math.round(value * 100) / 100;

export function printReport(result: Report): void {
  for (const [
    name,
    { rate, seconds, packetsPerSecond, cpuUsPerPacket, kernelUsPerPacket, cores, received, ...rest },
  ] of [
    ["full rate", result.full],
    ["half of it", result.half],
  ] as const) {
    console.log(`${name}: ${rate} packets/s wanted for ${seconds} s`);
    console.log(`  through           ${packetsPerSecond} packets/s, ${received} in all`);
    console.log(
      `  CPU of the mix    ${cpuUsPerPacket} µs a packet, ${kernelUsPerPacket} of them in the kernel; ${cores} cores`,
    );
    const { generator, sink } = rest.besideUsPerPacket;
    console.log(`  CPU beside it     ${generator} µs a packet in the generator, ${sink} in the sink`);
    for (const [what, late] of [
      ["departure - due  ", rest.lateByMixMs],
      ["the same at sink ", rest.lateAtSinkMs],
    ] as const)
      console.log(`  ${what} p50 ${late.p50} ms, p99 ${late.p99} ms, latest ${late.max} ms`);
    console.log(`  resident memory   ${rest.memoryMiB.join(", ")} MiB: at the start, and after each quarter`);
    console.log(`  dropped           ${JSON.stringify(rest.drops)}; the generator lost ${rest.lostAtGenerator}`);
  }
  console.log("CPU of the mix, µs a packet:");
  for (const [name, us] of Object.entries(result.cpuSplitUs))
    console.log(`  ${name.padEnd(40)}${us.toFixed(1).padStart(8)}`);
  const { microseconds, mixAsMultiple } = result.unwrapAlone;
  console.log(`one unwrap alone in the same run: ${microseconds} µs; the mix takes ${mixAsMultiple} × that`);
  console.log("bars:");
  for (const [name, { value, bar, holds }] of Object.entries(result.bars))
    console.log(`  ${name.padEnd(20)}${String(value).padStart(10)}  bar ${bar}  ${holds ? "holds" : "FAILS"}`);
}
