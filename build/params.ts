/**
 * `npm run params [-- --json] [--users N [--mixes N]] [--capacity N]`: computes what follows from the parameter sets in
 * transport/core/parameters.ts and checks that they add up. Exits 1, with a line for each, when one does not. `--users` asks about
 * a network of that size, with so many mixes in a layer; `--capacity` is what one of them takes, in packets a second.
 */

import { argumentsOrExit } from "#transport/core/command-line.ts";
import { DEMO_PARAMETERS, LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { type Burst, burst, MIX_CAPACITY, NETWORK_USERS, SPREAD_WIDEST } from "./params/bursts.ts";
import { type Check, checks, type Kind } from "./params/checks.ts";
import { type Figures, figures } from "./params/figures.ts";
import type { Latency } from "./params/latency.ts";

const number = { type: "string" } as const;
const { values: args } = argumentsOrExit({
  args: process.argv.slice(2),
  usage: "Usage: npm run params [-- [--json] [--users N [--mixes N]] [--capacity N]]",
  options: { json: { type: "boolean" }, users: number, mixes: number, capacity: number },
});
const capacity = positive("capacity", args.capacity) ?? MIX_CAPACITY;
const mixesPerLayer = positive("mixes", args.mixes);
const users = positive("users", args.users);

const SETS: readonly { kind: Kind; parameters: Parameters }[] = [
  { kind: "live", parameters: LIVE_PARAMETERS },
  { kind: "demo", parameters: DEMO_PARAMETERS },
];

const results = SETS.map(({ kind, parameters }) => {
  const computed = figures(parameters);
  const sizes = users === undefined ? NETWORK_USERS : [users];
  return {
    kind,
    parameters,
    figures: computed,
    bursts: kind === "live" ? sizes.map((size) => burst(parameters, { users: size, mixesPerLayer, capacity })) : [],
    checks: checks(kind, parameters, computed),
  };
});
const failed = results.flatMap(({ kind, checks: all }) =>
  all.filter(({ holds }) => !holds).map((check) => ({ kind, check })),
);

if (args.json) {
  console.log(JSON.stringify({ passed: failed.length === 0, sets: results }, null, 2));
} else {
  for (const result of results) print(result);
}
for (const { kind, check } of failed) console.error(`${kind}: ${check.name}: ${check.detail} does not hold`);
if (failed.length > 0) process.exitCode = 1;

function print({ kind, parameters, figures: f, bursts, checks: all }: (typeof results)[number]): void {
  console.log(
    `\n${kind === "live" ? "A network for people" : "The demo's network"} (${parameters.suite}, ${parameters.clock} clock)\n`,
  );
  for (const [name, value] of rows(kind, parameters, f)) console.log(`  ${name.padEnd(52)}${value}`);
  for (const [name, value] of bursts.flatMap(burstRows)) console.log(`  ${name.padEnd(52)}${value}`);
  console.log();
  for (const check of all) console.log(`  ${mark(check)}  ${check.name}: ${check.detail}`);
}

function mark({ holds }: Check): string {
  return holds ? "holds" : "FAILS";
}

function rows(kind: Kind, parameters: Parameters, f: Figures): [string, string][] {
  const { geometry: g } = f;
  const table: [string, string][] = [
    ["packet = header + payload", `${g.packetBytes} = ${g.headerBytes} + ${g.payloadBytes} bytes`],
    ["SURB; longest reply", `${g.surbBytes}; ${g.replyBytes} bytes`],
    ["sealed plaintext; of it message", `${g.fragmentBytes}; ${f.fragmentDataBytes} bytes`],
  ];
  for (const name of ["mail", "chat"] as const) {
    const profile = f.profiles[name];
    const { sendRate, meanDelay } = parameters.profiles[name];
    table.push(
      [`${name}: a packet every; mean delay at a mix`, `${text(1 / sendRate)} s; ${text(meanDelay / 1000)} s`],
      [`${name}: up; down`, `${megabytes(profile.upBytesPerDay)}; ${megabytes(profile.downBytesPerDay)} a day`],
      [
        `${name}: one packet's mail, median; 95 %`,
        `${seconds(profile.latency.median)}; ${seconds(profile.latency.p95)}`,
      ],
      ...(profile.boxLatency === undefined ? [] : [boxRow(name, profile.boxLatency)]),
      [
        `${name}: polls; arrivals at one sender's full pace`,
        `${text(profile.pollsPerSecond)}; ${text(profile.arrivalsPerSecond)} per second`,
      ],
      ...profile.mails.map(({ bodyBytes, fragments, duration, toBox }): [string, string] => [
        `${name}: a body of ${text(bodyBytes / 1000)} KB`,
        `${fragments} ${fragments === 1 ? "fragment" : "fragments"}, ${seconds(duration)}${toBox === undefined ? "" : `; to a box ${seconds(toBox)}`}`,
      ]),
    );
  }
  table.push(
    ["path at the cap; round trip, 1 in 10^6", `${seconds(f.path.longest)}; ${seconds(f.path.roundTrip)}`],
    ["a mix key: first use to erasure", seconds(f.mix.keyLife)],
    ["keys of a node in a list", `${f.mix.keysListed}, ${text(f.mix.keysListedBytes / 1024)} KiB`],
    [
      `mix at ${f.mix.packetsPerSecond} packets/s: held; replay log`,
      `${megabytes(f.mix.heldBytes)}; ${megabytes(f.mix.replayLogBytes)}`,
    ],
    [
      "mix, for each packet a second: replay log; set",
      `${text(f.mix.replayPerPacketPerSecond.logBytes / 1000)} KB; up to ${text(f.mix.replayPerPacketPerSecond.setBytesMax / 1000)} KB`,
    ],
  );
  for (const pool of f.pools) {
    table.push([
      `3 × ${pool.mixesPerLayer} mixes, ${pool.providers} providers: a mix holds at least`,
      `${text(Math.min(...pool.perMix))} packets; ${text(pool.decoysPerSecond)} decoys/s in all, ${text(pool.bitsPerSecondPerProvider / 1e6)} Mbit/s and ${text(pool.bytesPerDayPerProvider / 1e9)} GB/day a provider`,
    ]);
  }
  if (kind === "live") {
    for (const line of f.authorityLines) {
      table.push([
        `authority, ${line.threshold} of ${line.authorities}, ${text(line.nodes)} nodes: votes; lists`,
        `${text(line.votesBitsPerSecond / 1e6)} Mbit/s up and down; ${text(line.listsBitsPerSecond / 1e6)} Mbit/s up`,
      ]);
    }
    table.push([
      `${f.network.users} users: per layer`,
      `${text(f.network.packetsPerSecondPerLayer)} packets/s, ${text(f.network.bitsPerSecondPerLayer / 1e9)} Gbit/s, ${text(f.network.coresPerLayer)} cores`,
    ]);
  }
  return table;
}

function boxRow(name: string, { median, p95 }: Latency): [string, string] {
  return [`${name}: the same to a box`, `${seconds(median)}; ${seconds(p95)}`];
}

function burstRows({ peak, seconds: lasts, leastSpread, needed, ...b }: Burst): [string, string][] {
  const spread =
    leastSpread === undefined
      ? "no spread is wide enough"
      : `a spread of ${fraction(leastSpread)} stays below ${text(b.capacity)}`;
  const advice =
    leastSpread !== undefined && leastSpread <= SPREAD_WIDEST
      ? `a spread of ${fraction(leastSpread)}`
      : `more mixes: ${needed
          .filter((n) => n.spread <= SPREAD_WIDEST)
          .map(mixesFor)
          .join(", or ")}`;
  return [
    [
      `${text(b.users)} users, ${b.mixesPerLayer} mixes a layer: a first mix gets`,
      `${text(peak)} packets/s for ${text(lasts)} s of each slot; ${spread}`,
    ],
    [`${text(b.users)} users: mixes that a layer needs`, needed.map(mixesFor).join(", ")],
    [`${text(b.users)} users: recommended`, advice],
  ];
}

function mixesFor({ spread, mixesPerLayer: mixes }: Burst["needed"][number]): string {
  return `${mixes} for a spread of ${fraction(spread)}`;
}

/** In whole 64ths, cancelled. */
function fraction(share: number): string {
  let [above, below] = [Math.round(share * 64), 64];
  while (above % 2 === 0 && below > 1) [above, below] = [above / 2, below / 2];
  return below === 1 ? String(above) : `${above}/${below}`;
}

function positive(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const parsed = Number(value);
  if (Number.isSafeInteger(parsed) && parsed > 0) return parsed;
  console.error(`--${name} is a whole number above 0`);
  process.exit(2);
}

function text(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;
}

function seconds(ms: number): string {
  if (ms >= 7.2e6) return `${text(ms / 3.6e6)} h`;
  return ms >= 600e3 ? `${text(ms / 60e3)} min` : `${text(ms / 1000)} s`;
}
