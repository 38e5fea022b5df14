/** `network`: from its authorities' public keys to the file that every node and client of a network starts from. */

import { fromHex, toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { DEMO_PARAMETERS, LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Primitives, Suite } from "#transport/crypto/suite.ts";
import { nodeIdOf } from "#transport/directory/descriptor.ts";
import { IDENTITY_KEY_BYTES, KEY_BYTES } from "#transport/directory/labels.ts";
import type { Authority, Network } from "#transport/directory/model.ts";
import {
  assembleNetwork,
  decodeNetwork,
  decodeNetworkBody,
  encodeNetwork,
  type NetworkFields,
  signNetwork,
} from "#transport/directory/network.ts";
import { BOX_REPLIES_MAX, TOKENS_PER_PROVIDER_MAX } from "#transport/directory/parameters-codec.ts";
import { SEND_SPREAD_MIN } from "#transport/traffic/limits.ts";
import { ServerError } from "../errors.ts";
import { publicKeys, readKeyFile } from "./key-file.ts";
import { readGiven } from "./read-given.ts";
import { notUnderstood, readArgs, required } from "./usage.ts";
import { writeNew } from "./write-new.ts";

export async function network(args: string[]): Promise<void> {
  const [step, ...rest] = args;
  const suite = await loadSuite("xwing", "native");
  if (step === "create") return create(rest);
  if (step === "sign") return sign(rest, suite);
  if (step === "join") return join(rest, suite);
  if (step === "show") return show(rest, suite);
  throw notUnderstood("`network` is followed by create, sign, join or show.");
}

/** Reads a network file. Throws CONFIG when it is not there or is none. */
export function readNetwork(path: string, suite: Primitives): Network {
  const todo = "Put the signed file of the network there, as its authorities give it out, or correct `networkFile`.";
  const bytes = readGiven(path, { what: "network file", todo });
  return expecting(path, "a network file that all its authorities signed", () => decodeNetwork(bytes, suite));
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
    "send-spread": text,
    tokens: text,
    "box-replies": text,
    authority: list,
    out: text,
  };
  const { values } = readArgs(args, options, 0);
  const kind = required(values.kind, "kind");
  if (kind !== "live" && kind !== "demo") throw new ServerError("USAGE", "--kind is live or demo");
  const parameters = kind === "live" ? LIVE_PARAMETERS : DEMO_PARAMETERS;
  const out = required(values.out, "out");
  const authorities = (values.authority ?? []).map(toAuthority);
  const threshold = wholeNumber(Number(required(values.threshold, "threshold")), "threshold");
  if (threshold <= authorities.length / 2 || threshold > authorities.length)
    throw new ServerError("USAGE", "--threshold is more than half of the authorities, and at most all");
  const fields: NetworkFields = {
    name: required(values.name, "name"),
    kind,
    genesis: milliseconds(wholeNumber(Date.parse(required(values.genesis, "genesis")), "genesis")),
    bootstrap: seconds(wholeNumber(Number(required(values.bootstrap, "bootstrap")), "bootstrap")),
    threshold,
    authorities,
    parameters: {
      ...parameters,
      sendSpread: toSpread(values["send-spread"]) ?? parameters.sendSpread,
      tokens: { ...parameters.tokens, perProvider: toTokens(values.tokens) ?? parameters.tokens.perProvider },
      boxReplies: toBoxReplies(values["box-replies"]) ?? parameters.boxReplies,
    },
  };
  write(out, encoded(fields));
}

const UNSIGNED = { todo: "Name the file that `network create` wrote." };

/** Prints what is signed: who signs answers for it. */
function sign(args: string[], suite: Suite): void {
  const { values } = readArgs(args, { in: text, key: text, out: text }, 0);
  const path = required(values.in, "in");
  const body = readGiven(path, UNSIGNED);
  const fields = readBody(path, body);
  const keyFile = required(values.key, "key");
  const keys = readKeyFile(keyFile);
  const { identityKey, linkKey } = publicKeys(keys, suite);
  const own = fields.authorities.find((authority) => toHex(authority.identityKey) === identityKey);
  if (own === undefined || toHex(own.linkKey) !== linkKey)
    throw new ServerError("KEY_FILE", `${keyFile}: expected the keys of an authority that ${path} names.`);
  write(required(values.out, "out"), signNetwork({ body, identitySeed: keys.identitySeed, suite }));
  process.stdout.write(`${inWords(fields, suite)}\nsigned as ${own.name}\n`);
}

function join(args: string[], suite: Suite): void {
  const { values } = readArgs(args, { in: text, signature: list, out: text }, 0);
  const path = required(values.in, "in");
  const body = readGiven(path, UNSIGNED);
  readBody(path, body);
  const signatures = (values.signature ?? []).map((one) =>
    readGiven(one, { todo: "Name a file that `network sign` wrote." }),
  );
  const joined = assembleNetwork({ body, signatures, suite });
  write(required(values.out, "out"), joined.bytes);
  process.stdout.write(`${JSON.stringify({ networkHash: toHex(joined.hash) })}\n`);
}

