/** Web links from clients: HTTP/1.1, an upgrade to WebSocket, and the proof of both keys. Spec: docs/spec/15-web-link.md */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import { equalBytes } from "../core/bytes.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import type { RandomSource } from "../core/random.ts";
import { milliseconds } from "../core/units.ts";
import type { HybridSigner, Primitives } from "../crypto/suite.ts";
import { formatAddress } from "./address.ts";
import { type FrameSizes, sendFrameBytes } from "./frame-table.ts";
import { type Handshake, Handshakes, SLOW_HANDSHAKE } from "./handshakes.ts";
import {
  HANDSHAKE_TIME_MAX,
  WEB_HANDSHAKES_MAX,
  WEB_HANDSHAKES_PER_ADDRESS_MAX,
  WEB_LINKS_MAX,
  WEB_LINKS_PER_ADDRESS_MAX,
} from "./limits.ts";
import type { Link, Listener } from "./link.ts";
import { linkKeyOf } from "./link-key.ts";
import { LinkSweep } from "./link-sweep.ts";
import { addressGroup } from "./address-group.ts";
import { admitUpgrade, clientAddress, type WebAdmission } from "./web-admission.ts";
import {
  CHALLENGE_BYTES,
  type Challenges,
  checkAnswer,
  decodeHello,
  makeProof,
  WEB_PROTOCOL,
  webAddress,
} from "./web-handshake.ts";
import { WebLink } from "./web-link.ts";
import { MessageSocket } from "./web-socket.ts";

export interface WebCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface WebListenOptions {
  readonly host: string;
  /** 0: any free one; `address` tells which. */
  readonly port: number;
  /** PEM of the web certificate and its key; without them whoever stands before this listener speaks TLS. */
  readonly tls?: WebCertificate;
  /** What clients dial, or how to know it once the port is. */
  readonly url: string | ((address: string) => string);
  /** Web pages that may open links, exactly as browsers name them: https://app.example */
  readonly origins: readonly string[];
  /** Whether the last X-Forwarded-For names the client: only where a reverse proxy writes it. */
  readonly isProxied: boolean;
  /** 32-byte seed of the link key that clients expect. */
  readonly identitySeed: Uint8Array;
  readonly networkHash: Uint8Array;
  readonly suite: Primitives;
  readonly random: RandomSource;
  readonly sizes: FrameSizes;
  readonly clock: Clock;
  /** Told why a connection did not become a link; never by whom. */
  readonly onRefused?: (reason: string) => void;
  readonly handshakesMax?: number;
  readonly handshakesPerAddressMax?: number;
  readonly linksMax?: number;
  readonly linksPerAddressMax?: number;
}

interface Pending extends Handshake {
  readonly cancel: Cancel;
  group: string;
}

export class WebListener implements Listener {
  readonly #options: WebListenOptions;
  readonly #server: Server | TlsServer;
  readonly #upgrades: WebSocketServer;
  readonly #signer: HybridSigner;
  readonly #linkKey: Uint8Array;
  readonly #sweep: LinkSweep;
  readonly #pending = new Handshakes<Pending>();
  readonly #linkGroups = new Map<WebLink, string>();
  #handler: ((link: Link) => void) | undefined;
  #closing = false;

  /** Rejects with the system's error when the address cannot be bound; throws MALFORMED for a URL that is none of a web link. */
  static async listen(options: WebListenOptions): Promise<WebListener> {
    if (typeof options.url === "string") webAddress(options.url);
    const listener = new WebListener(options);
    await listener.#bind();
    return listener;
  }

