/** The one line that brings someone to a provider: starling:1:… Spec: docs/spec/08-directory.md §10 */

import { fromBase64Url, toBase64Url } from "../core/base64url.ts";
import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { ADDRESS_TEXT_BYTES_MAX, parseAddress } from "../link/address.ts";
import { HASH_BYTES, KEY_BYTES } from "./labels.ts";
import { DOMAIN_BYTES_MAX, INVITE_CODE_BYTES_MAX, INVITE_TEXT_BYTES_MAX } from "./limits.ts";
import { checkDomain } from "./texts.ts";

export interface Invite {
  /** Where the provider listens for clients: host:port. */
  readonly address: string;
  /** Ed25519, 32 bytes: the key of its TLS certificate. */
  readonly linkKey: Uint8Array;
  readonly domain: string;
  /** Which network: the hash of its file. */
  readonly networkHash: Uint8Array;
  /** "" where sign-up is open. */
  readonly code: string;
}

export function encodeInvite(invite: Invite): string {
  const bytes = new Writer()
    .u8(VERSION)
    .text16(invite.address)
    .raw(invite.linkKey)
    .text16(invite.domain)
    .raw(invite.networkHash)
    .text16(invite.code)
    .finish();
  const text = PREFIX + toBase64Url(bytes);
  decodeInvite(text);
  return text;
}

/** White space that mail programs put in or around is ignored. Throws MALFORMED, VERSION_NEWER. */
export function decodeInvite(text: string): Invite {
  if (text.length > INVITE_TEXT_BYTES_MAX) throw new TransportError("MALFORMED");
  const line = text.replace(/\s+/g, "");
  if (NEWER.test(line)) throw new TransportError("VERSION_NEWER");
  if (!line.startsWith(PREFIX)) throw new TransportError("MALFORMED", "An invite begins with starling:1:");
  const reader = new Reader(fromBase64Url(line.slice(PREFIX.length)));
  if (reader.u8() !== VERSION) throw new TransportError("MALFORMED");
  const invite: Invite = {
    address: reader.text16(ADDRESS_TEXT_BYTES_MAX),
    linkKey: reader.take(KEY_BYTES),
    domain: reader.text16(DOMAIN_BYTES_MAX),
    networkHash: reader.take(HASH_BYTES),
    code: reader.text16(INVITE_CODE_BYTES_MAX),
  };
  reader.end();
  parseAddress(invite.address);
  checkDomain(invite.domain);
  return invite;
}

const PREFIX = "starling:1:";
const NEWER = /^starling:(?:[2-9]|[1-9][0-9]{1,3}):/;
const VERSION = 1;
