/** A page with one worker, built for browsers and served under a strict policy: for tests and measurements in Chromium. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

export interface WebPage {
  /** As browsers name it. */
  readonly origin: string;
  close(): Promise<void>;
}

const PAGE = '<!doctype html><meta charset="utf-8"><title>Starling in a worker</title>';
const POLICY = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self' ws://127.0.0.1:*";

/** `worker`: the module, from the repository's top, that the page's /worker.js is built from. */
export async function serveWorker(worker: string): Promise<WebPage> {
  const folder = mkdtempSync(join(tmpdir(), "starling-worker-"));
  const entry = fileURLToPath(new URL(`../../${worker}`, import.meta.url));
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "chrome140",
      lib: { entry, formats: ["es"], fileName: () => "worker.js" },
    },
  });
  const script = readFileSync(join(folder, "worker.js"));
  rmSync(folder, { recursive: true, force: true });
  const server = createServer((request, response) => {
    const isScript = request.url === "/worker.js";
    const type = isScript ? "text/javascript" : "text/html; charset=utf-8";
    response
      .writeHead(request.url === "/" || isScript ? 200 : 404, {
        "Content-Type": type,
        "Content-Security-Policy": POLICY,
      })
      .end(isScript ? script : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
