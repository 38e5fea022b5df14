/** `npm run sim -- --users N --hours H --seed S …`: exits 1 when an invariant is broken, and says how to see it again. */

import { asksForHelp } from "#transport/core/command-line.ts";
import { commandLine, parseOptions, type SimOptions, UsageError } from "./options.ts";
import { PLANTS } from "./plants.ts";
import { reportText, type SimReport } from "./report.ts";
import { simulateSampled } from "./sampled.ts";
import { simulate } from "./simulation.ts";
import { simulatePair } from "./pair.ts";

const HELP = `Usage: npm run sim -- --users N --hours H --seed S [--json]
  --mode packets|sampled   every packet, or a sample of users for networks of any size
  --profile mail|chat      --clock slot|poisson      --mails N (a day and user)
  --faults TEXT            loss=0.01,crash=mix3@600+120,partition=mix0|provider0@900+300,clock=mix1:90@300+600,…
  --pair                   with and without mail: what every client's line shows must be the same
  --tokens                 requests need blind tokens, as in production; packet mode
  --boxes N                answers that each drop slot asks of boxes; 0: no boxes
  --observe FILE           the adversary's log (docs/spec/14-observer-log.md)
  --suite none|x25519|xwing  --mixes N (a layer)  --providers N  --pool N  --sample N
docs/simulator.md says what it all means.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (asksForHelp(args)) {
    console.log(HELP);
    return 0;
  }
  let options: SimOptions;
  try {
    options = parseOptions(args);
    if (options.plant !== undefined && PLANTS[options.plant] === undefined) {
      throw new UsageError(`--plant is one of ${Object.keys(PLANTS).join(", ")}.`);
    }
    if (options.tokens && options.mode === "sampled") {
      throw new UsageError("--tokens needs the mode that makes packets: a sample makes none.");
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
  // What a program throws where nobody waits for it is a failure of the run like any other.
  process.on("unhandledRejection", (error) => {
    console.error(`${error instanceof Error ? error.stack : String(error)}\n${commandLine(options)}`);
    process.exit(1);
  });
  let report: SimReport;
  try {
    report = await run(options);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${commandLine(options)}`);
    return 1;
  }
  console.log(options.json ? JSON.stringify(report, null, 2) : reportText(report));
  const [violation] = report.invariants.violations;
  if (violation === undefined) return 0;
  console.error(`${violation.invariant}: ${violation.detail} (${violation.at} ms after the beginning)`);
  console.error(commandLine(options));
  return 1;
}

async function run(options: SimOptions): Promise<SimReport> {
  if (options.mode === "sampled") return simulateSampled(options);
  if (options.pair) return simulatePair(options);
  return (await simulate(options)).report;
}
