/**
 * What the Debian package and the container image of the daemon have in common: its sources, the npm packages that they import,
 * the Node.js that they run under, their papers; and the commit's version and time.
 */

import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, lstatSync, lutimesSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { packagesOf } from "./package-closure.ts";
import { entries } from "./tar.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const LIB = "usr/lib/starling";
export const DOC = "usr/share/doc/starling-provider";
/** The program's own: what the daemon is made of (build/layer-rules.ts). */
const SOURCES = ["transport", "provider-server"];

/** Debian's name of this machine's kind, which containers have too. Throws where no daemon can be packed. */
export function architecture(): string {
  const found = { x64: "amd64", arm64: "arm64" }[process.arch as string];
  if (process.platform !== "linux" || found === undefined) {
    throw new Error(`The daemon is packed on Linux, x64 or arm64; this is ${process.platform}-${process.arch}.`);
  }
  return found;
}

/** Fills /usr/lib/starling and /usr/share/doc/starling-provider of a tree. */
export function fillDaemon(tree: string): void {
  const lib = join(tree, LIB);
  for (const folder of SOURCES) cpSync(join(ROOT, folder), join(lib, folder), { recursive: true, filter: isSource });
  for (const path of packagesOf(ROOT, SOURCES)) {
    const from = join(ROOT, path);
    cpSync(from, join(lib, path), { recursive: true, filter: (each) => isNeeded(relative(from, each)) });
  }
  cpSync(join(ROOT, "node_modules", `node-linux-${process.arch}`, "bin", "node"), join(lib, "bin", "node"));
  const { version, type, imports } = manifestOfProject();
  const own = Object.entries(imports).filter(([name]) => SOURCES.some((folder) => name.startsWith(`#${folder}`)));
  const manifest = { name: "starling-provider", version, private: true, type, imports: Object.fromEntries(own) };
  write(join(lib, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);

  for (const name of ["operating.md", "alerts.yml", "dashboard.json"])
    cpSync(join(ROOT, "docs", name), join(tree, DOC, name));
  cpSync(join(ROOT, "node_modules", `node-linux-${process.arch}`, "LICENSE"), join(tree, DOC, "LICENSE.node"));
  write(join(tree, DOC, "copyright"), `${COPYRIGHT}${readFileSync(join(ROOT, "LICENSE"), "utf8")}`);
}

const COPYRIGHT = `Starling is under the licence below. The Node.js in /${LIB}/bin is under LICENSE.node beside this file, each package
in /${LIB}/node_modules under the file LICENSE in its folder.

`;

const isSource = (path: string): boolean => lstatSync(path).isDirectory() || path.endsWith(".ts");

/** Other platforms' libraries, maps and types are of no use to the daemon. */
function isNeeded(path: string): boolean {
  const parts = path.split(sep);
  const [prebuilds, platform] = parts.slice(parts.indexOf("prebuilds"));
  if (
    parts.includes("prebuilds") &&
    prebuilds === "prebuilds" &&
    platform !== undefined &&
    platform !== `linux-${process.arch}`
  )
    return false;
  return !/\.(?:map|d\.[cm]?ts)$/.test(path);
}

function manifestOfProject(): { version: string; type: string; imports: Record<string, string> } {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as ReturnType<typeof manifestOfProject>;
}

/** Of the program, and when its sources were committed: 0 where there is no git, as in a copy of them. */
export function release(): { readonly version: string; readonly seconds: number } {
  const { version } = manifestOfProject();
  const committed = commitTime();
  // Sorts before the release, and after every commit before it.
  return committed === undefined
    ? { version, seconds: 0 }
    : { version: `${version}~${stamp(committed)}`, seconds: committed };
}

/** Seconds: what reproducible-builds.org names, or the commit's. */
function commitTime(): number | undefined {
  const given = process.env["SOURCE_DATE_EPOCH"];
  if (given !== undefined) return Number(given);
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    return Number(
      execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT, encoding: "utf8", stdio: [...stdio] }),
    );
  } catch {
    return undefined;
  }
}

const stamp = (seconds: number): string => new Date(seconds * 1000).toISOString().replaceAll(/[-:T]/g, "").slice(0, 12);

/** The same modes and times whoever builds it, and whenever. */
export function settle(tree: string, seconds: number): void {
  for (const path of [tree, ...entries(tree)]) {
    const isProgram = path.endsWith("/bin/node") || path.includes("/usr/bin/") || /\/DEBIAN\/p(?:ost|re)/.test(path);
    chmodSync(path, lstatSync(path).isDirectory() || isProgram ? 0o755 : 0o644);
    lutimesSync(path, seconds, seconds);
  }
}

export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
