import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { BODY_BYTES_MAX } from "#main/host/limits.ts";
import type { Files } from "#main/files.ts";
import { REPLACED } from "#main/host/loopback.ts";
import { createWeb } from "#main/host/web.ts";
import { openWindow, startTestHost, type TestHost } from "#test/support/loopback.ts";

test("the start token works once; the session token lets a reload in and closes the older window", async (t) => {
  const host = await started(t);
  const token = host.token();
  const first = await openWindow(host, { token });
  await assert.rejects(openWindow(host, { token }), /status 401/);
  const second = await openWindow(host, { token: first.session });
  assert.equal(await first.closed, REPLACED);
  assert.equal(second.session, first.session);
});

test("after its start token was used, a fresh one opens a new session and ends the old one", async (t) => {
  const host = await started(t);
  const first = await openWindow(host, { token: host.token() });
  const second = await openWindow(host, { token: host.token() });
  assert.notEqual(second.session, first.session);
  await assert.rejects(openWindow(host, { token: first.session }), /status 401/);
});

test("another page, another path and a guessed token are refused with 401 and no detail", async (t) => {
  const host = await started(t);
  const token = host.token();
  await assert.rejects(openWindow(host, { token, headers: { Origin: "https://evil.example" } }), /status 401/);
  await assert.rejects(openWindow(host, { token, path: "/" }), /status 401/);
  await assert.rejects(openWindow(host, { token: "A".repeat(43) }), /status 401/);
  await openWindow(host, { token }); // none of that used it up
});

test("bytes instead of text close the port", async (t) => {
  const host = await started(t);
  const window = await openWindow(host, { token: host.token() });
  (window.port as { send(bytes: unknown): void }).send(Buffer.from([1]));
  assert.equal(await window.closed, 1003);
});

test("the page comes with a strict policy and is never stored; nothing outside its folder comes at all", async (t) => {
  const host = await started(t);
  const page = await fetch(`${host.origin}/`);
  assert.equal(await page.text(), "<title>page</title>");
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal(page.headers.get("cache-control"), "no-store");
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  for (const path of ["/..%2fsecret", "/%2e%2e/secret", "/.hidden", "/assets/../../secret", "/missing"]) {
    assert.equal((await fetch(`${host.origin}${path}`)).status, 404, path);
  }
  assert.equal((await fetch(`${host.origin}/`, { method: "POST", body: "x" })).status, 403);
});

test("attachments come and go only for the session, as downloads whatever they are", async (t) => {
  const host = await started(t);
  const { session } = await openWindow(host, { token: host.token() });
  const url = `${host.origin}/attachment/${HANDLE}`;
  assert.equal((await fetch(url)).status, 403);
  const headers = { Authorization: `Bearer ${session}` };
  const answer = await fetch(url, { headers });
  assert.deepEqual(
    [answer.status, answer.headers.get("content-type"), await answer.text()],
    [200, "application/octet-stream", "<script>alert(1)</script>"],
  );
  assert.match(answer.headers.get("content-disposition") ?? "", /^attachment; filename\*=utf-8''x%20%22.html$/);
  const put = (origin: string): Promise<Response> =>
    fetch(`${host.origin}/draft/${HANDLE}/attachment?name=a&type=text%2Fplain`, {
      method: "PUT",
      headers: { ...headers, Origin: origin },
      body: "bytes",
    });
  assert.equal((await put("https://evil.example")).status, 403);
  assert.deepEqual(await (await put(host.origin)).json(), { handle: HANDLE, name: "a", type: "text/plain", bytes: 5 });
});

test("large bytes go in and out whole, in pieces, and too many are refused", async (t) => {
  const host = await started(t);
  const { session } = await openWindow(host, { token: host.token() });
  const headers = { Authorization: `Bearer ${session}`, Origin: host.origin };
  const put = (body: Uint8Array<ArrayBuffer>): Promise<Response> =>
    fetch(`${host.origin}/draft/${HANDLE}/attachment?name=large&type=a%2Fb`, { method: "PUT", headers, body });
  const large = new Uint8Array(5_000_000).map((_, i) => (i >> 8) ^ i);
  assert.equal(((await (await put(large)).json()) as { bytes: number }).bytes, large.length);
  const answer = await fetch(`${host.origin}/attachment/${HANDLE}`, { headers });
  assert.equal(answer.headers.get("content-length"), String(large.length));
  assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), large);
  const tooLarge = await put(new Uint8Array(BODY_BYTES_MAX + 1));
  assert.deepEqual([tooLarge.status, await tooLarge.json()], [413, { error: { code: "MESSAGE_TOO_LARGE" } }]);
});

const HANDLE = "6f2e2c0e-4c1c-4b7e-8f4f-0123456789ab";

async function started(t: TestContext): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), "starling-page-"));
  await writeFile(join(folder, "secret"), "secret");
  const pageDir = join(folder, "page");
  await import("node:fs/promises").then(({ mkdir }) => mkdir(pageDir));
  await writeFile(join(pageDir, "index.html"), "<title>page</title>");
  await writeFile(join(pageDir, ".hidden"), "secret");
  let bytes: Uint8Array = Buffer.from("<script>alert(1)</script>");
  const files = {
    attachment: async () => ({ handle: HANDLE, name: 'x ".html', type: "text/html", bytes }),
    attach: async (o: { name: string; type: string; bytes: Uint8Array }) => {
      bytes = o.bytes;
      return { handle: HANDLE, name: o.name, type: o.type, bytes: bytes.length };
    },
  } as unknown as Files;
  const host = await startTestHost(createWeb({ files, pageDir }));
  t.after(async () => {
    await host.host.close();
    await rm(folder, { recursive: true });
  });
  return host;
}
