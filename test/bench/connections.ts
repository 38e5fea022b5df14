/**
 * `npm run bench -- connections`: a provider, the daemon itself, with more and more clients on real links that send and ask as
 * programs at rest do: memory and CPU time for each, and what taking a link costs. docs/benchmarks.md
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { publicKeys, readKeyFile } from "#provider-server/cli/key-file.ts";
import { type DemoNetwork, startNetwork } from "#test/demo/network.ts";
import { Observations } from "#test/demo/observations.ts";
import { fromHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { entryFrameBytes, sendFrameBytes } from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { openAccounts } from "./connections/accounts.ts";
import { BYTES_EACH_BAR, type Connections, printConnections, type Step, type Traffic } from "./connections/report.ts";
import { cipherAlone } from "./link-alone.ts";
import { Asked } from "./mix/ask.ts";
import { memory, type ResidentMemory, sum, threadTimes, timesSince } from "./process-usage.ts";

const STEPS = "1000,3000";
/** Four slots of the mail profile. */
const SECONDS = 84;

/** True when no link was lost and the bar of memory holds at every step. */
export async function runConnectionsBench({
  json,
  words,
}: {
  json: boolean;
  words: readonly string[];
}): Promise<boolean> {
  const steps = (valueOf(words, "--clients") ?? STEPS).split(",").map(Number);
  const result = await measureConnections(steps, Number(valueOf(words, "--seconds") ?? SECONDS));
  const failures = result.steps.flatMap(over);
  const passed = failures.length === 0;
  if (json)
    console.log(JSON.stringify({ bench: "connections", bytesEachBar: BYTES_EACH_BAR, passed, ...result }, null, 2));
  else printConnections(result);
  for (const failure of failures) console.error(failure);
  return passed;
}

function over({ clients, wanted, bytesEach: { resident }, traffic: { closed } }: Step): string[] {
  const sentences: string[] = [];
  if (clients < wanted) sentences.push(`${wanted - clients} of ${wanted} clients got no link`);
  if (resident > BYTES_EACH_BAR)
    sentences.push(`${clients} clients: ${(resident / 1e3).toFixed(0)} kB each; the bar is ${BYTES_EACH_BAR / 1e3}`);
  if (closed > 0) sentences.push(`${clients} clients: ${closed} links ended`);
  return sentences;
}

interface Came {
  readonly links: number;
  readonly milliseconds: number;
}

async function measureConnections(counts: readonly number[], seconds: number): Promise<Connections> {
  const folder = mkdtempSync(join(tmpdir(), "starling-bench-"));
  const random = new SystemRandom();
  const stops: (() => Promise<unknown>)[] = [];
  try {
    openAccounts({ file: join(folder, `${DOMAIN}.sqlite`), count: Math.max(...counts), random, now: Date.now() });
    const drops: Record<string, number> = {};
    const network = await startNetwork({
      folder,
      observations: new Observations(),
      parameters: { ...LIVE_PARAMETERS, minimumPool: DECOYS_POOL },
      onEvent: (name, event, data) => {
        if (name !== DOMAIN || event !== "dropped") return;
        const { reason } = data as { reason: string };
        drops[reason] = (drops[reason] ?? 0) + 1;
      },
    });
    stops.push(() => network.stop());
    await network.flowing();
    const provider = await providerOf(network, folder);
    const clients = new Asked<number>(new URL("./connections/clients-process.ts", import.meta.url), []);
    stops.unshift(() => clients.end());
    await clients.ready;
    const quiet = await watch(provider.pid, QUIET_SECONDS);
    const cipherUs = cipherCosts();
    const steps: Step[] = [];
    let [there, links, redialledBefore] = [0, 0, 0];
    for (const count of counts) {
      const cpuBefore = sum(threadTimes(provider.pid));
      const connect = { from: there, until: count, address: provider.address, linkKey: provider.linkKey };
      const came = await clients.ask<Came>("connect", { ...connect, networkFile: join(folder, "network") });
      const cpuUs = sum(threadTimes(provider.pid)) - cpuBefore;
      there = count;
      links += came.links;
      const [countsBefore, dropsBefore] = [await clients.ask<Traffic>("counts"), { ...drops }];
      const redialled = countsBefore.redialled - redialledBefore;
      redialledBefore = countsBefore.redialled;
      const seen = await watch(provider.pid, seconds);
      const traffic = difference(await clients.ask<Traffic>("counts"), countsBefore);
      const shareOfClients = seen.share - quiet.share;
      const cipher = traffic.sent * cipherUs.send + traffic.entries * cipherUs.poll;
      steps.push({
        clients: links,
        wanted: count,
        accepting: { links: came.links, seconds: came.milliseconds / 1000, cpuUsEach: cpuUs / came.links, redialled },
        seconds: seen.seconds,
        share: seen.share,
        shareOfClients,
        memory: seen.most,
        bytesEach: {
          resident: (seen.most.residentBytes - quiet.most.residentBytes) / links,
          anonymous: (seen.most.anonymousBytes - quiet.most.anonymousBytes) / links,
        },
        traffic,
        drops: difference(drops, dropsBefore),
        cipherMultiple: (shareOfClients * seen.seconds * 1e6) / cipher,
      });
    }
    return { before: { ...quiet.most, share: quiet.share }, cipherUs, steps };
  } finally {
    for (const stop of stops) await stop().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}

const DOMAIN = "b.example";
/** Decoys are work that does not grow with clients: fewer of them leave more of the machine. */
const DECOYS_POOL = 1;
const QUIET_SECONDS = 30;

async function providerOf(network: DemoNetwork, folder: string) {
  const child = network.processes.get(DOMAIN);
  if (child === undefined) throw new Error("the network has no such provider");
  const { address } = (await child.ready()) as { address: string };
  const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
  const { linkKey } = publicKeys(readKeyFile(join(folder, `${DOMAIN}.key`)), suite);
  return { pid: child.pid, address, linkKey: fromHex(linkKey) };
}

/** A process's CPU time, and its memory at the most. */
async function watch(pid: number, seconds: number): Promise<{ share: number; seconds: number; most: ResidentMemory }> {
  const before = threadTimes(pid);
  const start = performance.now();
  let most = memory(pid);
  while (performance.now() - start < seconds * 1000) {
    await sleep(1_000);
    const now = memory(pid);
    if (now.residentBytes > most.residentBytes) most = now;
  }
  const elapsed = (performance.now() - start) / 1000;
  return { share: sum(timesSince(before, pid)) / (elapsed * 1e6), seconds: elapsed, most };
}

/** Microseconds of the cipher alone: what a client sends is opened and closed again for the mix, what it gets is closed. */
function cipherCosts(): Connections["cipherUs"] {
  const sizes = geometry(LIVE_PARAMETERS);
  const packet = cipherAlone(sendFrameBytes(sizes));
  return { send: packet.open + packet.close, poll: cipherAlone(entryFrameBytes(sizes)).close };
}

function difference<T extends Readonly<Record<string, number>>>(after: T, before: T): T {
  return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)])) as T;
}

function valueOf(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at < 0 ? undefined : words[at + 1];
}
