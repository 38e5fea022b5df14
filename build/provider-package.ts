/**
 * `npm run package:provider`: the daemon of authorities, mixes and providers as a Debian package, with the Node.js it runs under,
 * its unit, its user and its folders, into release/. The same commit makes the same bytes. docs/operating.md §1
 *
 *   node build/provider-package.ts [--out FOLDER] [--fast]
 */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { packagesOf } from "./package-closure.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** The program's own: what the daemon is made of (build/layer-rules.ts). */
const SOURCES = ["transport", "provider-server"];
const LIB = "usr/lib/starling";
const DOC = "usr/share/doc/starling-provider";
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

function buildPackage(out: string, compression: readonly string[]): string {
  const architecture = ARCHITECTURES[process.arch];
  if (process.platform !== "linux" || architecture === undefined) {
    throw new Error(`A Debian package is made on Linux, x64 or arm64; this is ${process.platform}-${process.arch}.`);
  }
  const staging = mkdtempSync(join(tmpdir(), "starling-package-"));
  try {
    const tree = join(staging, "tree");
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    const committed = commitTime();
    // Sorts before the release, and after every commit before it.
    const full = committed === undefined ? version : `${version}~${stamp(committed)}`;
    fill(tree);
    writeControl(tree, { VERSION: full, ARCHITECTURE: architecture, MAINTAINER: "Starling <nobody@invalid>" });
    settle(tree, committed ?? 0);
    mkdirSync(out, { recursive: true });
    const file = join(out, `starling-provider_${full}_${architecture}.deb`);
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(committed ?? 0) };
    execFileSync("dpkg-deb", ["--root-owner-group", ...compression, "--build", tree, file], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return file;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

const isSource = (path: string): boolean => lstatSync(path).isDirectory() || path.endsWith(".ts");

function fill(tree: string): void {
  const lib = join(tree, LIB);
  for (const folder of SOURCES) cpSync(join(root, folder), join(lib, folder), { recursive: true, filter: isSource });
  for (const path of packagesOf(root, SOURCES)) {
    const from = join(root, path);
    cpSync(from, join(lib, path), { recursive: true, filter: (each) => isNeeded(relative(from, each)) });
  }
  cpSync(join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node"), join(lib, "bin", "node"));
  const { version, type, imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
    type: string;
    imports: Record<string, string>;
  };
  const own = Object.entries(imports).filter(([name]) => SOURCES.some((folder) => name.startsWith(`#${folder}`)));
  const manifest = { name: "starling-provider", version, private: true, type, imports: Object.fromEntries(own) };
  write(join(lib, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);

  const ours = (name: string): string => readFileSync(join(root, "build", "debian", name), "utf8");
  write(join(tree, "usr/bin/starling-provider"), ours("starling-provider"));
  write(join(tree, "usr/lib/sysusers.d/starling.conf"), ours("sysusers.conf"));
  write(join(tree, "usr/lib/tmpfiles.d/starling.conf"), ours("tmpfiles.conf"));
  write(join(tree, "usr/lib/systemd/system/starling@.service"), unit());
  for (const name of ["operating.md", "alerts.yml"]) cpSync(join(root, "docs", name), join(tree, DOC, name));
  cpSync(join(root, "node_modules", `node-linux-${process.arch}`, "LICENSE"), join(tree, DOC, "LICENSE.node"));
  write(join(tree, DOC, "copyright"), `${COPYRIGHT}${readFileSync(join(root, "LICENSE"), "utf8")}`);
}

const COPYRIGHT = `Starling is under the licence below. The Node.js in /${LIB}/bin is under LICENSE.node beside this file, each package
in /${LIB}/node_modules under the file LICENSE in its folder.

`;

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

/** As in build/units, with the package's paths. */
function unit(): string {
  const text = readFileSync(join(root, "build", "units", "starling@.service"), "utf8");
  return text
    .replace("/opt/starling/node_modules/.bin/node", `/${LIB}/bin/node`)
    .replace("/opt/starling/docs/", `/${DOC}/`)
    .replaceAll("/opt/starling", `/${LIB}`);
}

function writeControl(tree: string, fields: Readonly<Record<string, string>>): void {
  const kib = Math.ceil(files(tree).reduce((sum, path) => sum + lstatSync(path).size, 0) / 1024);
  const control = Object.entries({ ...fields, KIB: String(kib) }).reduce(
    (text, [name, value]) => text.replace(`@${name}@`, value),
    readFileSync(join(root, "build", "debian", "control"), "utf8"),
  );
  write(join(tree, "DEBIAN", "control"), control);
  for (const name of ["postinst", "prerm", "postrm"]) {
    cpSync(join(root, "build", "debian", name), join(tree, "DEBIAN", name));
  }
}

/** The same modes and times whoever builds it, and whenever. */
function settle(tree: string, seconds: number): void {
  for (const path of [tree, ...entries(tree)]) {
    const isProgram = path.endsWith("/bin/node") || path.includes("/usr/bin/") || /\/DEBIAN\/p(?:ost|re)/.test(path);
    chmodSync(path, lstatSync(path).isDirectory() || isProgram ? 0o755 : 0o644);
    lutimesSync(path, seconds, seconds);
  }
}

const entries = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
const files = (folder: string): string[] => entries(folder).filter((path) => lstatSync(path).isFile());

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Seconds: what reproducible-builds.org names, or the commit's; undefined where there is no git, as in a copy of the sources. */
function commitTime(): number | undefined {
  const given = process.env["SOURCE_DATE_EPOCH"];
  if (given !== undefined) return Number(given);
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    return Number(
      execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8", stdio: [...stdio] }),
    );
  } catch {
    return undefined;
  }
}

const stamp = (seconds: number): string => new Date(seconds * 1000).toISOString().replaceAll(/[-:T]/g, "").slice(0, 12);

const { values } = parseArgs({
  options: { out: { type: "string", default: join(root, "release") }, fast: { type: "boolean", default: false } },
});
process.stdout.write(`${buildPackage(values.out, values.fast ? ["-Zgzip", "-z1"] : ["-Zxz"])}\n`);