/** Of a network file, or of one that has still to be signed. */
function show(args: string[], suite: Suite): void {
  const { positionals } = readArgs(args, {}, 1);
  const path = positionals[0] as string;
  const bytes = readGiven(path, { todo: "Name a network file." });
  if (isBody(bytes)) {
    process.stdout.write(`${inWords(readBody(path, bytes), suite)}\nnot signed yet\n`);
  } else {
    const signed = readNetwork(path, suite);
    process.stdout.write(`${inWords(signed, suite)}\nsigned by all, hash ${toHex(signed.hash)}\n`);
  }
}

/** Keys of nearly 2,000 bytes nobody compares: each is named by its hash, as `keygen` prints it. */
function inWords(
  { name, kind, authorities, threshold, genesis, bootstrap, parameters }: NetworkFields,
  suite: Suite,
): string {
  return [
    `${name}, ${kind}, since ${new Date(genesis).toISOString()}, first vote from ${bootstrap / 1000} s before`,
    `packets of ${parameters.packetBytes} bytes, suite ${parameters.suite}, epochs of ${parameters.epoch.duration / 1000} s, mix keys of ${parameters.epoch.duration / parameters.epoch.keyPeriods / 1000} s`,
    `clock ${parameters.clock}${parameters.clock === "slot" ? `, everybody sends in the first ${parameters.sendSpread} of a slot` : ""}`,
    `${parameters.tokens.perProvider} tokens for each provider and ${parameters.tokens.period / 3_600_000} h`,
    parameters.boxReplies === 0
      ? "no boxes"
      : `boxes at other providers, ${parameters.boxReplies} answers asked of them at a time`,
    `${threshold} of ${authorities.length} authorities must sign:`,
    ...authorities.map(
      ({ name: who, address, identityKey, linkKey }) =>
        `  ${who} at ${address}, node id ${toHex(nodeIdOf(suite, identityKey))}, link key ${toHex(linkKey)}`,
    ),
  ].join("\n");
}

function toAuthority(line: string): Authority {
  const [name, identityKey, linkKey, address, ...more] = line.split(",");
  if (
    name === undefined ||
    identityKey === undefined ||
    linkKey === undefined ||
    address === undefined ||
    more.length > 0 ||
    !isHex(identityKey, IDENTITY_KEY_BYTES) ||
    !isHex(linkKey, KEY_BYTES)
  ) {
    throw new ServerError("USAGE", "--authority is NAME,IDENTITYKEY,LINKKEY,HOST:PORT, keys as keygen prints them");
  }
  return { name, identityKey: fromHex(identityKey), linkKey: fromHex(linkKey), address };
}

/** A share of a slot, as a fraction or as a decimal number. */
function toSpread(share: string | undefined): number | undefined {
  if (share === undefined) return undefined;
  const [, above, below = "1"] = /^(\d+(?:\.\d+)?)(?:\/(\d+))?$/.exec(share) ?? [];
  const spread = Number(above) / Number(below);
  if (spread >= SEND_SPREAD_MIN && spread <= 1) return spread;
  throw new ServerError("USAGE", "--send-spread is a share of a slot from 1/64 to 1, as 1/8 or 0.125");
}

/** None at all would let anybody ask without end: that is for tests. */
function toTokens(count: string | undefined): number | undefined {
  if (count === undefined) return undefined;
  const tokens = /^\d{1,2}$/.test(count) ? Number(count) : 0;
  if (tokens >= 1 && tokens <= TOKENS_PER_PROVIDER_MAX) return tokens;
  throw new ServerError("USAGE", `--tokens is a whole number from 1 to ${TOKENS_PER_PROVIDER_MAX}`);
}

function toBoxReplies(count: string | undefined): number | undefined {
  if (count === undefined) return undefined;
  if (/^\d$/.test(count) && Number(count) <= BOX_REPLIES_MAX) return Number(count);
  throw new ServerError("USAGE", `--box-replies is a whole number from 0 (no boxes) to ${BOX_REPLIES_MAX}`);
}

const isHex = (key: string, bytes: number): boolean => key.length === 2 * bytes && /^[0-9a-f]+$/.test(key);

/** What the options' own checks left: names and addresses that the format refuses, authorities twice. */
function encoded(fields: NetworkFields): Uint8Array {
  try {
    return encodeNetwork(fields);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new ServerError(
      "USAGE",
      "--name and --authority: expected names of up to 64 letters, digits, spaces, dots, hyphens, addresses host:port, and up to 9 authorities with different keys",
    );
  }
}

function isBody(bytes: Uint8Array): boolean {
  try {
    decodeNetworkBody(bytes);
    return true;
  } catch {
    return false;
  }
}

const readBody = (path: string, body: Uint8Array): NetworkFields =>
  expecting(path, "a file made by the command network create", () => decodeNetworkBody(body));

function expecting<T>(path: string, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new ServerError("CONFIG", `${path}: expected ${what}.`);
  }
}

function wholeNumber(value: number, option: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new ServerError("USAGE", `--${option} is not understood`);
  return value;
}

/** Everybody may read who is in charge. */
const write = (path: string, bytes: Uint8Array): void => writeNew(path, bytes, { mode: 0o666, code: "CONFIG" });
