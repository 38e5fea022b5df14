/** `npm start`: the desktop program in Electron, or in the browser where Electron's binary cannot be had. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { argumentsOrExit } from "#transport/core/command-line.ts";
import { buildApp } from "./app.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const electronFolder = join(root, "node_modules", "electron");

/** Longer than this nobody waits for a download that they did not ask for. */
const DOWNLOAD_SECONDS_MAX = 10;

const args = process.argv.slice(2);
const electron = hasScreen() ? (electronBinary() ?? (await download())) : undefined;
if (electron === undefined) {
  const why = hasScreen()
    ? "Electron's binary is not here and could not be fetched"
    : "There is no screen for a window";
  console.error(`${why}, so Starling runs in your browser instead: open the address below.`);
  argumentsOrExit({
    args,
    usage: "Usage: npm start [-- [--data FOLDER] [--port-file FILE] [--page FOLDER]]",
    options: { data: { type: "string" }, "port-file": { type: "string" }, page: { type: "string" } },
  });
  const dataArgs = args.includes("--data") ? args : ["--data", dataFolder(), ...args];
  await run(process.execPath, [join(root, "main", "host", "headless.ts"), ...dataArgs]);
} else {
  await buildApp();
  await run(electron, [root, ...args]);
}

function hasScreen(): boolean {
  return process.platform !== "linux" || Boolean(process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]);
}

/** Where the `electron` package says its binary is, if it is there. */
function electronBinary(): string | undefined {
  const pathFile = join(electronFolder, "path.txt");
  if (!existsSync(pathFile)) return undefined;
  const binary = join(electronFolder, "dist", readFileSync(pathFile, "utf8"));
  return existsSync(binary) ? binary : undefined;
}

async function download(): Promise<string | undefined> {
  console.error(`Fetching Electron (for ${DOWNLOAD_SECONDS_MAX} seconds at most) ...`);
  const child = spawn(process.execPath, [join(electronFolder, "install.js")], { stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), DOWNLOAD_SECONDS_MAX * 1000);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  return electronBinary();
}

/** Where programs of this system keep what is theirs. Electron knows by itself; its folder is another one. */
function dataFolder(): string {
  const home = homedir();
  switch (process.platform) {
    case "win32":
      return join(process.env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"), "Starling", "browser");
    case "darwin":
      return join(home, "Library", "Application Support", "Starling", "browser");
    default:
      return join(process.env["XDG_DATA_HOME"] ?? join(home, ".local", "share"), "starling");
  }
}

async function run(command: string, commandArgs: readonly string[]): Promise<void> {
  const child = spawn(command, commandArgs, { cwd: root, stdio: "inherit" });
  process.on("SIGINT", () => {}); // the terminal tells the child as well, and the child decides
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.exitCode = await new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}
