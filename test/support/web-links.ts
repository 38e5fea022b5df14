/** Web links on 127.0.0.1: a listener, dialers with `ws` for a browser's WebSocket, and an end that obeys nothing. */

import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import { SeededRandom } from "#test/support/seeded-random.ts";
import type { Clock } from "#transport/core/clock.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { portableSuite } from "#transport/crypto/portable.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import type { Link } from "#transport/link/link.ts";
import { WebDialer } from "#transport/link/web-dialer.ts";
import { checkProof, encodeHello, makeAnswer, WEB_PROTOCOL } from "#transport/link/web-handshake.ts";
import { WebListener, type WebListenOptions } from "#transport/link/web-listener.ts";
import type { WebSocketLike } from "#transport/link/web-socket.ts";

export const SIZES = { packetBytes: 28_672, payloadBytes: 23_830 };
export const ORIGIN = "https://app.example";
export const NETWORK_HASH = new Uint8Array(32).fill(7);
export const suite = portableSuite("x25519");
export const seed = (value: number): Uint8Array => new Uint8Array(32).fill(value);
/** Of a device. */
export const keyOf = (value: number): Uint8Array => suite.ed25519.publicKey(seed(value));
/** Of a provider. */
export const linkKey = (value: number): Uint8Array => linkKeyOf(suite, seed(value));

/** As a browser on a page of ORIGIN opens it. */
export const openAsBrowser =
  (origin: string | undefined = ORIGIN) =>
  (url: string, protocol: string): WebSocketLike =>
    new WebSocket(url, protocol, origin === undefined ? {} : { origin });

export async function listenWeb(t: TestContext, o: Partial<WebListenOptions> = {}) {
  const refused: string[] = [];
  const listener = await WebListener.listen({
    host: "127.0.0.1",
    port: 0,
    url: (address) => `ws://${address}/starling`,
    origins: [ORIGIN],
    isProxied: false,
    identitySeed: seed(1),
    networkHash: NETWORK_HASH,
    suite,
    random: new SeededRandom("listener"),
    sizes: SIZES,
    clock: new SystemClock(),
    onRefused: (reason) => void refused.push(reason),
    ...o,
  });
  t.after(() => listener.close());
  const links: Link[] = [];
  const waiting: ((link: Link) => void)[] = [];
  listener.onLink((link) => {
    links.push(link);
    waiting.shift()?.(link);
  });
  const next = () => new Promise<Link>((resolve) => void waiting.push(resolve));
  return { listener, refused, links, next };
}

export function webDialer(
  url: string,
  o: { device?: number; clock?: Clock; networkHash?: Uint8Array; origin?: string } = {},
): WebDialer {
  const device = o.device ?? 2;
  return new WebDialer({
    url,
    networkHash: o.networkHash ?? NETWORK_HASH,
    identitySeed: seed(device),
    suite,
    random: new SeededRandom(`device ${device}`),
    sizes: SIZES,
    clock: o.clock ?? new SystemClock(),
    open: openAsBrowser(o.origin),
  });
}

export const dialWeb = (dialer: WebDialer, expected = 1): Promise<Link> =>
  dialer.dial({ address: "127.0.0.1:1", expectedKey: linkKey(expected), protocol: "starling-client/2" });

/** A device whose key is proven and that then does as it likes. */
export async function unruly(t: TestContext, url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, WEB_PROTOCOL, { origin: ORIGIN });
  t.after(() => socket.terminate());
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("open", resolve));
  const ofClient = seed(5);
  const proof = new Promise<Uint8Array>((resolve) => socket.once("message", (data) => resolve(plain(data as Buffer))));
  socket.send(encodeHello(NETWORK_HASH, ofClient));
  const context = { networkHash: NETWORK_HASH, linkKey: linkKey(1), url };
  const challenges = checkProof({ bytes: await proof, context, ofClient, suite });
  socket.send(makeAnswer({ context, challenges, deviceSeed: seed(2), suite }));
  return socket;
}

export const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes);
