/**
 * `npm run params [-- --json]`: computes what follows from the parameter sets in transport/core/parameters.ts and checks
 * that they add up. Exits 1, with a line for each, when one does not.
 */

import { DEMO_PARAMETERS, LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { type Check, checks, type Kind } from "./params/checks.ts";
import { type Figures, figures } from "./params/figures.ts";

const SETS: readonly { kind: Kind; parameters: Parameters }[] = [
  { kind: "live", parameters: LIVE_PARAMETERS },
  { kind: "demo", parameters: DEMO_PARAMETERS },
];

const results = SETS.map(({ kind, parameters }) => {
  const computed = figures(parameters);
  return { kind, parameters, figures: computed, checks: checks(kind, parameters, computed) };
});
const failed = results.flatMap(({ kind, checks: all }) =>
  all.filter(({ holds }) => !holds).map((check) => ({ kind, check })),
);

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ passed: failed.length === 0, sets: results }, null, 2));
} else {
  for (const result of results) print(result);
}
for (const { kind, check } of failed) console.error(`${kind}: ${check.name}: ${check.detail} does not hold`);
if (failed.length > 0) process.exitCode = 1;

function print({ kind, parameters, figures: f, checks: all }: (typeof results)[number]): void {
  console.log(
    `\n${kind === "live" ? "A network for people" : "The demo's network"} (${parameters.suite}, ${parameters.clock} clock)\n`,
  );
  for (const [name, value] of rows(kind, parameters, f)) console.log(`  ${name.padEnd(52)}${value}`);
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
      [
        `${name}: polls; arrivals at one sender's full pace`,
        `${text(profile.pollsPerSecond)}; ${text(profile.arrivalsPerSecond)} per second`,
      ],
      ...profile.mails.map(({ bodyBytes, fragments, duration }): [string, string] => [
        `${name}: a body of ${text(bodyBytes / 1000)} KB`,
        `${fragments} ${fragments === 1 ? "fragment" : "fragments"}, ${seconds(duration)}`,
      ]),
    );
  }
  table.push(
    ["path at the cap; round trip, 1 in 10^6", `${seconds(f.path.longest)}; ${seconds(f.path.roundTrip)}`],
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
    table.push([
      `${f.network.users} users: per layer`,
      `${text(f.network.packetsPerSecondPerLayer)} packets/s, ${text(f.network.bitsPerSecondPerLayer / 1e9)} Gbit/s, ${text(f.network.coresPerLayer)} cores`,
    ]);
  }
  return table;
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
