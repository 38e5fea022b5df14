/** A folder as an operator has it, network file and keys included, and the program called in it, each command a process of its own. */

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createKeyFile } from "#provider-server/cli/key-file.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { concat, utf8 } from "#transport/core/bytes.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { encodeNetwork } from "#transport/directory/network.ts";

/** `code` is undefined for a program that had to be ended. */
export interface Ended {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

export interface Operator {
  readonly folder: string;
  /** The network's. */
  readonly suite: Suite;
  /** Writes a configuration and returns its path. */
  write(name: string, config: object): string;
  run(...args: readonly string[]): Promise<Ended>;
  /** The same under a shell's limits, such as `ulimit -f 0` for a disk that is full. */
  runUnder(limit: string, ...args: readonly string[]): Promise<Ended>;
}

export async function operator(t: TestContext): Promise<Operator> {
  const folder = mkdtempSync(join(tmpdir(), "starling-operator-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const suite = await loadSuite("xwing", "native");
  const { network, identitySeeds, linkSeeds } = testNetwork({ suite, authorities: 1 });
  writeFileSync(join(folder, "network"), network.bytes);
  writeFileSync(join(folder, "unsigned"), encodeNetwork(network));
  for (const name of ["mix.key", "provider.key"]) createKeyFile(join(folder, name), new SeededRandom(name));
  const keys = concat(utf8("strlNK01"), identitySeeds[0] as Uint8Array, linkSeeds[0] as Uint8Array);
  writeFileSync(join(folder, "authority.key"), keys, { mode: 0o600 });
  const call = (command: string, args: readonly string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const options = {
        cwd: folder,
        env: { ...process.env, npm_lifecycle_event: "" },
        timeout: HANGS_AFTER_MILLISECONDS,
      };
      const child = execFile(command, args, options, (_error, out, err) =>
        resolve({ code: child.exitCode ?? undefined, out, err }),
      );
    });
  return {
    folder,
    suite: await loadSuite(network.parameters.suite, "native"),
    write(name, config) {
      writeFileSync(join(folder, name), JSON.stringify(config));
      return join(folder, name);
    },
    run: (...args) => call(process.execPath, [...PROGRAM, ...args]),
    runUnder: (limit, ...args) =>
      call("bash", ["-c", `${limit}; exec "$0" "$@"`, process.execPath, ...PROGRAM, ...args]),
  };
}

const HANGS_AFTER_MILLISECONDS = 60_000;
const MAIN = fileURLToPath(new URL("../../../provider-server/cli/main.ts", import.meta.url));
export const PROGRAM: readonly string[] = ["--disable-warning=ExperimentalWarning", MAIN];

export const MIX = {
  role: "mix",
  networkFile: "network",
  keyFile: "mix.key",
  listen: "127.0.0.1:0",
  operator: "Example",
  memoryDirectory: "memory",
};
export const PROVIDER = {
  ...MIX,
  role: "provider",
  keyFile: "provider.key",
  domain: "mail.example",
  database: "provider.sqlite",
  signUp: { policy: "invite" },
};
export const AUTHORITY = {
  role: "authority",
  networkFile: "network",
  keyFile: "authority.key",
  listen: "127.0.0.1:0",
  dataDirectory: "state",
  admit: [],
};
