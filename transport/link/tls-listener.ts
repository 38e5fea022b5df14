/** Links from others, over TLS 1.3 and TCP. Spec: docs/spec/05-link.md §2 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import type { Clock } from "../core/clock.ts";
import { milliseconds } from "../core/units.ts";
import type { HybridSigner, Primitives } from "../crypto/suite.ts";
import { formatAddress } from "./address.ts";
import type { FrameSizes, FrameTable } from "./frame-table.ts";
import { Handshakes, SLOW_HANDSHAKE } from "./handshakes.ts";
import { HANDSHAKE_TIME_MAX, HANDSHAKES_MAX, LINKS_MAX } from "./limits.ts";
import type { Link, Listener, PeerIdentity, Protocol } from "./link.ts";
import { LinkSweep } from "./link-sweep.ts";
import { FrameMemory } from "./frame-assembler.ts";
import { linkCredentials, linkOver, peerOf } from "./tls.ts";
import { dialerProves, readLinkProof, sendLinkProof, sharedBy } from "./tls-proof.ts";

export interface ListenOptions {
  /** 32-byte seed of the link key that dialers expect. */
  readonly identitySeed: Uint8Array;
  readonly suite: Primitives;
  readonly sizes: FrameSizes;
  readonly clock: Clock;
  readonly host: string;
  /** 0: any free one; `address` tells which. */
  readonly port: number;
  /** What is spoken here; the dialer's ALPN chooses. */
  readonly protocols: readonly Protocol[];
  /** Whether to talk to this peer at all; everyone unless given. */
  readonly admit?: (peer: PeerIdentity, protocol: Protocol) => boolean;
  /** Told why a connection did not become a link; never by whom. */
  readonly onRefused?: (reason: string) => void;
  /** What a peer may send, where that is less than its protocol's frames. */
  readonly incoming?: (peer: PeerIdentity, table: FrameTable) => FrameTable;
  readonly handshakesMax?: number;
  readonly linksMax?: number;
}

export class TlsListener implements Listener {
  readonly #options: ListenOptions;
  /** Decides whether a connection may begin a handshake at all; a refused one costs no cryptography. */
  readonly #server: Server;
  readonly #handshakes: TlsServer;
  readonly #signer: HybridSigner;
  readonly #sweep: LinkSweep;
  readonly #memory = new FrameMemory();
  readonly #pending = new Handshakes();
  #handler: ((link: Link) => void) | undefined;
  #closing = false;

  /** Rejects with the system's error when the address cannot be bound. */
  static async listen(options: ListenOptions): Promise<TlsListener> {
    const listener = new TlsListener(options);
    await listener.#bind();
    return listener;
  }

  private constructor(options: ListenOptions) {
    this.#options = options;
    this.#signer = options.suite.hybrid.signer(options.identitySeed);
    this.#sweep = new LinkSweep(options.clock);
    this.#handshakes = createTlsServer({
      ...linkCredentials(options.identitySeed),
      ALPNProtocols: [...options.protocols],
      requestCert: true,
      rejectUnauthorized: false, // a certificate proves a key, nothing else; peerOf insists that there is one
      handshakeTimeout: HANDSHAKE_TIME_MAX,
    });
    this.#handshakes.on("secureConnection", (socket) => void this.#accept(socket));
    this.#handshakes.on("tlsClientError", (error, socket) => {
      socket.destroy();
      this.#refuse(`handshake: ${(error as NodeJS.ErrnoException).code ?? "failed"}`);
    });
    this.#server = createServer((socket) => this.#begin(socket));
  }

  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return formatAddress(address, port);
  }

  /** Links and handshakes there are now. */
  get load(): { links: number; handshakes: number } {
    return { links: this.#sweep.size, handshakes: this.#pending.size };
  }

  onLink(handler: (link: Link) => void): void {
    this.#handler = handler;
  }

  async close(): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#pending.destroyAll();
    this.#sweep.destroyAll();
    await closed;
  }

  #bind(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: this.#options.host, port: this.#options.port }, () => {
        this.#server.off("error", reject);
        // Running out of file descriptors is a refusal, not the end of the process.
        this.#server.on("error", (error) => this.#refuse(`listener: ${(error as NodeJS.ErrnoException).code}`));
        resolve();
      });
    });
  }

  #begin(socket: Socket): void {
    const { handshakesMax = HANDSHAKES_MAX, linksMax = LINKS_MAX, clock } = this.#options;
    if (this.#pending.size >= handshakesMax && this.#pending.endSlowest(clock.now())) this.#refuse(SLOW_HANDSHAKE);
    const isFull = this.#pending.size >= handshakesMax || this.#sweep.size + this.#pending.size >= linksMax;
    if (isFull || this.#closing) {
      socket.destroy();
      return this.#refuse("too many connections");
    }
    this.#pending.add({ socket, since: clock.now() });
    this.#handshakes.emit("connection", socket);
  }

  async #accept(socket: TLSSocket): Promise<void> {
    const handshake = this.#pending.get(socket);
    if (handshake === undefined) return void socket.destroy(); // it was ended a moment ago, for a newcomer
    socket.on("error", () => undefined); // a close follows
    const refuse = (reason: string): void => {
      this.#pending.isOver(socket);
      socket.destroy();
      this.#refuse(reason);
    };
    const peer = peerOf(socket);
    if ("refused" in peer) return refuse(peer.refused);
    const { sizes, suite, clock, admit, incoming } = this.#options;
    const { protocol, ed25519 } = peer;
    const shared = sharedBy(socket);
    if (shared === undefined) return refuse("a connection that has ended");
    const deadline = milliseconds(handshake.since + HANDSHAKE_TIME_MAX);
    const key = dialerProves(protocol)
      ? await readLinkProof({ socket, end: "dialer", shared, suite, ed25519, clock, deadline })
      : ed25519;
    if (key === undefined) return refuse("a link key that is not proven");
    // It was ended meanwhile, for a newcomer or with the listener.
    if (socket.destroyed) return;
    this.#pending.isOver(socket);
    const now = () => this.#sweep.now;
    const own = { socket, raw: handshake.socket, protocol, key, end: "listener", sizes, now } as const;
    const link = linkOver({ ...own, memory: this.#memory, ...(incoming && { incoming }) });
    this.#sweep.add(link);
    socket.once("close", () => this.#sweep.delete(link));
    if (this.#closing || this.#handler === undefined || admit?.(link.peer, protocol) === false) {
      link.destroy();
      return this.#refuse("a peer that is not admitted");
    }
    // Last, for it is what costs most: who is not admitted is not worth it.
    sendLinkProof({ socket, end: "listener", shared, signer: this.#signer });
    this.#handler(link);
  }

  #refuse(reason: string): void {
    this.#options.onRefused?.(reason);
  }
}
