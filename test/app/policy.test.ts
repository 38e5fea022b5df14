/** What the window may load and what may leave it, rule by rule; that Electron obeys is shown in test/e2e/app.spec.ts. */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { Dialog, Session, Shell, WebContents } from "electron";
import { confineContents, confineSession, mayLoad, openOutside } from "#app/policy.ts";

test("the window loads its own page and what that page made, nothing else", () => {
  for (const url of ["app://starling/index.html", "data:text/plain,a", "blob:app://starling/1", "about:srcdoc"]) {
    assert.equal(mayLoad(url), true, url);
  }
  for (const url of [
    "https://example.org/",
    "app://starling.example/",
    "app://other/",
    "file:///etc/passwd",
    "about:blank",
  ]) {
    assert.equal(mayLoad(url), false, url);
  }
});

test("a link opens outside when the user agrees, with the address that was shown", async () => {
  const desktop = fakeDesktop({ response: 1 });
  await openOutside("https://xn--80ak6aa92e.com/a?b", desktop);
  assert.deepEqual(desktop.opened, ["https://xn--80ak6aa92e.com/a?b"]);
  assert.match(desktop.asked[0] ?? "", /^https:\/\/xn--80ak6aa92e\.com\/a\?b\n/);
});

test("a name in letters that look like Latin ones is shown as what it is", async () => {
  const desktop = fakeDesktop({ response: 0 });
  await openOutside("https://аррӏе.com/", desktop);
  assert.match(desktop.asked[0] ?? "", /^https:\/\/xn--/);
});

test("nothing opens when the user closes the question", async () => {
  const desktop = fakeDesktop({ response: 0 });
  await openOutside("mailto:bob@example.org", desktop);
  assert.deepEqual(desktop.opened, []);
  assert.equal(desktop.asked.length, 1);
});

test("other kinds of link are not even asked about", async () => {
  const desktop = fakeDesktop({ response: 1 });
  for (const url of [
    "http://example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "smb://host/a",
    "app://starling/",
    "",
    "no url",
  ]) {
    await openOutside(url, desktop);
  }
  assert.deepEqual([desktop.asked, desktop.opened], [[], []]);
});

test("the session grants no permission and cancels every foreign request", () => {
  const handlers: Record<string, (...args: never[]) => unknown> = {};
  const keep = (name: string) => (handler: (...args: never[]) => unknown) => void (handlers[name] = handler);
  confineSession({
    setPermissionRequestHandler: keep("request"),
    setPermissionCheckHandler: keep("check"),
    setDevicePermissionHandler: keep("device"),
    setDisplayMediaRequestHandler: keep("display"),
    webRequest: { onBeforeRequest: keep("load") },
  } as unknown as Session);
  const call = (name: string, ...args: unknown[]): unknown => handlers[name]?.(...(args as never[]));

  call("request", {}, "media", (granted: boolean) => assert.equal(granted, false));
  assert.equal(call("check"), false);
  assert.equal(call("device"), false);
  call("display", {}, (streams: object) => assert.deepEqual(streams, {}));
  const cancelled = (url: string): boolean => {
    let cancel = false;
    call("load", { url }, (answer: { cancel: boolean }) => {
      ({ cancel } = answer);
    });
    return cancel;
  };
  assert.deepEqual(["app://starling/a.js", "https://tracker.example/a.png"].map(cancelled), [false, true]);
});

test("the page cannot be led away, reach a second window or hold a web view", () => {
  const outside: string[] = [];
  const contents = new EventEmitter() as EventEmitter & { open?: (details: { url: string }) => { action: string } };
  Object.assign(contents, { setWindowOpenHandler: (handler: never) => Object.assign(contents, { open: handler }) });
  confineContents(contents as unknown as WebContents, (url) => outside.push(url));
  const vetoed = (name: string, details: object): boolean => {
    let prevented = false;
    contents.emit(name, { ...details, preventDefault: () => void (prevented = true) });
    return prevented;
  };

  assert.equal(vetoed("will-navigate", { url: "https://example.org/" }), true);
  assert.equal(vetoed("will-navigate", { url: "app://starling/index.html" }), false);
  assert.equal(vetoed("will-redirect", { url: "app://starling/" }), true);
  assert.equal(vetoed("will-frame-navigate", { url: "https://example.org/", isMainFrame: false }), true);
  assert.equal(vetoed("will-frame-navigate", { url: "about:srcdoc", isMainFrame: false }), false);
  assert.equal(vetoed("will-attach-webview", {}), true);
  assert.deepEqual(contents.open?.({ url: "https://example.org/new" }), { action: "deny" });
  assert.deepEqual(outside, ["https://example.org/", "https://example.org/new"]);
});

function fakeDesktop({ response }: { response: number }) {
  const asked: string[] = [];
  const opened: string[] = [];
  return {
    asked,
    opened,
    dialog: {
      showMessageBox({ detail }: { detail: string }) {
        asked.push(detail);
        return Promise.resolve({ response });
      },
    } as unknown as Dialog,
    shell: {
      openExternal(url: string) {
        opened.push(url);
        return Promise.resolve();
      },
    } as unknown as Shell,
  };
}
