/**
 * What the rest of the program knows of a connection: whole frames in, whole frames out, and loss instead of a queue.
 * `TlsDialer` and `TlsListener` make them over TLS 1.3; the simulator makes them in memory. Spec: docs/spec/05-link.md
 */

/** The ALPN name (RFC 7301) of what is spoken on a link; it decides the frames and their sizes. */
export type Protocol = "starling-node/2" | "starling-client/2" | "starling-directory/2";

/** Whom a link leads to, proven when it was made. */
export interface PeerIdentity {
  /**
   * What the peer acts as. A dialer's peer is a "node", or a "directory" under starling-directory/2. A listener's peer
   * is a "node" under starling-node/2, a "client" under starling-client/2 and a "directory" under starling-directory/2.
   */
  readonly role: "node" | "client" | "directory";
  /** 32 bytes. A "client" is known by its device's Ed25519 key, everybody else by a link key (link-key.ts). */
  readonly key: Uint8Array;
}

export interface FrameOptions {
  readonly lent?: boolean;
  readonly onPiece?: (bytes: number) => void;
}

export interface Link {
  readonly protocol: Protocol;
  readonly peer: PeerIdentity;
  /** At a listener: the network address that the peer dialled from, as far as it counts as one (address-group.ts). */
  readonly from?: string | undefined;
  /** Whether `send` would hand a frame over now. */
  readonly writable: boolean;
  /**
   * Hands a whole frame over at once, or loses it: false means that it will never leave. Nothing is queued beyond the
   * link's send buffer, so a slow peer sees gaps, never a burst. Throws RangeError when the frame's length is not its type's.
   * The frame must not change until it has left; a caller who means to use its memory again gives `onTaken`, which the
   * link may call once it has no more use for it (never after false).
   */
  send(frame: Uint8Array, onTaken?: () => void): boolean;
  /**
   * One handler; frames that came before it was set wait for it (the peer is held back, nothing is lost). The frames are the
   * handler's, unless it says that it takes them `lent`: then a link may use the memory again once the handler has returned.
   * `onPiece` is called with each piece of a frame that is not whole yet: so many bytes of it have come.
   */
  onFrame(handler: (frame: Uint8Array) => void, options?: FrameOptions): void;
  /** Called once, at once (but never synchronously) when the link is closed already. */
  onClose(handler: (reason: string) => void): void;
  /**
   * What was handed over before still leaves, unless the line is known to be dead: then everything that waits, here and in the
   * system, is thrown away, or it would leave in a burst were the line to come back.
   */
  close(options?: { readonly isDead?: boolean }): void;
}

export interface Dialer {
  /**
   * Connects, and the peer proves that it holds `expectedKey` (a link key, 32 bytes).
   * Rejects with PROVIDER_DOWN when nobody answers in time, with REFUSED when the peer is someone else.
   */
  dial(options: { address: string; expectedKey: Uint8Array; protocol: Protocol }): Promise<Link>;
}

export interface Listener {
  /** host:port as bound. */
  readonly address: string;
  onLink(handler: (link: Link) => void): void;
  /** Stops listening and closes every link that came in. */
  close(): Promise<void>;
}
