/**
 * Builds a node from its configuration: the one place where the server meets the system's clock, randomness, sockets and
 * files. An observer is an argument here and nowhere else: only a program that calls these functions can pass one.
 */

import { accessSync, constants, mkdirSync, statfsSync, statSync } from "node:fs";
import { availableParallelism, uptime } from "node:os";
import { dirname, join } from "node:path";
import { fromHex } from "#transport/core/bytes.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { milliseconds } from "#transport/core/units.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import type { Link, Protocol } from "#transport/link/link.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";
import { type Geometry, geometry } from "#transport/sphinx/geometry.ts";
import type { AdmittedNode } from "../authority/admission.ts";
import { runAuthority } from "../authority/run-authority.ts";
import { ProviderDatabase } from "../database/database.ts";
import { LOCK_WAIT } from "../database/limits.ts";
import { ServerError } from "../errors.ts";
import { type PeriodStore, FilePeriodStore } from "../mix/period-store.ts";
import { MixNode } from "../mix/mix-node.ts";
import { UNWRAP_THREADS_MAX } from "../mix/unwrapping/limits.ts";
import { type ClockMemory, FileClockMemory } from "../node/clock-memory.ts";
import type { NodeDependencies } from "../node/dependencies.ts";
import { ProviderNode } from "../node/provider-node.ts";
import type { Gauges } from "../observe/figures.ts";
import { type RunningMetrics, serveMetrics } from "../observe/metrics-listener.ts";
import type { Observer } from "../observe/observer.ts";
import { OperatorService } from "../services/operator-service.ts";
import type { AuthorityConfig, Config, MixConfig, ProviderConfig } from "./config.ts";
import { type InUse, markDatabase, markFolder } from "./in-use.ts";
import { publicKeys } from "./key-file.ts";
import { parseListenAddress } from "./listen-address.ts";
import { type Loaded, load } from "./load.ts";
import { processFigures } from "./process-figures.ts";
import { measureSpeed, tellSpeed } from "./self-check.ts";
import { startWeb, type WebDoor } from "./start-web.ts";

export interface Running {
  /** What a program that starts nodes wants to know, all public. */
  readonly ready: {
    readonly role: Config["role"];
    readonly address: string;
    readonly nodeId: string;
    /** What programs in browsers dial, where they may. */
    readonly webUrl?: string;
  };
  stop(): Promise<void>;
}

export function startConfigured(config: Config): Promise<Running> {
  switch (config.role) {
    case "mix":
      return startMix(config);
    case "provider":
      return startProvider(config);
    case "authority":
      return startAuthority(config);
  }
}

export async function startMix(config: MixConfig, observer?: Observer): Promise<Running> {
  const base = await prepare(config, await load(config), ["starling-node/2"]);
  const node = new MixNode(nodeDependencies(config, base, observer));
  return started(config, base, node, async () => undefined);
}

export async function startProvider(config: ProviderConfig, observer?: Observer): Promise<Running> {
  const loaded = await load(config);
  const database = openDatabase(config.database);
  const base = await prepare(config, loaded, ["starling-node/2", "starling-client/2"]).catch((error: unknown) => {
    database.close();
    throw error;
  });
  const { domain } = config;
  const { policy, reserved = [] } = config.signUp;
  const opened = await openDoors(config, base).catch(async (error: unknown) => {
    // Whatever stays open keeps the process: a daemon that has said why it cannot start must end.
    await base.metrics?.close();
    await base.listener.close();
    base.inUse.release();
    database.close();
    throw error;
  });
  const { services, web } = opened;
  const signUp = { policy, reserved };
  const node = new ProviderNode({
    ...nodeDependencies(config, base, observer),
    domain,
    database: database.tables,
    signUp,
    services,
  });
  web?.onLink((link) => node.accept(link));
  const running = started(config, base, node, async () => {
    await web?.close();
    for (const service of services) await service.stop();
    database.close();
  });
  return web === undefined ? running : { ...running, ready: { ...running.ready, webUrl: web.url } };
}

