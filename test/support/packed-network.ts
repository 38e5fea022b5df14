/** A network of one authority, made by a packed program's own commands as docs/operating.md has them. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface PackedNetworkOptions {
  /** Runs one command, always from the same folder; returns what it printed. */
  readonly run: (...args: string[]) => string;
  /** How long from then, once keys are made, its first epoch begins. */
  readonly secondsAhead: number;
  /** Of the authority. */
  readonly address: string;
  /** Key files to be made besides, NAME.key. */
  readonly nodes: readonly string[];
}

/** Leaves authority.key, NAME.key of each node and the signed file `network`. Returns node ids by name. */
export function makePackedNetwork(o: PackedNetworkOptions): Map<string, string> {
  const keygen = (name: string) =>
    JSON.parse(o.run("keygen", "--out", `${name}.key`)) as Record<"nodeId" | "identityKey" | "linkKey", string>;
  const { identityKey, linkKey } = keygen("authority");
  const ids = new Map(o.nodes.map((name) => [name, keygen(name).nodeId]));
  const authority = `authority,${identityKey},${linkKey},${o.address}`;
  const genesis = new Date(Date.now() + o.secondsAhead * 1000);
  const what = ["--name", "Test", "--kind", "demo", "--genesis", genesis.toISOString(), "--authority", authority];
  o.run("network", "create", ...what, ..."--bootstrap 10 --threshold 1 --out network.unsigned".split(" "));
  o.run(..."network sign --in network.unsigned --key authority.key --out authority.signature".split(" "));
  o.run(..."network join --in network.unsigned --signature authority.signature --out network".split(" "));
  return ids;
}

/** Writes NAME.json with what every daemon's has. */
export function configure(folder: string, name: string, rest: Readonly<Record<string, unknown>>): void {
  const config = { networkFile: "network", keyFile: `${name}.key`, ...rest };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
}
