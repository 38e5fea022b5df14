/** Links to others, over TLS 1.3 and TCP. Spec: docs/spec/05-link.md §2 */

import { connect as connectTcp, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { HybridSigner, Primitives } from "../crypto/suite.ts";
import { parseAddress } from "./address.ts";
import type { FrameSizes } from "./frame-table.ts";
import { HANDSHAKE_TIME_MAX } from "./limits.ts";
import type { Dialer, Link, Protocol } from "./link.ts";
import { LinkSweep } from "./link-sweep.ts";
import { FrameMemory } from "./frame-assembler.ts";
import { linkCredentials, linkOver, peerOf } from "./tls.ts";
import { dialerProves, readLinkProof, sendLinkProof, sharedBy } from "./tls-proof.ts";

export class TlsDialer implements Dialer {
  readonly #context: SecureContext;
  /** Only who dials as a node or an authority has a link key: a client's is never opened. */
  readonly #signer: () => HybridSigner;
  readonly #suite: Primitives;
  readonly #sizes: FrameSizes;
  readonly #clock: Clock;
  readonly #sweep: LinkSweep;
  readonly #memory = new FrameMemory();

  /** `identitySeed`: the 32-byte seed of the link key, or of the device's key, that the peer sees. */
  constructor(o: { identitySeed: Uint8Array; suite: Primitives; sizes: FrameSizes; clock: Clock }) {
    this.#context = createSecureContext(linkCredentials(o.identitySeed));
    let signer: HybridSigner | undefined;
    this.#signer = () => (signer ??= o.suite.hybrid.signer(o.identitySeed));
    this.#suite = o.suite;
    this.#sizes = o.sizes;
    this.#clock = o.clock;
    this.#sweep = new LinkSweep(o.clock);
  }

  /**
   * Resolves when the peer has proven its key, which it does once it has admitted ours; a provider's entry may still close the
   * link at once.
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
    const refused = (reason: string): TransportError => {
      socket.destroy();
      return new TransportError("REFUSED", `At ${o.address}: ${reason}.`);
    };
    const peer = peerOf(socket);
    if ("refused" in peer) throw refused(peer.refused);
    if (peer.protocol !== o.protocol) throw refused("another protocol");
    const [suite, clock, shared] = [this.#suite, this.#clock, sharedBy(socket)];
    if (shared === undefined) throw new TransportError("PROVIDER_DOWN", "closed.");
    if (dialerProves(o.protocol)) sendLinkProof({ socket, end: "dialer", shared, signer: this.#signer() });
    const theirs = { socket, end: "listener", shared, suite, ed25519: peer.ed25519 } as const;
    const key = await readLinkProof({ ...theirs, expected: o.expectedKey, clock, deadline });
    if (key === undefined) {
      // Closed or silent: a listener that has no place for us. Anything else is somebody who is not the one we look for.
      const isGone = socket.destroyed || socket.readableEnded || clock.now() >= deadline;
      if (!isGone) throw refused("another key than expected");
      socket.destroy();
      throw new TransportError("PROVIDER_DOWN", "closed before it proved its key.");
    }
    const now = () => this.#sweep.now;
    const [sizes, memory] = [this.#sizes, this.#memory];
    const link = linkOver({ socket, raw, key, protocol: o.protocol, end: "dialer", sizes, memory, now });
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
