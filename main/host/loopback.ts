/**
 * The browser host: one HTTP server on 127.0.0.1 for the page, its port (a WebSocket) and its bytes.
 * Spec: docs/spec/10-contract.md §4
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type WebSocket, WebSocketServer } from "ws";
import type { RandomSource } from "#transport";
import type { Port } from "../contract/port.ts";
import { admitHost, admitRequest, admitUpgrade, WEBSOCKET_PROTOCOL } from "./admit.ts";
import { CONNECTIONS_MAX, MESSAGE_BYTES_MAX, REQUEST_TIME_MAX, UNREAD_BYTES_MAX } from "./limits.ts";
import { Tokens } from "./tokens.ts";
import { failure, needsAdmission, type Web } from "./web.ts";

export interface LoopbackOptions {
  readonly web: Web;
  readonly random: RandomSource;
  readonly serve: (port: Port) => void;
  /** Called with the URL that opens a window: at the start, and again when it was used. */
  readonly opened: (url: string) => void;
}

export interface LoopbackHost {
  /** Opens one window; single use. */
  readonly url: string;
  close(): Promise<void>;
}

/** A newer window closes the older with this. */
export const REPLACED = 4001;

export async function startLoopbackHost(o: LoopbackOptions): Promise<LoopbackHost> {
  const tokens = new Tokens(o.random);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    // Compression would mix a mail's text with what its sender chose to put beside it.
    perMessageDeflate: false,
    handleProtocols: () => WEBSOCKET_PROTOCOL,
  });
  const server = createServer({ requestTimeout: REQUEST_TIME_MAX, maxHeaderSize: 16_384 });
  server.maxConnections = CONNECTIONS_MAX;
  let current: WebSocket | undefined;

  server.on("request", (request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket: Duplex, head) => {
    socket.on("error", () => socket.destroy());
    const refusal =
      request.url === "/port"
        ? admitUpgrade(request.headers, { port: portOf(server), tokens: tokens.connecting })
        : "BAD_HOST";
    if (refusal !== undefined) return void socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",")[1]?.trim() ?? "";
    const { session, usedStart } = tokens.enter(offered);
    sockets.handleUpgrade(request, socket, head, (window) => {
      current?.close(REPLACED, "replaced");
      current = window;
      window.send(JSON.stringify({ session }));
      o.serve(new SocketPort(window));
    });
    if (usedStart) o.opened(startUrl());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers } = request;
    const port = portOf(server);
    const path = new URL(request.url ?? "/", `http://127.0.0.1:${port}`).pathname;
    const refusal = needsAdmission(path)
      ? admitRequest({ method, headers }, { port, tokens: tokens.session })
      : admitHost(headers, { port });
    if (refusal !== undefined) return reply(response, failure("REFUSED"));
    const asked = new Request(new URL(request.url ?? "/", `http://127.0.0.1:${port}`), {
      method,
      ...(method === "GET" || method === "HEAD" ? {} : { body: Readable.toWeb(request), duplex: "half" }),
    });
    const answered = await o.web(asked);
    // Whoever was not heard to the end is not heard at all.
    return reply(response, answered, { close: !request.complete });
  }

  const startUrl = (): string => `http://127.0.0.1:${portOf(server)}/#${tokens.start}`;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // Nowhere else: no other machine can reach it, and the port is the system's choice.
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  o.opened(startUrl());
  return {
    get url() {
      return startUrl();
    },
    async close() {
      current?.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** One window's WebSocket as a port. Whoever sends bytes instead of text, or too much, is closed. */
class SocketPort implements Port {
  readonly #socket: WebSocket;
  readonly #kept: string[] = [];
  #listener: ((json: string) => void) | undefined;
  readonly #closeListeners: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data, isBinary) => {
      if (isBinary) socket.close(1003);
      else this.#receive((data as Buffer).toString());
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      for (const listener of this.#closeListeners) listener();
    });
  }

  send(json: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > UNREAD_BYTES_MAX) return this.#socket.terminate();
    this.#socket.send(json);
  }

  onMessage(listener: (json: string) => void): void {
    this.#listener = listener;
    for (const json of this.#kept.splice(0)) listener(json);
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  close(): void {
    this.#socket.close();
  }

  #receive(json: string): void {
    if (this.#listener === undefined) this.#kept.push(json);
    else this.#listener(json);
  }
}

async function reply(response: ServerResponse, answer: Response, o: { close?: boolean } = {}): Promise<void> {
  response.writeHead(answer.status, {
    ...Object.fromEntries(answer.headers),
    ...(o.close === true ? { Connection: "close" } : {}),
  });
  await pipeline(answer.body ?? [], response);
}
