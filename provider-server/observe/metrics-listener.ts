/** Serves a daemon's figures on the same machine: to a collector, and to the command `status`. docs/operating.md §7 */

import { createServer, type Server } from "node:http";
import type { Metrics } from "./metrics.ts";

export interface RunningMetrics {
  readonly address: string;
  close(): Promise<void>;
}

/** Answers GET /metrics (OpenMetrics) and GET /recent (JSON, `Recent`) and nothing else. Rejects when it cannot listen there. */
export async function serveMetrics(o: { metrics: Metrics; host: string; port: number }): Promise<RunningMetrics> {
  const server = createServer({ requestTimeout: REQUEST_MILLISECONDS_MAX }, (request, response) => {
    const page = request.method === "GET" ? pageAt(request.url, o.metrics) : undefined;
    response.writeHead(page === undefined ? 404 : 200, { "content-type": page?.type ?? "text/plain" });
    response.end(page?.text ?? "");
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(o.port, o.host, resolve));
  // Running out of file descriptors costs a collector its question, not the node its life.
  server.on("error", () => undefined);
  return { address: addressOf(server), close: () => close(server) };
}

function pageAt(url: string | undefined, metrics: Metrics): { type: string; text: string } | undefined {
  if (url === "/metrics") return { type: OPENMETRICS, text: metrics.text };
  if (url === RECENT_PATH) return { type: "application/json", text: JSON.stringify(metrics.recent) };
  return undefined;
}

export const RECENT_PATH = "/recent";
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const REQUEST_MILLISECONDS_MAX = 5_000;
/** One collector, and somebody who looks. */
const CONNECTIONS_MAX = 8;

function addressOf(server: Server): string {
  const { address, port } = server.address() as { address: string; port: number };
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
