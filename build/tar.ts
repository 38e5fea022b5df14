/**
 * Tar archives of the same bytes whoever writes them: sorted, with one time, and owners by number (POSIX.1-1988 ustar). GNU tar
 * would do, but for files of several owners.
 */

import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { join, relative } from "node:path";

export interface TarOptions {
  /** Of every entry, in seconds. */
  readonly seconds: number;
  /** User and group of a path, which begins with no slash. Root's unless told. */
  readonly owner?: (path: string) => number;
}

/** Everything below the folder. Modes are those of the disk. Throws for names that ustar cannot hold. */
export function writeTar(file: string, folder: string, { seconds, owner = () => 0 }: TarOptions): void {
  const output = openSync(file, "w");
  try {
    const paths = entries(folder).map((path) => relative(folder, path));
    for (const path of paths.toSorted(byBytes)) {
      const { header, content } = entryOf(join(folder, path), { path, seconds, owner: owner(path) });
      writeAll(output, header);
      writeAll(output, content);
      writeAll(output, Buffer.alloc(-content.length & (BLOCK - 1)));
    }
    writeAll(output, Buffer.alloc(2 * BLOCK));
  } finally {
    closeSync(output);
  }
}

/** Paths of everything below a folder, each folder before what lies in it. Node's own recursion follows links. */
export function entries(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path].concat(entries(path)) : [path];
  });
}

const BLOCK = 512;
/** POSIX.1-1988, 10.1.1: offset and length of each field. */
const NAME = [0, 100] as const;
const LINK = [157, 100] as const;
const PREFIX = [345, 155] as const;
const CHECKSUM_AT = 148;

/** By code units, as no locale would: a folder stands before what lies in it. */
const byBytes = (a: string, b: string): number => (a < b ? -1 : 1);

function entryOf(
  from: string,
  { path, seconds, owner }: { path: string; seconds: number; owner: number },
): { header: Buffer; content: Buffer } {
  const found = lstatSync(from);
  const [type, target] = found.isDirectory()
    ? ["5", ""]
    : found.isSymbolicLink()
      ? ["2", readlinkSync(from)]
      : ["0", ""];
  const content = type === "0" ? readFileSync(from) : Buffer.alloc(0);
  const header = Buffer.alloc(BLOCK);
  const [prefix, name] = split(type === "5" ? `${path}/` : path);
  put(header, NAME, name);
  header.write(octal(type === "2" ? 0o777 : found.mode & 0o7777, 8), 100, "latin1");
  header.write(octal(owner, 8), 108, "latin1");
  header.write(octal(owner, 8), 116, "latin1");
  header.write(octal(content.length, 12), 124, "latin1");
  header.write(octal(seconds, 12), 136, "latin1");
  header.write(type, 156, "latin1");
  put(header, LINK, target);
  header.write("ustar\x0000", 257, "latin1");
  put(header, PREFIX, prefix);
  // Counted with spaces in its own place.
  header.fill(" ", CHECKSUM_AT, CHECKSUM_AT + 8);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, CHECKSUM_AT, "latin1");
  return { header, content };
}

/** A name longer than its field goes on in another, cut at a slash. */
function split(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= NAME[1]) return ["", path];
  const at = path.indexOf("/", path.length - NAME[1] - 1);
  return at === -1 ? ["", path] : [path.slice(0, at), path.slice(at + 1)];
}

function put(header: Buffer, [at, length]: readonly [number, number], text: string): void {
  const bytes = Buffer.from(text);
  if (bytes.length > length) throw new Error(`${text} is too long a name for a tar archive.`);
  header.set(bytes, at);
}

const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, "0")}\0`;

function writeAll(output: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(output, bytes, at);
}
