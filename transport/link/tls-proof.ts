/**
 * What follows a TLS handshake before the first frame: the ends that have a link key sign, with both its halves, what both ends of
 * this one connection know and nobody else does (RFC 8446 §7.5). A certificate alone would do until somebody breaks Ed25519.
 * Spec: docs/spec/05-link.md §2
 */

import type { TLSSocket } from "node:tls";
import { concat, utf8 } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import type { Milliseconds } from "../core/units.ts";
import type { HybridSigner, Primitives } from "../crypto/suite.ts";
import type { Protocol } from "./link.ts";
import { LINK_PROOF_BYTES, makeLinkProof, provenLinkKey } from "./link-key.ts";

export type End = "dialer" | "listener";

/** A listener always proves its link key. Of those who dial, clients are known by their device's key, which the certificate has. */
export const dialerProves = (protocol: Protocol): boolean => protocol !== "starling-client/2";

/** What both ends of this connection know and nobody else does, 32 bytes; undefined when it has ended. */
export function sharedBy(socket: TLSSocket): Uint8Array | undefined {
  return socket.destroyed ? undefined : socket.exportKeyingMaterial(SHARED_BYTES, EXPORTER_LABEL, Buffer.alloc(0));
}

export function sendLinkProof(o: {
  socket: TLSSocket;
  /** Ours. */
  end: End;
  shared: Uint8Array;
  signer: HybridSigner;
}): void {
  o.socket.write(makeLinkProof(o.signer, messageOf(o)));
}

/**
 * The link key of the peer that has `ed25519` in its certificate; undefined when it proves none, or not the expected one.
 * What comes after the proof stays in the socket.
 */
export async function readLinkProof(o: {
  socket: TLSSocket;
  /** The peer's. */
  end: End;
  shared: Uint8Array;
  suite: Primitives;
  ed25519: Uint8Array;
  expected?: Uint8Array;
  clock: Clock;
  deadline: Milliseconds;
}): Promise<Uint8Array | undefined> {
  const { suite, ed25519, expected } = o;
  const proof = await firstBytes(o.socket, o);
  return proof && provenLinkKey({ suite, ed25519, proof, message: messageOf(o), ...(expected && { expected }) });
}

/** Undefined when the connection ends, or time is up, before there are so many. */
function firstBytes(
  socket: TLSSocket,
  { clock, deadline }: { clock: Clock; deadline: Milliseconds },
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    function settle(bytes: Uint8Array | undefined): void {
      cancel();
      socket.off("readable", look);
      socket.off("close", end);
      socket.off("end", end);
      resolve(bytes);
    }
    function end(): void {
      settle(undefined);
    }
    function look(): void {
      const bytes = socket.read(LINK_PROOF_BYTES) as Uint8Array | null;
      // At its end a stream gives out less than it was asked for.
      if (bytes !== null) settle(bytes.length === LINK_PROOF_BYTES ? new Uint8Array(bytes) : undefined);
    }
    const cancel = clock.at(deadline, end);
    socket.on("readable", look);
    socket.on("close", end);
    socket.on("end", end);
    look();
  });
}

/** The two ends sign different texts: one's proof cannot be sent back as the other's. */
const messageOf = ({ end, shared }: { end: End; shared: Uint8Array }): Uint8Array =>
  concat(LABEL, Uint8Array.of(end === "dialer" ? 1 : 2), shared);

const SHARED_BYTES = 32;
const EXPORTER_LABEL = "EXPORTER-starling-link";
/** The zero byte ends the label. */
const LABEL = concat(utf8("starling/link/v1"), Uint8Array.of(0));