/** Nobody else's while it is open: two daemons on one would each answer for the other's accounts. */
function openDatabase(path: string): { tables: ProviderDatabase; close(): void } {
  const inUse = markDatabase(path, "Stop it, or name another `database`.");
  try {
    const tables = new ProviderDatabase(path);
    tables.waitAtMost(LOCK_WAIT);
    const close = (): void => {
      tables.close();
      inUse.release();
    };
    return { tables, close };
  } catch (error) {
    inUse.release();
    throw error;
  }
}

/** What a provider has by configuration only: services of the operator's own, and links for programs in browsers. */
async function openDoors(
  config: ProviderConfig,
  base: Base,
): Promise<{ services: OperatorService[]; web: WebDoor | undefined }> {
  const { clock, log, suite, network, sizes, keys } = base;
  const services: OperatorService[] = [];
  try {
    for (const { options = {}, ...own } of config.services ?? []) {
      services.push(await OperatorService.start({ ...own, options, clock, log }));
    }
    const web = await bound(
      () => startWeb(config, { clock, log, suite, network, sizes, linkSeed: keys.linkSeed }),
      "webListen.listen",
    );
    return { services, web };
  } catch (error) {
    for (const service of services) await service.stop();
    throw error;
  }
}

async function startAuthority(config: AuthorityConfig): Promise<Running> {
  const loaded = await load(config);
  const { clock, log, keys, network, suite, figures } = loaded;
  const { host, port } = parseListenAddress(config.listen);
  assertWritable("dataDirectory", config.dataDirectory);
  const inUse = markFolder("dataDirectory", config.dataDirectory);
  const admitted = config.admit.map(({ nodeId, ...claims }) => ({ nodeId: fromHex(nodeId), ...claims }));
  const running = await bound(() =>
    runAuthority({
      network,
      keys,
      admitted: admitted as readonly AdmittedNode[],
      stateDirectory: config.dataDirectory,
      dnsServers: config.dns?.servers,
      host,
      port,
      suite,
      clock,
      random: new SystemRandom(),
      log,
      metrics: figures,
    }),
  ).catch((error: unknown) => {
    inUse.release();
    throw error;
  });
  const metrics = await serveFigures(config, loaded).catch(async (error: unknown) => {
    await running.close();
    inUse.release();
    throw error;
  });
  figures.start(() => ({ ...running.gauges, ...processFigures({ disk: config.dataDirectory }) }));
  return {
    ready: { role: config.role, address: running.address, nodeId: publicKeys(keys, suite).nodeId },
    async stop() {
      figures.stop();
      await metrics?.close();
      await running.close();
      inUse.release();
      log.stop();
    },
  };
}

interface Base extends Loaded {
  readonly metrics: RunningMetrics | undefined;
  /** The memory directory. */
  readonly memory: string;
  readonly inUse: InUse;
  readonly periodStore: PeriodStore;
  readonly clockMemory: ClockMemory;
  readonly sizes: Geometry;
  readonly listener: TlsListener;
}

/** Listens last: whatever else is wrong with a configuration ends the program. */
async function prepare(
  config: MixConfig | ProviderConfig,
  loaded: Loaded,
  protocols: readonly Protocol[],
): Promise<Base> {
  const { clock, keys, suite, network, log } = loaded;
  const sizes = geometry(network.parameters);
  const memory = memoryDirectory(config, loaded);
  const inUse = markFolder("memoryDirectory", memory);
  const periodStore = new FilePeriodStore(memory);
  const clockMemory = new FileClockMemory(memory, () => milliseconds(uptime() * 1000));
  const options = { ...parseListenAddress(config.listen), identitySeed: keys.linkSeed, suite, sizes, clock, protocols };
  const listener = await bound(() => TlsListener.listen(options)).catch((error: unknown) => {
    inUse.release();
    throw error;
  });
  const metrics = await serveFigures(config, loaded).catch(async (error: unknown) => {
    await listener.close();
    inUse.release();
    throw error;
  });
  const measured = { suite: loaded.suite, network, random: new SystemRandom(), now: microseconds };
  tellSpeed(log, { speed: measureSpeed({ ...measured, threads: unwrapThreads(config) }), network });
  return { ...loaded, memory, inUse, periodStore, clockMemory, sizes, listener, metrics };
}

const microseconds = (): number => performance.now() * 1000;

async function serveFigures({ metricsListen }: Config, { figures }: Loaded): Promise<RunningMetrics | undefined> {
  if (metricsListen === undefined) return undefined;
  const where = parseListenAddress(metricsListen);
  return bound(() => serveMetrics({ metrics: figures, ...where }), "metricsListen");
}

