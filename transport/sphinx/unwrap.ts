/** Takes one layer off a packet: the work of a mix. Spec: docs/spec/03-sphinx.md §7 */

import { equalBytes } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { withSecret } from "../core/secret.ts";
import { keyPeriodNumber, type NodeId } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { type Geometry, MAC_BYTES, PREFIX_BYTES, SUITE_CODES, VERSION } from "./geometry.ts";
import { type HopKeys, hopKeys, hopSecret } from "./hop-keys.ts";
import { lionessDecrypt } from "./lioness.ts";
import type { MixKeys, Unwrapped } from "./packet.ts";
import { decodeRouting } from "./routing.ts";

/**
 * Verifies, then decrypts, then parses. Throws UNWRAP_FAILED and nothing else, whatever was wrong: whoever sent the
 * packet must not learn how far it came. The caller looks the tag up in its replay log before anything leaves.
 *
 * The packet stays as it is, unless `into` names memory of a packet's size for what comes out: it may be the packet's own.
 * A forwarded packet then lies in it, a payload at its end.
 */
export function unwrap(
  { suite, geometry }: { suite: Suite; geometry: Geometry },
  { packet, keys, nodeId, into }: { packet: Uint8Array; keys: MixKeys; nodeId: NodeId; into?: Uint8Array | undefined },
): Unwrapped {
  if (packet.length !== geometry.packetBytes) throw refused();
  if (packet[0] !== VERSION || packet[1] !== SUITE_CODES[suite.name]) throw refused();
  const period = keyPeriodNumber(new DataView(packet.buffer, packet.byteOffset, PREFIX_BYTES).getUint32(2));
  const ciphertext = packet.subarray(PREFIX_BYTES, PREFIX_BYTES + geometry.ciphertextBytes);
  const sharedSecret = keys.get(period)?.decapsulate(ciphertext);
  if (sharedSecret === undefined) throw refused();

  return withSecret<Unwrapped>(hopSecret(suite, { sharedSecret, ciphertext, nodeId, period }), (secret) => {
    const hop = hopKeys(secret);
    const macStart = geometry.headerBytes - MAC_BYTES;
    const mac = suite.blake2b(packet.subarray(0, macStart), hop.mac);
    if (!equalBytes(mac, packet.subarray(macStart, geometry.headerBytes))) throw refused();
    return decrypt({ suite, geometry }, { packet, hop, into });
  });
}

function decrypt(
  { suite, geometry }: { suite: Suite; geometry: Geometry },
  { packet, hop, into }: { packet: Uint8Array; hop: HopKeys; into: Uint8Array | undefined },
): Unwrapped {
  const { headerBytes, routingBytes, forwardBytes } = geometry;
  const routingStart = headerBytes - MAC_BYTES - routingBytes;

  // Zeros behind the block become the end of the next hop's block: the sender computed the MAC over the same stream.
  const block = new Uint8Array(routingBytes + forwardBytes);
  block.set(packet.subarray(routingStart, routingStart + routingBytes));
  suite.chacha20InPlace(hop.routing, block);
  const routing = parse(geometry, block);

  const forwarded = into ?? new Uint8Array(geometry.packetBytes); // The one allocation of a packet's size.
  const payload = forwarded.subarray(headerBytes);
  if (forwarded !== packet) payload.set(packet.subarray(headerBytes));
  lionessDecrypt(suite, hop.payload, payload);
  if (routing.command !== "forward") return { kind: "deliver", tag: hop.tag, ...routing, payload };
  forwarded.set(packet.subarray(0, PREFIX_BYTES));
  forwarded.set(routing.nextCiphertext, PREFIX_BYTES);
  forwarded.set(block.subarray(forwardBytes), routingStart);
  forwarded.set(routing.nextMac, headerBytes - MAC_BYTES);
  return { kind: "forward", tag: hop.tag, next: routing.next, delay: routing.delay, packet: forwarded };
}

function parse(geometry: Geometry, block: Uint8Array) {
  try {
    return decodeRouting(geometry, block);
  } catch {
    throw refused();
  }
}

const refused = (): TransportError => new TransportError("UNWRAP_FAILED");
