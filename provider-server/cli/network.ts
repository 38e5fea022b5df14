/** `network`: from its authorities' public keys to the file that every node and client of a network starts from. */

import { writeFileSync } from "node:fs";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { DEMO_PARAMETERS, LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Authority, Network } from "#transport/directory/model.ts";
import { assembleNetwork, decodeNetwork, encodeNetwork, signNetwork } from "#transport/directory/network.ts";
import { ServerError } from "../errors.ts";
import { readBytes } from "../read-bytes.ts";
import { readKeyFile } from "./key-file.ts";
import { readArgs, required, USAGE } from "./usage.ts";

export async function network(args: string[]): Promise<void> {
  const [step, ...rest] = args;
  const suite = await loadSuite("xwing", "native");
  if (step === "create") return create(rest);
  if (step === "sign") return sign(rest, suite);
  if (step === "join") return join(rest, suite);
  if (step === "show") return show(rest, suite);
  throw new ServerError("USAGE", USAGE);
}

/** Reads a network file. Throws CONFIG when it is not there, the transport's errors when it is none. */
export function readNetwork(path: string, suite: Suite): Network {
  return decodeNetwork(read(path), suite);
}

const text = { type: "string" } as const;
const list = { type: "string", multiple: true } as const;

function create(args: string[]): void {
  const options = {
    name: text,
    kind: text,
    genesis: text,
    bootstrap: text,
    threshold: text,
    authority: list,
    out: text,
  };
  const { values } = readArgs(args, options, 0);
  const kind = required(values.kind, "kind");
  if (kind !== "live" && kind !== "demo") throw new ServerError("USAGE", "--kind is live or demo");
  const body = encodeNetwork({
    name: required(values.name, "name"),
    kind,
    genesis: milliseconds(wholeNumber(Date.parse(required(values.genesis, "genesis")), "genesis")),
    bootstrap: seconds(wholeNumber(Number(required(values.bootstrap, "bootstrap")), "bootstrap")),
    threshold: wholeNumber(Number(required(values.threshold, "threshold")), "threshold"),
    authorities: (values.authority ?? []).map(toAuthority),
    parameters: kind === "live" ? LIVE_PARAMETERS : DEMO_PARAMETERS,
  });
  writeFileSync(required(values.out, "out"), body);
}

function sign(args: string[], suite: Suite): void {
  const { values } = readArgs(args, { in: text, key: text, out: text }, 0);
  const body = read(required(values.in, "in"));
  const { identitySeed } = readKeyFile(required(values.key, "key"));
  writeFileSync(required(values.out, "out"), signNetwork({ body, identitySeed, suite }));
}

function join(args: string[], suite: Suite): void {
  const { values } = readArgs(args, { in: text, signature: list, out: text }, 0);
  const body = read(required(values.in, "in"));
  const signatures = (values.signature ?? []).map(read);
  const joined = assembleNetwork({ body, signatures, suite });
  writeFileSync(required(values.out, "out"), joined.bytes);
  process.stdout.write(`${JSON.stringify({ networkHash: toHex(joined.hash) })}\n`);
}

function show(args: string[], suite: Suite): void {
  const { positionals } = readArgs(args, {}, 1);
  const { name, kind, authorities, threshold, genesis, hash, parameters } = readNetwork(
    positionals[0] as string,
    suite,
  );
  const lines = [
    `${name}, ${kind}, since ${new Date(genesis).toISOString()}, hash ${toHex(hash)}`,
    `packets of ${parameters.packetBytes} bytes, suite ${parameters.suite}, epochs of ${parameters.epoch.duration / 1000} s`,
    `${threshold} of ${authorities.length} authorities must sign:`,
    ...authorities.map(
      (authority) => `  ${authority.name} at ${authority.address}, key ${toHex(authority.identityKey)}`,
    ),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function toAuthority(line: string): Authority {
  const [name, identityKey, linkKey, address, ...more] = line.split(",");
  if (
    name === undefined ||
    identityKey === undefined ||
    linkKey === undefined ||
    address === undefined ||
    more.length > 0
  ) {
    throw new ServerError("USAGE", "--authority is NAME,IDENTITYKEY,LINKKEY,HOST:PORT");
  }
  return { name, identityKey: fromHex(identityKey), linkKey: fromHex(linkKey), address };
}

function wholeNumber(value: number, option: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new ServerError("USAGE", `--${option} is not understood`);
  return value;
}

function read(path: string): Uint8Array {
  try {
    return readBytes(path);
  } catch {
    throw new ServerError("CONFIG", `${path}: expected a file that can be read.`);
  }
}
