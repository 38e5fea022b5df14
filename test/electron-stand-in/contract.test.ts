/** What the stand-in promises to behave like. The same holds of Electron, by its documentation. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { _electron, type ElectronApplication, type Page } from "playwright";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Fixture {
  readonly received: unknown[];
}
// What the fixture and the stand-in put among the globals of the main process.
declare const fixture: Fixture & {
  safeStorage: typeof Electron.safeStorage;
  BrowserWindow: typeof Electron.BrowserWindow;
};
declare const standIn: {
  entries: { kind: string; [detail: string]: unknown }[];
  prepare(dialog: string, answer: unknown): void;
};

describe("the stand-in for Electron", () => {
  let folder: string;
  let app: ElectronApplication;
  let page: Page;
  /** Runs in the page, whose globals the type check of Node's side does not know. */
  const inPage = <T>(expression: string): Promise<T> => page.evaluate<T>(expression);
  const entries = (kind: string): Promise<{ [detail: string]: unknown }[]> =>
    app.evaluate((_electronModule, wanted) => standIn.entries.filter((entry) => entry.kind === wanted), kind);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "stand-in-"));
    app = await _electron.launch({
      executablePath: here("electron"),
      args: [`--user-data-dir=${folder}`, here("fixture")],
    });
    page = await app.firstWindow();
    await page.waitForSelector("h1");
  });

  after(async () => {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("the app is what its package.json says", async () => {
    const about = await app.evaluate(({ app: a }) => [
      a.getName(),
      a.getVersion(),
      a.isPackaged,
      a.getPath("userData"),
    ]);
    assert.deepEqual(about, ["fixture", "1.2.3", false, folder]);
  });

  test("the page has what the preload exposes, and neither Node nor the preload's world", async () => {
    const names = "[typeof fixture.send, typeof require, typeof process, typeof secret, Object.isFrozen(fixture)]";
    assert.deepEqual(await inPage(names), ["function", "undefined", "undefined", "undefined", true]);
  });

  test("texts cross in order, both ways, and name the frame they come from", async () => {
    await inPage("window.heard = []; fixture.onText((text) => window.heard.push(text))");
    await inPage("fixture.send('one', 1); fixture.send('two')");
    await page.waitForFunction("window.heard.length === 2");
    assert.deepEqual(await inPage("window.heard"), ["heard one", "heard two"]);
    const received = await app.evaluate(() => fixture.received);
    const url = "app://fixture/index.html";
    assert.deepEqual(received, [
      [["one", 1], true, url],
      [["two"], true, url],
    ]);
  });

  test("a frame in the page has no preload", async () => {
    const seen = await inPage(`new Promise((resolve) => {
      addEventListener("message", ({ data }) => resolve(data), { once: true });
      const frame = document.createElement("iframe");
      frame.src = "/frame.html";
      document.body.append(frame);
    })`);
    assert.equal(seen, "undefined");
  });

  test("the app's protocol answers with bytes what it is asked with bytes", async () => {
    const bytes = await inPage(`(async () => {
      const answer = await fetch("/echo", { method: "PUT", body: new File([new Uint8Array([0, 255, 128, 10])], "a") });
      return [...new Uint8Array(await answer.arrayBuffer())];
    })()`);
    assert.deepEqual(bytes, [0, 255, 128, 10]);
  });

  test("a request that the app cancels does not leave", async () => {
    assert.equal(await inPage("fetch('https://example.org/').then(() => 'left', () => 'stayed')"), "stayed");
    const requests = await entries("request");
    assert.ok(requests.some(({ url, cancelled }) => url === "https://example.org/" && cancelled === true));
  });

  test("a navigation that the app vetoes does not happen", async () => {
    await inPage("location.href = 'https://example.org/away'");
    await assertEventually(async () => (await entries("navigation-vetoed")).length === 1);
    assert.equal(
      await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getURL()),
      "app://fixture/index.html",
    );
  });

  test("a second window is denied and its address handed over", async () => {
    await inPage("window.open('https://example.org/popup')");
    await assertEventually(async () => (await entries("open-external")).length === 1);
    assert.deepEqual(await entries("open-external"), [{ kind: "open-external", url: "https://example.org/popup" }]);
    assert.equal(app.windows().length, 1);
  });

  test("a dialog is answered as the test prepared, else as closed", async () => {
    await app.evaluate(() => standIn.prepare("message-box", 1));
    await inPage("fixture.ask(); fixture.ask()");
    await assertEventually(async () => (await entries("message-box")).length === 2);
    const answers = await app.evaluate(() => fixture.received.slice(-2));
    assert.deepEqual(answers, [{ response: 1 }, { response: 0 }]);
  });

  test("what safeStorage encrypts it decrypts, and nothing else", async () => {
    const result = await app.evaluate(() => {
      const { safeStorage } = fixture;
      const sealed = safeStorage.encryptString("key");
      const opened = safeStorage.decryptString(sealed);
      sealed[sealed.length - 1]! ^= 1;
      try {
        return [opened, safeStorage.decryptString(sealed)];
      } catch {
        return [opened, "refused"];
      }
    });
    assert.deepEqual(result, ["key", "refused"]);
  });

  test("a window without a sandbox is refused", async () => {
    const error = await app.evaluate(() => {
      try {
        return new fixture.BrowserWindow({ webPreferences: { sandbox: false } }).id;
      } catch (caught) {
        return String(caught);
      }
    });
    assert.match(String(error), /only sandboxed windows/);
  });
});

/** The browser's events have no moment of their own to wait for. */
async function assertEventually(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("it did not come to hold within five seconds");
}
