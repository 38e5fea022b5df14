import { connect as connectTcp } from "node:net";
import type { TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import {
  dialWeb,
  keyOf,
  linkKey,
  listenWeb,
  ORIGIN,
  SIZES,
  seed,
  suite,
  unruly,
  webDialer,
} from "#test/support/web-links.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import type { Link } from "#transport/link/link.ts";
import { linkCredentials } from "#transport/link/tls.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";
import { linkCompliance, type LinkWorld, type LinkWorldOptions } from "./link.ts";

linkCompliance("TLS", async (t: TestContext, o: LinkWorldOptions): Promise<LinkWorld> => {
  const refused: string[] = [];
  const listener = await TlsListener.listen({
    identitySeed: seed(1),
    suite,
    sizes: SIZES,
    clock: new SystemClock(),
    host: "127.0.0.1",
    port: 0,
    protocols: ["starling-client/2"],
    onRefused: (reason) => void refused.push(reason),
    ...o,
  });
  t.after(() => listener.close());
  const waiting: ((link: Link) => void)[] = [];
  listener.onLink((link) => waiting.shift()?.(link));
  const port = Number(listener.address.split(":")[1]);
  return {
    refused,
    keyOf,
    linkKey: linkKey(1),
    sizes: SIZES,
    load: () => listener.load,
    next: () => new Promise((resolve) => void waiting.push(resolve)),
    dial: ({ expected = 1, clock = new SystemClock(), port: other = port } = {}) =>
      new TlsDialer({ identitySeed: seed(2), suite, sizes: SIZES, clock }).dial({
        address: `127.0.0.1:${other}`,
        expectedKey: linkKey(expected),
        protocol: "starling-client/2",
      }),
    connect: () => connected(port),
    async unruly() {
      const socket = connectTls({
        host: "127.0.0.1",
        port,
        rejectUnauthorized: false,
        ALPNProtocols: ["starling-client/2"],
        ...linkCredentials(seed(2)),
      });
      socket.on("error", () => undefined);
      const write = (bytes: Uint8Array): void => void socket.write(bytes);
      return { write, writePart: write, destroy: () => socket.destroy() };
    },
  };
});

linkCompliance("WebSocket", async (t: TestContext, o: LinkWorldOptions): Promise<LinkWorld> => {
  const { listener, refused, next } = await listenWeb(t, o);
  const { url } = listener;
  const port = Number(new URL(url).port);
  return {
    refused,
    keyOf,
    linkKey: linkKey(1),
    sizes: SIZES,
    load: () => listener.load,
    next,
    dial: ({ expected = 1, clock = new SystemClock(), port: other = port } = {}) =>
      dialWeb(webDialer(url.replace(`:${port}`, `:${other}`), { clock, origin: ORIGIN }), expected),
    connect: () => connected(port),
    async unruly() {
      const socket = await unruly(t, url);
      return {
        write: (bytes) => socket.send(bytes),
        // FIN and binary, masked, of five bytes more than follow; a mask of zeros.
        writePart: (bytes) => {
          const tcp = (socket as unknown as { _socket: { write(data: Uint8Array): void } })._socket;
          tcp.write(Uint8Array.of(0x82, 0x80 | (bytes.length + 5), 0, 0, 0, 0, ...bytes));
        },
        destroy: () => socket.terminate(),
      };
    },
  };
});

const connected = (port: number): Promise<{ destroy(): void }> =>
  new Promise((resolve) => {
    const socket = connectTcp(port, "127.0.0.1", () => resolve(socket));
    socket.on("error", () => undefined);
  });
