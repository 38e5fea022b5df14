/** Builds the window over its program in memory and serves it under the page's real policy. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { CONTENT_SECURITY_POLICY } from "#main/contract/csp.ts";

const preview = fileURLToPath(new URL("../renderer/preview/", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
};

export interface Preview {
  /** Ends with a slash. */
  readonly origin: string;
  close(): Promise<void>;
}

export async function servePreview(): Promise<Preview> {
  await build({ configFile: join(preview, "vite.config.ts"), logLevel: "error" });
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://127.0.0.1").pathname);
    const file = join(preview, "dist", path === "/" ? "index.html" : path);
    readFile(file).then(
      (bytes) =>
        response
          .writeHead(200, {
            "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
          })
          .end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
