/** A client's web link to its provider, from a browser's worker or anything else that has WebSockets. Spec: docs/spec/15-web-link.md §3 */

import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { milliseconds } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import type { FrameSizes } from "./frame-table.ts";
import { HANDSHAKE_TIME_MAX } from "./limits.ts";
import type { Dialer, Link, Protocol } from "./link.ts";
import { LinkSweep } from "./link-sweep.ts";
import {
  CHALLENGE_BYTES,
  type Challenges,
  checkProof,
  encodeHello,
  makeAnswer,
  WEB_PROTOCOL,
  webAddress,
} from "./web-handshake.ts";
import { WebLink } from "./web-link.ts";
import { MessageSocket, type WebSocketLike } from "./web-socket.ts";

export interface WebDialerOptions {
  /** Where the provider's web link is: wss://…, or ws:// on this machine. */
  readonly url: string;
  readonly networkHash: Uint8Array;
  /** The 32-byte Ed25519 seed of the device's key. */
  readonly identitySeed: Uint8Array;
  readonly suite: Primitives;
  readonly random: RandomSource;
  readonly sizes: FrameSizes;
  readonly clock: Clock;
  /** The runtime's own WebSocket. */
  readonly open: (url: string, protocol: string) => WebSocketLike;
}

export class WebDialer implements Dialer {
  readonly #options: WebDialerOptions;
  readonly #url: string;
  readonly #sweep: LinkSweep;

  /** Throws MALFORMED for a URL that is neither wss:// nor on this machine. */
  constructor(options: WebDialerOptions) {
    this.#options = options;
    this.#url = webAddress(options.url);
    this.#sweep = new LinkSweep(options.clock);
  }

  /**
   * Resolves when the provider has proven its key; one that does not want us closes the link at once. Always goes to the
   * URL of this dialer: `address` is where the provider's TLS links are.
   */
  dial(o: { address: string; expectedKey: Uint8Array; protocol: Protocol }): Promise<Link> {
    if (o.protocol !== "starling-client/2") return Promise.reject(new RangeError("only clients have web links"));
    return this.#handshake(o.expectedKey);
  }

  #handshake(linkKey: Uint8Array): Promise<Link> {
    const { open, clock, suite, random, networkHash, identitySeed } = this.#options;
    const context = { networkHash, linkKey, url: this.#url };
    return new Promise((resolve, reject) => {
      const opening = open(this.#url, WEB_PROTOCOL);
      const socket = new MessageSocket(opening);
      const ofClient = random.bytes(CHALLENGE_BYTES);
      const fail = (error: TransportError): void => {
        cancel();
        socket.destroy();
        reject(error);
      };
      const deadline = milliseconds(clock.now() + HANDSHAKE_TIME_MAX);
      const cancel = clock.at(deadline, () => fail(new TransportError("PROVIDER_DOWN", "No answer in time.")));
      opening.addEventListener("open", () => socket.send(encodeHello(networkHash, ofClient)));
      socket.onClose(() => fail(new TransportError("PROVIDER_DOWN", "Closed.")));
      socket.onMessage((bytes) => {
        let challenges: Challenges;
        try {
          if (bytes === undefined) throw new TransportError("MALFORMED");
          challenges = checkProof({ bytes, context, ofClient, suite });
        } catch {
          return fail(new TransportError("REFUSED", "Another key than expected."));
        }
        cancel();
        socket.send(makeAnswer({ context, challenges, deviceSeed: identitySeed, suite }));
        // Its handlers take over here, before anything else can come.
        resolve(this.#linkOver(socket, linkKey));
      });
    });
  }

  #linkOver(socket: MessageSocket, linkKey: Uint8Array): Link {
    const { sizes } = this.#options;
    const link = new WebLink({
      socket,
      peer: { role: "node", key: linkKey },
      end: "dialer",
      sizes,
      now: () => this.#sweep.now,
      onGone: (gone) => this.#sweep.delete(gone),
    });
    this.#sweep.add(link);
    return link;
  }
}
