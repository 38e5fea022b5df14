/** What the program says when it is not understood, and how arguments are read. */

import type { ParseArgsConfig } from "node:util";
import { ArgumentError, readArguments } from "#transport/core/command-line.ts";
import { ServerError } from "../errors.ts";

export const USAGE = `usage:
  keygen --out FILE                 makes a node's or authority's keys; prints the public ones
  keygen --show FILE                prints the public keys of a key file
  network create --name NAME --kind live|demo --genesis TIME --bootstrap SECONDS --threshold N
      [--send-spread 1/4] [--tokens 32] [--box-replies 2] --authority NAME,IDENTITYKEY,LINKKEY,HOST:PORT ...
      --out FILE
                                    writes a network for its authorities to sign (TIME as in 2027-01-01T00:00:00Z)
  network sign --in FILE --key KEYFILE --out FILE
                                    one authority's signature; prints what it signs
  network join --in FILE --signature FILE ... --out FILE
                                    joins all signatures to the network file
  network show FILE                 prints a network file in words, signed or not
  run CONFIG                        runs the authority, mix or provider that CONFIG describes
  status CONFIG [--json]            says whether the daemon that CONFIG describes is well, what is wrong, what to do
  invite CONFIG [--uses N]          prints an invitation to a provider
  restored CONFIG                   once after a provider's database was put back from a backup, before it runs
  help                              prints this`;

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Throws USAGE for anything that the options do not name. */
export function readArgs<const T extends Options>(args: string[], options: T, positionals: number) {
  try {
    return readArguments({ args, options, positionals });
  } catch (error) {
    throw error instanceof ArgumentError ? new ServerError("USAGE", error.message) : error;
  }
}

/** A sentence that ends with where to look. */
export const notUnderstood = (what: string): ServerError => new ServerError("USAGE", new ArgumentError(what).message);

/** Throws USAGE when an option that must be there is not. */
export function required(value: string | undefined, name: string): string {
  if (value === undefined) throw notUnderstood(`--${name} is missing.`);
  return value;
}
