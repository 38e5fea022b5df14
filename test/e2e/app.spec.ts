/** The desktop program's own files, as built, in Electron where ELECTRON names its binary, else in the stand-in. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { _electron, type ElectronApplication, expect, type Page, test } from "@playwright/test";
import { buildApp } from "../../build/app.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const executablePath = process.env["ELECTRON"] ?? join(root, "test", "electron-stand-in", "electron");

// What the stand-in puts among the globals of the main process.
declare const standIn: {
  entries: { kind: string; [detail: string]: unknown }[];
  prepare(dialog: string, answer: unknown): void;
};

test.describe.configure({ mode: "serial" });

let folder: string;
let app: ElectronApplication;
let page: Page;

/** Runs in the page, whose globals the type check of Node's side does not know. */
const inPage = <T>(expression: string): Promise<T> => page.evaluate<T>(expression);
const entries = (kind: string): Promise<{ [detail: string]: unknown }[]> =>
  app.evaluate((_module, wanted) => standIn.entries.filter((entry) => entry.kind === wanted), kind);

test.beforeAll(async () => {
  await buildApp();
  folder = mkdtempSync(join(tmpdir(), "starling-app-"));
  app = await _electron.launch({ executablePath, args: [`--user-data-dir=${folder}`, root] });
  page = await app.firstWindow();
});

test.afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the program opens with its first page", async () => {
  await expect(page.getByRole("heading", { name: "A letter nobody sees you send" })).toBeVisible();
  await page.screenshot({ path: "artefacts/screens/desktop-first-run.png" });
});

test("the page speaks to the program through two functions and has no Node", async () => {
  const seen = await inPage("[Object.keys(starling), Object.isFrozen(starling), typeof require, typeof process]");
  expect(seen).toEqual([["send", "onMessage"], true, "undefined", "undefined"]);
});

test("a word typed in the window reaches the program and its answer comes back", async () => {
  await page.getByLabel("Your invite").fill("starling:1:nonsense");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
});

test("the page comes with a policy that forbids what is not its own", async () => {
  const policy = await inPage<string>(
    "fetch('/index.html').then((answer) => answer.headers.get('content-security-policy'))",
  );
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(await inPage("fetch('https://example.org/').then(() => 'left', () => 'stayed')")).toBe("stayed");
});

test("bytes of attachments are refused while no store is open", async () => {
  const handle = "00000000-0000-4000-8000-000000000000";
  expect(await inPage(`fetch('/attachment/${handle}').then((answer) => answer.status)`)).toBe(403);
});

test("a link leaves only after the user agreed to it", async () => {
  const [before] = [await entries("open-external")];
  await inPage("void window.open('https://example.org/refused')");
  await expect.poll(async () => (await entries("message-box")).length).toBe(1);
  await app.evaluate(() => standIn.prepare("message-box", 1));
  await inPage("void window.open('https://example.org/agreed')");
  await expect.poll(async () => (await entries("open-external")).length).toBe(before.length + 1);
  expect((await entries("open-external")).at(-1)).toMatchObject({ url: "https://example.org/agreed" });
});

test("the window cannot be led to another page", async () => {
  await inPage("void (location.href = 'https://example.org/away')");
  await expect.poll(async () => (await entries("navigation-vetoed")).length).toBe(1);
  await expect(page.getByRole("heading", { name: "A letter nobody sees you send" })).toBeVisible();
});

test("the session grants nothing and the window is sandboxed", async () => {
  for (const kind of ["permission-request-handler", "permission-check-handler", "device-permission-handler"]) {
    expect(await entries(kind)).toHaveLength(1);
  }
  const [window] = await entries("window");
  expect(window).toMatchObject({ preferences: { sandbox: true, contextIsolation: true, nodeIntegration: false } });
});

test("mixing goes on when the window is closed, and the tray opens it again", async () => {
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  await expect.poll(() => app.windows().length).toBe(0);
  const opened = app.waitForEvent("window");
  await app.evaluate(() => {
    const { standInTrayMenu } = globalThis as unknown as {
      standInTrayMenu: { items: { id?: string; click(): void }[] };
    };
    standInTrayMenu.items.find(({ id }) => id === "open")?.click();
  });
  page = await opened;
  await expect(page.getByRole("heading", { name: "A letter nobody sees you send" })).toBeVisible();
});
