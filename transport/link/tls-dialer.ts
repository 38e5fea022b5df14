/** Links to others, over TLS 1.3 and TCP. Spec: docs/spec/05-link.md §2 */

import { connect as connectTcp, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import { equalBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { parseAddress } from "./address.ts";
import type { FrameSizes } from "./frame-table.ts";
import { HANDSHAKE_TIME_MAX } from "./limits.ts";
import type { Dialer, Link, Protocol } from "./link.ts";
import { LinkSweep } from "./link-sweep.ts";
import { linkCredentials, linkOver, peerOf } from "./tls.ts";

export class TlsDialer implements Dialer {
  readonly #context: SecureContext;
  readonly #sizes: FrameSizes;
  readonly #clock: Clock;
  readonly #sweep: LinkSweep;

  /** `identitySeed`: the 32-byte Ed25519 seed of the key that the peer sees. */
  constructor(o: { identitySeed: Uint8Array; sizes: FrameSizes; clock: Clock }) {
    this.#context = createSecureContext(linkCredentials(o.identitySeed));
    this.#sizes = o.sizes;
    this.#clock = o.clock;
    this.#sweep = new LinkSweep(o.clock);
  }

  /**
   * Resolves when the peer has proven its key. Whether it takes ours shows only later, for TLS 1.3 lets the client finish
   * first (RFC 8446 §4.4.2): a peer that refuses us closes the link at once.
   */
  async dial(o: { address: string; expectedKey: Uint8Array; protocol: Protocol }): Promise<Link> {
    const deadline = milliseconds(this.#clock.now() + HANDSHAKE_TIME_MAX);
    const raw = connectTcp(parseAddress(o.address));
    // Not before it is connected: for a name's second address Node gives the socket another handle, and a TLS socket that holds
    // the first one ends the process.
    await this.#until(raw, "connect", deadline);
    const socket = connect({
      socket: raw,
      secureContext: this.#context,
      ALPNProtocols: [o.protocol],
      rejectUnauthorized: false, // there is no authority to ask; the key is compared below
      servername: "", // a name would go over the wire in clear
    });
    await this.#until(socket, "secureConnect", deadline);
    const peer = peerOf(socket);
    const refused = "refused" in peer ? peer.refused : mismatch(peer, o);
    if ("refused" in peer || refused !== undefined) {
      socket.destroy();
      throw new TransportError("REFUSED", `At ${o.address}: ${refused}.`);
    }
    const now = () => this.#clock.now();
    const link = linkOver({ socket, raw, ...peer, end: "dialer", sizes: this.#sizes, now });
    this.#sweep.add(link);
    socket.on("close", () => this.#sweep.delete(link));
    return link;
  }

  /** Rejects, with the socket destroyed, when it fails, closes or has not come so far by the deadline. */
  #until(socket: Socket, event: "connect" | "secureConnect", deadline: Milliseconds): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.at(deadline, () => fail("no answer in time"));
      const fail = (detail: string): void => {
        cancel();
        socket.destroy();
        // An alert of the peer, unlike silence, is an answer: there is no use in asking again.
        const code = detail.startsWith("ERR_SSL") ? "REFUSED" : "PROVIDER_DOWN";
        reject(new TransportError(code, `${detail}.`));
      };
      // They stay when it is over: an error that nobody hears would end the process.
      socket.on("error", (error) => fail((error as NodeJS.ErrnoException).code ?? "failed"));
      socket.on("close", () => fail("closed"));
      socket.once(event, () => {
        cancel();
        resolve();
      });
    });
  }
}

function mismatch(
  peer: { key: Uint8Array; protocol: Protocol },
  wanted: { expectedKey: Uint8Array; protocol: Protocol },
): string | undefined {
  if (peer.protocol !== wanted.protocol) return "another protocol";
  return equalBytes(peer.key, wanted.expectedKey) ? undefined : "another key than expected";
}
