/** The provider's program: makes keys and networks, runs a node. docs/operating.md */

import { asksForHelp } from "#transport/core/command-line.ts";
import { TransportError } from "#transport/core/errors.ts";
import { ServerError, type ServerErrorCode } from "../errors.ts";
import { invite } from "./invite.ts";
import { keygen } from "./keygen.ts";
import { EXIT_DAMAGED } from "./limits.ts";
import { network } from "./network.ts";
import { restored } from "./restored.ts";
import { run } from "./run.ts";
import { status } from "./status.ts";
import { USAGE } from "./usage.ts";

const help = async (): Promise<void> => void process.stdout.write(`${USAGE}\n`);

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  keygen,
  network,
  run,
  status,
  invite,
  restored,
  help,
  "--help": help,
  "-h": help,
};

const EXIT_CODES: { readonly [code in ServerErrorCode]?: number } = { USAGE: 2, DATABASE_DAMAGED: EXIT_DAMAGED };

// npm runs a script in the package's folder; paths in arguments are meant from where the operator stands.
const { npm_lifecycle_event: script, INIT_CWD: stands } = process.env;
if (script === "provider" && stands !== undefined) process.chdir(stands);

const [name, ...args] = process.argv.slice(2);
const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;

if (command === undefined) {
  process.stderr.write(
    name === undefined
      ? `${USAGE}\n`
      : `There is no command "${name}". Nothing was done. \`--help\` tells what there is.\n`,
  );
  process.exitCode = 2;
} else if (asksForHelp(args)) {
  await help();
} else {
  // Databases and states are their owner's alone; a network file is for everyone.
  if (name !== "network") process.umask(0o077);
  try {
    await command(args);
  } catch (error) {
    // What an operator can put right is one sentence; anything else is a bug and keeps its stack.
    if (!isExpected(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = (error instanceof ServerError && EXIT_CODES[error.code]) || 1;
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof ServerError || error instanceof TransportError;
}
