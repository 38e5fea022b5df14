/**
 * Starts an Electron app without Electron: Node runs its main process, Debian's Chromium its windows. Only what Starling's
 * shell uses is here; anything else is absent, so that using it fails loudly. README.md beside this file has the limits.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { registerHooks } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { App } from "./app.ts";
import { createElectron } from "./electron.ts";

const VERSION = "45.4.1";

const { entry, switches } = parse(process.argv.slice(2));
// A packaged app has its archive beside the executable that was started, which says where it is.
const archive = join(process.env["STAND_IN_RESOURCES"] ?? "", "app.asar");
const packaged = entry === undefined && existsSync(archive);
const folder = packaged ? await unpack(archive) : resolve(entry ?? ".");
// After the archive was read: its reader would look for Electron's file system.
Object.assign(process.versions, { electron: VERSION, chrome: "0.0.0.0" });

const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, string>;
const app = new App({ manifest, packaged, switches });
const electron = createElectron(app);

provideModule(electron);
const main = statSync(folder).isDirectory() ? join(folder, manifest["main"] ?? "index.js") : folder;
await import(pathToFileURL(main).href);
// As in Electron, nothing is ready before the main module has been evaluated: awaiting it there would never end.
await app.start();

/** The first argument that is no switch is the app; switches go to the browser. */
function parse(args: readonly string[]): { entry: string | undefined; switches: Map<string, string> } {
  const given = new Map<string, string>();
  for (const arg of args) {
    const parts = /^--([^=]+)(?:=(.*))?$/.exec(arg);
    if (parts === null) return { entry: arg, switches: given };
    given.set(parts[1] ?? "", parts[2] ?? "");
  }
  return { entry: undefined, switches: given };
}

/** Serves `import … from "electron"` and `require("electron")`, which Playwright uses, from one object. */
function provideModule(names: Record<string, unknown>): void {
  const url = "electron:stand-in";
  const holder = Symbol.for("starling.electron-stand-in");
  Object.assign(globalThis, { [holder]: names });
  const source = `const names = globalThis[Symbol.for("${Symbol.keyFor(holder)}")];
export const { ${Object.keys(names).join(", ")} } = names;
export default names;`;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "electron" ? { url, format: "module", shortCircuit: true } : next(specifier, context),
    load: (loaded, context, next) =>
      loaded === url ? { format: "module", source, shortCircuit: true } : next(loaded, context),
  });
}

/** Electron reads archives in place; Node cannot. */
async function unpack(file: string): Promise<string> {
  const { extractAll } = await import("@electron/asar");
  const target = mkdtempSync(join(tmpdir(), "stand-in-app-"));
  process.on("exit", () => rmSync(target, { recursive: true, force: true }));
  extractAll(file, target);
  process.chdir(dirname(file));
  return target;
}
