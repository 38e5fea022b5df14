/** The provider's program: makes keys and networks, runs a node. docs/operating.md */

import { TransportError } from "#transport/core/errors.ts";
import { ServerError } from "../errors.ts";
import { invite } from "./invite.ts";
import { keygen } from "./keygen.ts";
import { network } from "./network.ts";
import { run } from "./run.ts";
import { USAGE } from "./usage.ts";

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = { keygen, network, run, invite };

const [name, ...args] = process.argv.slice(2);
const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;

if (command === undefined) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  try {
    await command(args);
  } catch (error) {
    // What an operator can put right is one sentence; anything else is a bug and keeps its stack.
    if (!isExpected(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error instanceof ServerError && error.code === "USAGE" ? 2 : 1;
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof ServerError || error instanceof TransportError;
}
