/** A browser host with nothing behind it, and a window's end of its port, for tests of the host. */

import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { Port } from "#main/contract/port.ts";
import { type LoopbackHost, startLoopbackHost } from "#main/host/loopback.ts";
import type { Web } from "#main/host/web.ts";
import { SystemRandom } from "#transport/core/system-random.ts";

export interface TestHost {
  readonly host: LoopbackHost;
  readonly origin: string;
  /** Ports that the host has opened, oldest first. */
  readonly served: Port[];
  token(): string;
}

export async function startTestHost(web: Web = async () => new Response("page")): Promise<TestHost> {
  const served: Port[] = [];
  const serve = (port: Port): void => void served.push(port);
  const host = await startLoopbackHost({ web, random: new SystemRandom(), serve, opened: () => {} });
  const origin = new URL(host.url).origin;
  return { host, origin, served, token: () => new URL(host.url).hash.slice(1) };
}

export interface TestWindow {
  readonly port: Port;
  readonly session: string;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
}

export interface UpgradeOptions {
  readonly token: string;
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
  readonly path?: string;
}

/** Rejects with the HTTP status when the host refuses. */
export function openWindow(test: TestHost, o: UpgradeOptions): Promise<TestWindow> {
  const socket = new WebSocket(
    `${test.origin.replace("http", "ws")}${o.path ?? "/port"}`,
    o.protocols ?? ["starling.v1", o.token],
    { headers: { Origin: test.origin, ...o.headers } },
  );
  const kept: string[] = [];
  let listener: ((json: string) => void) | undefined;
  const closed = new Promise<number>((resolve) => socket.on("close", (code) => resolve(code)));
  const port: Port = {
    send: (json) => {
      if (socket.readyState === socket.OPEN) socket.send(json);
    },
    onMessage: (hear) => {
      listener = hear;
      for (const json of kept.splice(0)) hear(json);
    },
    onClose: (hear) => void socket.on("close", hear),
    close: () => socket.close(),
  };
  return new Promise((resolve, reject) => {
    let session: string | undefined;
    socket.on("message", (data) => {
      const json = (data as Buffer).toString();
      if (session === undefined) {
        session = (JSON.parse(json) as { session: string }).session;
        resolve({ port, session, closed });
      } else if (listener === undefined) kept.push(json);
      else listener(json);
    });
    socket.on("unexpected-response", (request, response: IncomingMessage) => {
      reject(new Error(`status ${response.statusCode}`));
      response.resume();
      request.destroy();
    });
    socket.on("error", reject);
  });
}
