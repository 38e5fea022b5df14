/** What both ends of a link ask of TLS, and who the other end is. Spec: docs/spec/05-link.md §2 */

import type { Socket } from "node:net";
import { createSecureContext, type TLSSocket } from "node:tls";
import { addressGroup } from "./address-group.ts";
import { certificateKey, createLinkCertificate } from "./certificate.ts";
import type { FrameMemory } from "./frame-assembler.ts";
import { type Direction, type FrameSizes, type FrameTable, frameTable } from "./frame-table.ts";
import { CLIENT_SEND_BUFFER_BYTES, DIRECTORY_MESSAGE_BYTES_MAX, NODE_SEND_BUFFER_BYTES } from "./limits.ts";
import type { PeerIdentity, Protocol } from "./link.ts";
import { TlsLink } from "./tls-link.ts";
import type { Milliseconds } from "../core/units.ts";

export const PROTOCOLS: readonly Protocol[] = ["starling-node/2", "starling-client/2", "starling-directory/2"];

/** TLS 1.3 only, with the certificate of `identitySeed` and hybrid key exchange. Throws where the runtime has no ML-KEM. */
export function linkCredentials(identitySeed: Uint8Array) {
  assertHybrid();
  const { certificatePem, privateKey } = createLinkCertificate(identitySeed);
  return {
    cert: certificatePem,
    key: privateKey.export({ format: "pem", type: "pkcs8" }),
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ecdhCurve: KEY_EXCHANGE_GROUP,
  } as const;
}

/** The handshake's outcome, or why there is no link: the certificate names the peer, so it must be a fresh one. */
export function peerOf(socket: TLSSocket): { ed25519: Uint8Array; protocol: Protocol } | { refused: string } {
  const protocol = PROTOCOLS.find((name) => name === socket.alpnProtocol);
  if (protocol === undefined) return { refused: "no protocol in common" };
  if (socket.getProtocol() !== "TLSv1.3") return { refused: "not TLS 1.3" };
  if (socket.isSessionReused()) return { refused: "a resumed session" };
  const certificate = socket.getPeerX509Certificate();
  const ed25519 = certificate === undefined ? undefined : certificateKey(certificate);
  return ed25519 === undefined ? { refused: "no Ed25519 certificate" } : { ed25519, protocol };
}

export function linkOver(o: {
  socket: TLSSocket;
  /** The TCP connection below. */
  raw: Socket;
  protocol: Protocol;
  key: Uint8Array;
  end: "dialer" | "listener";
  sizes: FrameSizes;
  memory: FrameMemory;
  now: () => Milliseconds;
  incoming?: (peer: PeerIdentity, table: FrameTable) => FrameTable;
}): TlsLink {
  const { protocol, sizes } = o;
  const table = (direction: Direction) => frameTable({ protocol, direction, sizes });
  const [incoming, outgoing]: [Direction, Direction] =
    o.end === "dialer" ? ["toDialer", "fromDialer"] : ["fromDialer", "toDialer"];
  const peer: PeerIdentity = { role: roleOf(protocol, o.end), key: o.key };
  const whole = table(incoming);
  return new TlsLink({
    socket: o.socket,
    reset: () => {
      o.raw.resetAndDestroy();
      o.socket.destroy();
    },
    protocol,
    peer,
    from: o.end === "listener" ? addressGroup(o.raw.remoteAddress ?? "") : undefined,
    incoming: o.incoming?.(peer, whole) ?? whole,
    outgoing: table(outgoing),
    memory: o.memory,
    sendBufferBytes: SEND_BUFFER_BYTES[protocol],
    now: o.now,
  });
}

/**
 * draft-ietf-tls-ecdhe-mlkem. The only group that either side offers: a peer without it ends in the handshake, so that nobody's
 * recording can be opened later because one program was old.
 */
export const KEY_EXCHANGE_GROUP = "X25519MLKEM768";

/** A runtime without ML-KEM throws on its name: better at once, and in words, than at the first link. */
function assertHybrid(): void {
  try {
    createSecureContext({ ecdhCurve: KEY_EXCHANGE_GROUP });
  } catch {
    throw new Error(
      `The TLS of this program's runtime has no ${KEY_EXCHANGE_GROUP}, and no link is made without it. Nothing was sent; start Starling with Node 24 or newer.`,
    );
  }
}

const SEND_BUFFER_BYTES: Record<Protocol, number> = {
  "starling-node/2": NODE_SEND_BUFFER_BYTES,
  "starling-client/2": CLIENT_SEND_BUFFER_BYTES,
  "starling-directory/2": 2 * DIRECTORY_MESSAGE_BYTES_MAX,
};

function roleOf(protocol: Protocol, end: "dialer" | "listener"): PeerIdentity["role"] {
  if (protocol === "starling-directory/2") return "directory";
  return protocol === "starling-client/2" && end === "listener" ? "client" : "node";
}