  private constructor(options: WebListenOptions) {
    this.#options = options;
    this.#signer = options.suite.hybrid.signer(options.identitySeed);
    this.#linkKey = linkKeyOf(options.suite, options.identitySeed);
    this.#sweep = new LinkSweep(options.clock);
    const { tls } = options;
    this.#server =
      tls === undefined ? createServer(turnAwayRequest) : createTlsServer(secureContext(tls), turnAwayRequest);
    this.#server.on("connection", (socket: Socket) => this.#connected(socket));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("clientError", (_error, socket) => socket.destroy());
    this.#upgrades = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: sendFrameBytes(options.sizes),
      handleProtocols: (offered) => (offered.has(WEB_PROTOCOL) ? WEB_PROTOCOL : false),
    });
  }

  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return formatAddress(address, port);
  }

  /** What clients dial. */
  get url(): string {
    const { url } = this.#options;
    return webAddress(typeof url === "string" ? url : url(this.address));
  }

  /** Links and handshakes there are now. */
  get load(): { links: number; handshakes: number } {
    return { links: this.#sweep.size, handshakes: this.#pending.size };
  }

  onLink(handler: (link: Link) => void): void {
    this.#handler = handler;
  }

  /** Links from now on see this certificate. Throws the system's error, and keeps the old one, where key and certificate do not fit. */
  renew(tls: WebCertificate): void {
    const context = secureContext(tls);
    createSecureContext(context);
    if ("setSecureContext" in this.#server) this.#server.setSecureContext(context);
  }

  async close(): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#pending.destroyAll();
    this.#sweep.destroyAll();
    await closed;
  }

  #bind(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.removeListener("error", reject);
        // Running out of file descriptors is a refusal, not the end of the process.
        this.#server.on("error", (error) => this.#refuse(`listener: ${(error as NodeJS.ErrnoException).code}`));
        resolve();
      });
    });
  }

  /** Before anything is read: how many there are, and from where, is all that is known. */
  #connected(socket: Socket): void {
    const { handshakesMax = WEB_HANDSHAKES_MAX, linksMax = WEB_LINKS_MAX, isProxied, clock } = this.#options;
    if (this.#pending.size >= handshakesMax && this.#pending.endSlowest(clock.now())) this.#refuse(SLOW_HANDSHAKE);
    const group = addressGroup(socket.remoteAddress ?? "");
    const isFull = this.#pending.size >= handshakesMax || this.#sweep.size + this.#pending.size >= linksMax;
    // Behind a proxy all come from one address; the header says later from which.
    if (this.#closing || isFull || (!isProxied && this.#isCrowded(group))) {
      socket.destroy();
      return this.#refuse(isFull ? "too many connections" : "too many from one address");
    }
    const since = clock.now();
    const cancel = clock.at(milliseconds(since + HANDSHAKE_TIME_MAX), () => {
      socket.destroy();
      this.#refuse("a handshake that took too long");
    });
    this.#pending.add({ socket, since, cancel, group });
    socket.once("close", cancel);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const { origins, isProxied } = this.#options;
    const admission: WebAdmission = { path: new URL(this.url).pathname, origins, protocol: WEB_PROTOCOL };
    const refusal = admitUpgrade(request, admission);
    if (refusal !== undefined) return this.#turnAway(socket, refusal);
    const pending = this.#pending.get(request.socket);
    if (pending === undefined) return void socket.destroy();
    if (isProxied) {
      const group = addressGroup(clientAddress(request, isProxied));
      if (this.#isCrowded(group)) return this.#turnAway(socket, "too many from one address");
      pending.group = group;
    }
    this.#upgrades.handleUpgrade(request, socket, head, (opened) => this.#opened(opened, pending));
  }

  #isCrowded(group: string): boolean {
    const { handshakesPerAddressMax = WEB_HANDSHAKES_PER_ADDRESS_MAX, linksPerAddressMax = WEB_LINKS_PER_ADDRESS_MAX } =
      this.#options;
    const handshakes = [...this.#pending].filter((pending) => pending.group === group).length;
    const links = [...this.#linkGroups.values()].filter((taken) => taken === group).length;
    return handshakes >= handshakesPerAddressMax || links >= linksPerAddressMax;
  }

  /** A WebSocket is open; who is there is not known yet. */
  #opened(opened: WebSocket, pending: Pending): void {
    const { networkHash, suite, random } = this.#options;
    const socket = new MessageSocket(opened);
    const context = { networkHash, linkKey: this.#linkKey, url: this.url };
    const refuse = (): void => {
      socket.destroy();
      this.#refuse("a handshake that does not hold");
    };
    socket.onMessage((hello) => {
      let challenges: Challenges;
      try {
        const { networkHash: wanted, challenge } = decodeHello(hello ?? NOTHING);
        if (!equalBytes(wanted, networkHash)) return refuse();
        challenges = { ofClient: challenge, ofProvider: random.bytes(CHALLENGE_BYTES) };
      } catch {
        return refuse();
      }
      socket.onMessage((bytes) => {
        try {
          const key = checkAnswer({ bytes: bytes ?? NOTHING, context, challenges, suite });
          this.#accept(socket, key, pending);
        } catch {
          refuse();
        }
      });
      socket.send(makeProof({ context, challenges, signer: this.#signer }));
    });
  }

  #accept(socket: MessageSocket, key: Uint8Array, pending: Pending): void {
    const { sizes } = this.#options;
    pending.cancel();
    this.#pending.isOver(pending.socket);
    const link = new WebLink({
      socket,
      peer: { role: "client", key },
      from: pending.group,
      end: "listener",
      sizes,
      now: () => this.#sweep.now,
      bytesRead: () => pending.socket.bytesRead,
      onGone: (gone) => {
        this.#sweep.delete(gone);
        this.#linkGroups.delete(gone);
      },
    });
    this.#sweep.add(link);
    this.#linkGroups.set(link, pending.group);
    if (this.#closing || this.#handler === undefined) link.destroy();
    else this.#handler(link);
  }

  #turnAway(socket: Duplex, reason: string): void {
    socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    this.#refuse(reason);
  }

  #refuse(reason: string): void {
    this.#options.onRefused?.(reason);
  }
}

const secureContext = ({ certificate, privateKey }: WebCertificate) =>
  ({ cert: certificate, key: privateKey, minVersion: "TLSv1.3" }) as const;

/** Who asks for anything but a link gets no answer worth fetching. */
const turnAwayRequest = (_request: IncomingMessage, response: ServerResponse): void =>
  void response.writeHead(426, { Connection: "close", Upgrade: "websocket" }).end();

const NOTHING = new Uint8Array(0);
