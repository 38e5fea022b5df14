/**
 * Debian's resolver (unbound) on 127.0.0.1, as an authority's operator would run one: it answers for zones that a test writes,
 * says SERVFAIL below `.broken`, whose server does so, and asks a server that never answers about names below `.slow`.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Resolver } from "node:dns/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";

export interface DnsServer {
  /** 127.0.0.1:port */
  readonly address: string;
  /** Serves other lines for the zones from now on. */
  replace(zones: Zones): Promise<void>;
  /** As when a machine is switched off; `start` switches it on again, at the same address. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Lines of a zone file (RFC 1035 §5) by zone. Names are absolute. */
export type Zones = Readonly<Record<string, readonly string[]>>;

export async function dnsServer(zones: Zones): Promise<DnsServer> {
  const folder = mkdtempSync(join(tmpdir(), "starling-dns-"));
  const [port] = await freePorts(1);
  const silent = await udpServer(() => undefined);
  // An answer with the question's id and SERVFAIL (RFC 1035 §4.1.1).
  const broken = await udpServer((question) => {
    const answer = Buffer.from(question);
    answer[2] = 0x81;
    answer[3] = 0x82;
    return answer;
  });
  const address = `127.0.0.1:${port}`;
  let process: ChildProcess | undefined;

  const write = (all: Zones): void => {
    const lines = Object.entries(all).map(([zone, records], index) => {
      const file = join(folder, `zone-${index}`);
      const soa = `${zone}. 1 IN SOA ns.${zone}. root.${zone}. 1 3600 600 86400 1`;
      writeFileSync(file, `${[soa, `${zone}. 1 IN NS ns.${zone}.`, ...records].join("\n")}\n`);
      return `auth-zone:\n  name: "${zone}"\n  zonefile: "${file}"\n  for-downstream: no\n  for-upstream: yes\n`;
    });
    writeFileSync(join(folder, "unbound.conf"), configuration({ folder, port, lines }));
  };
  const configuration = (o: { folder: string; port: number | undefined; lines: readonly string[] }): string => `
server:
  interface: 127.0.0.1@${o.port}
  port: ${o.port}
  username: ""
  chroot: ""
  directory: "${o.folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 0
  do-daemonize: no
  do-ip6: no
  num-threads: 1
  so-reuseport: no
  do-not-query-localhost: no
  module-config: "iterator"
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  infra-host-ttl: 0
  msg-cache-size: 64k
  rrset-cache-size: 64k
remote-control:
  control-enable: no
forward-zone:
  name: "slow"
  forward-addr: 127.0.0.1@${silent.port}
forward-zone:
  name: "broken"
  forward-addr: 127.0.0.1@${broken.port}
${o.lines.join("")}`;

  const start = async (): Promise<void> => {
    let output = "";
    const child = spawn("unbound", ["-d", "-c", join(folder, "unbound.conf")], { stdio: ["ignore", "pipe", "pipe"] });
    process = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    for (;;) {
      if (child.exitCode !== null) throw new Error(`unbound ended: ${output}`);
      const resolver = new Resolver({ timeout: 200, tries: 1 });
      resolver.setServers([address]);
      // Any answer will do: it is up.
      const isUp = await resolver.resolveTxt("nothing.example").then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code !== "ETIMEOUT" && error.code !== "ECONNREFUSED",
      );
      if (isUp) return;
    }
  };
  const kill = async (): Promise<void> => {
    const child = process;
    process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise<unknown>((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  };

  const stop = async (): Promise<void> => {
    await kill();
    for (const { socket } of [silent, broken]) socket.close();
    rmSync(folder, { recursive: true, force: true });
  };

  write(zones);
  await start().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    address,
    async replace(other) {
      await kill();
      write(other);
      await start();
    },
    kill,
    start,
    stop,
  };
}

/** A server for every question; undefined is no answer. */
function udpServer(answer: (question: Buffer) => Buffer | undefined): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket("udp4");
  socket.on("message", (question, from) => {
    const said = answer(question);
    if (said !== undefined) socket.send(said, from.port, from.address);
  });
  return new Promise((resolve) => {
    socket.bind(0, "127.0.0.1", () => resolve({ socket, port: socket.address().port }));
  });
}
