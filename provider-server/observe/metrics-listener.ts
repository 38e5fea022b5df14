/** Serves a node's figures to a collector on the same machine. docs/operating.md */

import { createServer, type Server } from "node:http";
import type { Metrics } from "./metrics.ts";

export interface RunningMetrics {
  readonly address: string;
  close(): Promise<void>;
}

/** Answers GET /metrics and nothing else. Rejects when it cannot listen there. */
export async function serveMetrics(o: { metrics: Metrics; host: string; port: number }): Promise<RunningMetrics> {
  const server = createServer({ requestTimeout: REQUEST_MILLISECONDS_MAX }, (request, response) => {
    const isAsked = request.method === "GET" && request.url === "/metrics";
    response.writeHead(isAsked ? 200 : 404, { "content-type": isAsked ? OPENMETRICS : "text/plain" });
    response.end(isAsked ? o.metrics.text : "");
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(o.port, o.host, resolve));
  return { address: addressOf(server), close: () => close(server) };
}

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
