/** Trace equality for every client of a network: the same seed with mail and without. */

import type { Invariant } from "./invariants.ts";
import type { SimOptions } from "./options.ts";
import type { SimReport } from "./report.ts";
import { simulate } from "./simulation.ts";

/** The report of the run with mail, and whether its lines showed anything that those without mail did not. */
export async function simulatePair(options: SimOptions): Promise<SimReport> {
  const idle = await simulate(options, { idle: true });
  const busy = await simulate(options);
  const { report } = busy;
  const name: Invariant = "trace equality";
  const differ = [...busy.traces].filter(([client, trace]) => idle.traces.get(client) !== trace);
  const [first] = differ;
  const checks = { ...report.invariants.checks, [name]: busy.traces.size };
  if (first === undefined) return { ...report, invariants: { ...report.invariants, checks } };
  const [client, trace] = first;
  const detail = `${differ.length} of ${busy.traces.size} clients, the first ${client}: ${trace} with mail, ${idle.traces.get(client)} without`;
  const violations = [{ invariant: name, at: options.hours * 3_600_000, detail }, ...report.invariants.violations];
  return { ...report, invariants: { ...report.invariants, checks, violations } };
}