/** An address that cannot be bound is the configuration's fault, not a bug. */
async function bound<T>(listen: () => Promise<T>, key = "listen"): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) throw error;
    const which =
      "address" in error && "port" in error ? `, and ${String(error.address)}:${String(error.port)} is not` : "";
    throw new ServerError(
      "CONFIG",
      `${key}: expected an address of this machine that is free${which} (${String(error.code)}).`,
    );
  }
}

function nodeDependencies(config: MixConfig | ProviderConfig, base: Base, observer?: Observer): NodeDependencies {
  const { clock, suite, network, sizes, keys, periodStore, clockMemory, listener, log } = base;
  const random = new SystemRandom();
  const dialer = new TlsDialer({ identitySeed: keys.linkSeed, suite, sizes, clock });
  const { replayTagsMax, delayQueuePacketsMax } = config;
  return {
    clock,
    // One source serves every stream: the system's bytes are independent whoever draws them.
    streams: {
      schedule: random,
      paths: random,
      delays: random,
      padding: random,
      keys: random,
      services: random,
      decoys: random,
      tokens: random,
    },
    suite,
    network,
    dialer,
    directory: new DirectoryClient({ dialer, network, suite, clock, random }),
    identity: { identitySeed: keys.identitySeed, linkKey: linkKeyOf(suite, keys.linkSeed) },
    address: config.address ?? listener.address,
    operator: config.operator,
    periodStore,
    clockMemory,
    log,
    metrics: base.figures,
    limits: {
      unwrapThreads: unwrapThreads(config),
      ...(replayTagsMax === undefined ? {} : { replayCapacity: replayTagsMax }),
      ...(delayQueuePacketsMax === undefined ? {} : { delayQueuePackets: delayQueuePacketsMax }),
    },
    observer,
  };
}

/** One core is for links and clock: with one alone, another thread would only take turns with them. */
const unwrapThreads = (config: MixConfig | ProviderConfig): number =>
  config.unwrapThreads ?? Math.min(UNWRAP_THREADS_MAX, availableParallelism() - 1);

/** Where mix keys live. A disk would keep keys that must be forgotten: then the log says so. */
function memoryDirectory(config: MixConfig | ProviderConfig, { keys, suite, log }: Loaded): string {
  const chosen =
    config.memoryDirectory ?? join(SHARED_MEMORY, `starling-${publicKeys(keys, suite).nodeId.slice(0, 16)}`);
  assertWritable("memoryDirectory", chosen);
  // Anybody may make a directory in /dev/shm: who made this one first could take files out of it.
  const { uid, mode } = statSync(chosen);
  if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o077) !== 0))
    throw new ServerError("CONFIG", `memoryDirectory: expected ${chosen} to be this user's alone (chmod 700).`);
  if (!MEMORY_FILE_SYSTEMS.has(statfsSync(chosen).type)) {
    log.event("memoryDirectory does not lie in memory: keys that are erased may be found on the disk");
  }
  return chosen;
}

/** Makes it, for its owner only, if it is not there. */
function assertWritable(key: string, directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK);
  } catch {
    throw new ServerError("CONFIG", `${key}: expected ${directory} to be a directory that can be written.`);
  }
}

const SHARED_MEMORY = "/dev/shm";
/** TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h. */
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

function started(
  config: Config,
  base: Base,
  node: {
    readonly nodeId: Uint8Array;
    readonly gauges: Gauges;
    start(): void;
    accept(link: Link): void;
    stop(): Promise<void>;
  },
  close: () => Promise<void>,
): Running {
  const { listener, log, keys, suite, figures, metrics, memory, inUse } = base;
  const disk = config.role === "provider" ? dirname(config.database) : undefined;
  listener.onLink((link) => node.accept(link));
  node.start();
  figures.start(() => ({ ...node.gauges, ...processFigures({ disk, memory }) }));
  return {
    ready: { role: config.role, address: listener.address, nodeId: publicKeys(keys, suite).nodeId },
    async stop() {
      figures.stop();
      await metrics?.close();
      await node.stop();
      await listener.close();
      await close();
      inUse.release();
      log.stop();
    },
  };
}
