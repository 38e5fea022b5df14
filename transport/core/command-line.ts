/** Reads what was typed behind a program's name. What is wrong with it is one line for the person who typed it, never a stack. */

import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

export interface Reading<T extends Options> {
  readonly args: readonly string[];
  readonly options: T;
  /** How many words there are that are no options; 0 unless given. */
  readonly positionals?: number;
}

/** Its message is the line. */
export class ArgumentError extends Error {
  constructor(what: string) {
    super(`${what} \`--help\` tells what there is.`);
    this.name = "ArgumentError";
  }
}

/** Throws ArgumentError for anything that the options do not name, and for an option without its value. */
export function readArguments<const T extends Options>({ args, options, positionals = 0 }: Reading<T>) {
  const parsed = parse(withNumbers(args, options), options);
  const { length } = parsed.positionals;
  if (length > positionals) throw new ArgumentError(`“${parsed.positionals[positionals]}” is not understood here.`);
  if (length < positionals) throw new ArgumentError("Something is missing at the end.");
  return parsed;
}

/** For programs that have nothing to undo: prints `usage` and ends with 0 when asked for help; ends with 2 after the line. */
export function argumentsOrExit<const T extends Options>(reading: Reading<T> & { readonly usage: string }) {
  if (asksForHelp(reading.args)) {
    process.stdout.write(`${reading.usage}\n`);
    process.exit(0);
  }
  try {
    return readArguments(reading);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

export const asksForHelp = (args: readonly string[]): boolean => args.includes("--help") || args.includes("-h");

function parse<const T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new ArgumentError(sentence(error));
  }
}

/** Of Node's words, which go on for three lines, the one that helps. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const option = /'(?:-\w, )?(-[^' ]*)/.exec(message)?.[1];
  switch ((error as { readonly code?: unknown }).code) {
    case "ERR_PARSE_ARGS_UNKNOWN_OPTION":
      return `There is no option ${option}.`;
    case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
      return /does not take/.test(message)
        ? `${option} takes no value.`
        : `${option} takes a value, and none stands behind it.`;
    default:
      return `${message.split("\n", 1)[0]}.`;
  }
}

/** A number below zero is a value, if a bad one: what it may be, the program says. Node takes it for an option. */
function withNumbers(args: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1) ?? "";
    const takesValue = before.startsWith("--") && options[before.slice(2)]?.type === "string";
    if (takesValue && /^-\d/.test(arg)) joined[joined.length - 1] = `${before}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}
