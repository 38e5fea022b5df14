/**
 * How both ends of a web link prove their keys: the provider first, then the device, each by a signature over both sides'
 * fresh challenges. What carries the link is encrypted by TLS or by nobody; this proves who is there, no more.
 * Spec: docs/spec/15-web-link.md §3
 */

import { concat, Reader, utf8, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { HybridSigner, Primitives } from "../crypto/suite.ts";
import { LINK_PROOF_BYTES, makeLinkProof, provenLinkKey } from "./link-key.ts";

/** The WebSocket subprotocol (RFC 6455 §1.9). */
export const WEB_PROTOCOL = "starling-client.2";
export const CHALLENGE_BYTES = 32;
const VERSION = 1;
const HASH_BYTES = 32;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** What both ends must agree on, whoever stands between them. */
export interface WebLinkContext {
  /** Of the network file. */
  readonly networkHash: Uint8Array;
  /** The provider's link key. */
  readonly linkKey: Uint8Array;
  /** What the client dialled, as `webAddress` writes it. */
  readonly url: string;
}

/** One spelling for the URL of a web link. Throws MALFORMED unless it is wss://, or ws:// on this machine. */
export function webAddress(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TransportError("MALFORMED", "A web link is wss://host/path.");
  }
  const isHere = url.hostname === "127.0.0.1" || url.hostname === "[::1]" || url.hostname === "localhost";
  const isPrivate = url.protocol === "wss:" || (url.protocol === "ws:" && isHere);
  const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPrivate || !isPlain) throw new TransportError("MALFORMED", "A web link is wss://host/path.");
  return url.href;
}

/** HELLO, client to provider: version ‖ network hash ‖ the client's challenge. */
export function encodeHello(networkHash: Uint8Array, challenge: Uint8Array): Uint8Array {
  return new Writer().u8(VERSION).raw(networkHash).raw(challenge).finish();
}

/** Throws MALFORMED. */
export function decodeHello(bytes: Uint8Array): { networkHash: Uint8Array; challenge: Uint8Array } {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw new TransportError("MALFORMED");
  const hello = { networkHash: reader.take(HASH_BYTES), challenge: reader.take(CHALLENGE_BYTES) };
  reader.end();
  return hello;
}

export interface Challenges {
  readonly ofClient: Uint8Array;
  readonly ofProvider: Uint8Array;
}

/** PROOF, provider to client: the provider's challenge ‖ the Ed25519 half of its key ‖ the link proof. */
export function makeProof(o: { context: WebLinkContext; challenges: Challenges; signer: HybridSigner }): Uint8Array {
  const proof = makeLinkProof(o.signer, providerTranscript(o.context, o.challenges));
  return concat(o.challenges.ofProvider, o.signer.publicKey.subarray(0, KEY_BYTES), proof);
}

/** The provider's challenge, when the proof holds. Throws MALFORMED; REFUSED when the peer does not hold the link key. */
export function checkProof(o: {
  bytes: Uint8Array;
  context: WebLinkContext;
  ofClient: Uint8Array;
  suite: Primitives;
}): Challenges {
  const reader = new Reader(o.bytes);
  const challenges = { ofClient: o.ofClient, ofProvider: reader.take(CHALLENGE_BYTES) };
  const [ed25519, proof] = [reader.take(KEY_BYTES), reader.take(LINK_PROOF_BYTES)];
  reader.end();
  const message = providerTranscript(o.context, challenges);
  if (provenLinkKey({ suite: o.suite, ed25519, proof, message, expected: o.context.linkKey }) === undefined) {
    throw new TransportError("REFUSED", "Another key than expected.");
  }
  return challenges;
}

/** ANSWER, client to provider: the device's key ‖ its signature. */
export function makeAnswer(o: {
  context: WebLinkContext;
  challenges: Challenges;
  deviceSeed: Uint8Array;
  suite: Primitives;
}): Uint8Array {
  const deviceKey = o.suite.ed25519.publicKey(o.deviceSeed);
  const transcript = deviceTranscript(o.context, o.challenges, deviceKey);
  return concat(deviceKey, o.suite.ed25519.sign(transcript, o.deviceSeed));
}

/** The device's key, when the answer holds. Throws MALFORMED, REFUSED. */
export function checkAnswer(o: {
  bytes: Uint8Array;
  context: WebLinkContext;
  challenges: Challenges;
  suite: Primitives;
}): Uint8Array {
  const reader = new Reader(o.bytes);
  const deviceKey = reader.take(KEY_BYTES);
  const signature = reader.take(SIGNATURE_BYTES);
  reader.end();
  const transcript = deviceTranscript(o.context, o.challenges, deviceKey);
  if (!o.suite.ed25519.verify(signature, transcript, deviceKey)) throw new TransportError("REFUSED");
  return deviceKey;
}

/** Two labels, so that neither signature can stand for the other, nor for anything else that these keys sign. */
const PROVIDER_LABEL = "starling/web-link/provider/v1";
const DEVICE_LABEL = "starling/web-link/device/v1";

export const providerTranscript = (context: WebLinkContext, challenges: Challenges): Uint8Array =>
  transcriptOf(PROVIDER_LABEL, context, challenges).finish();

export const deviceTranscript = (context: WebLinkContext, challenges: Challenges, deviceKey: Uint8Array): Uint8Array =>
  transcriptOf(DEVICE_LABEL, context, challenges).raw(deviceKey).finish();

function transcriptOf(label: string, context: WebLinkContext, challenges: Challenges): Writer {
  return new Writer()
    .raw(utf8(label))
    .u8(0)
    .raw(context.networkHash)
    .raw(context.linkKey)
    .text16(context.url)
    .raw(challenges.ofClient)
    .raw(challenges.ofProvider);
}
