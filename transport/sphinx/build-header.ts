/** Builds the header of a packet or SURB for a path. Spec: docs/spec/03-sphinx.md §6 */

import { concat } from "../core/bytes.ts";
import type { RandomSource } from "../core/random.ts";
import { wipe } from "../core/secret.ts";
import { MAILBOX_ID_BYTES } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { FINAL_BYTES, type Geometry, HOPS_MAX, MAC_BYTES, PREFIX_BYTES, SUITE_CODES, VERSION } from "./geometry.ts";
import { HOP_SECRET_BYTES, type HopKeys, hopKeys, hopSecret } from "./hop-keys.ts";
import type { Hop, Path } from "./packet.ts";
import { encodeRouting, type FinalRouting } from "./routing.ts";

export interface BuiltHeader {
  readonly header: Uint8Array;
  /** In path order; views into `secrets`. */
  readonly hops: readonly HopKeys[];
  /** Every key of the path: whoever gets it wipes it. */
  readonly secrets: Uint8Array;
}

/** Throws MALFORMED when a mix key is none, RangeError for a path that nobody should have drawn. */
export function buildHeader(
  { suite, geometry }: { suite: Suite; geometry: Geometry },
  { path, final, random }: { path: Path; final: FinalRouting; random: RandomSource },
): BuiltHeader {
  checkPath(path);
  if (final.recipient.length !== MAILBOX_ID_BYTES) throw new RangeError("a recipient has 32 bytes");
  const { routingBytes, forwardBytes } = geometry;
  const { ciphertexts, hops, secrets } = encapsulateToAll(suite, path, random);
  const streams = hops.map((keys) => {
    const stream = new Uint8Array(routingBytes + forwardBytes);
    suite.chacha20InPlace(keys.routing, stream);
    return stream;
  });

  // The last hop's routing block ends with what the hops before it will have pushed in. Between its own block and that
  // stand random bytes: zeros would tell the last hop how long the path was (Kuhn et al., S&P 2020, §4).
  const filler = fillerOf(streams.slice(0, -1), forwardBytes);
  const padding = random.bytes(routingBytes - FINAL_BYTES - filler.length);
  const last = concat(encodeRouting(final), padding);
  xorInto(last, streams.at(-1) as Uint8Array);
  let routing = concat(last, filler);
  let header: Uint8Array = new Uint8Array(0);

  for (let i = hops.length - 1; i >= 0; i--) {
    if (i < hops.length - 1) {
      const block = encodeRouting({
        command: "forward",
        delay: (path.hops[i] as Hop).delay,
        next: (path.hops[i + 1] as Hop).nodeId,
        nextMac: header.subarray(-MAC_BYTES),
        nextCiphertext: ciphertexts[i + 1] as Uint8Array,
      });
      routing = concat(block, routing.subarray(0, routingBytes - forwardBytes));
      xorInto(routing, streams[i] as Uint8Array);
    }
    const covered = concat(prefix(suite, path), ciphertexts[i] as Uint8Array, routing);
    header = concat(covered, suite.blake2b(covered, (hops[i] as HopKeys).mac));
  }
  for (const stream of streams) wipe(stream);
  return { header, hops, secrets };
}

function encapsulateToAll(suite: Suite, path: Path, random: RandomSource) {
  const secrets = new Uint8Array(path.hops.length * HOP_SECRET_BYTES);
  const ciphertexts = path.hops.map(({ mixKey, nodeId }, i) => {
    const { ciphertext, sharedSecret } = suite.kem.encapsulate(mixKey, random);
    const secret = hopSecret(suite, { sharedSecret, ciphertext, nodeId, period: path.period });
    secrets.set(secret, i * HOP_SECRET_BYTES);
    wipe(secret);
    return ciphertext;
  });
  const hops = path.hops.map((_, i) => hopKeys(secrets.subarray(i * HOP_SECRET_BYTES, (i + 1) * HOP_SECRET_BYTES)));
  return { ciphertexts, hops, secrets };
}

/** What each hop but the last appends as zeros and every later one XORs its stream into, as the last hop will find it. */
function fillerOf(streams: readonly Uint8Array[], forwardBytes: number): Uint8Array {
  let filler: Uint8Array = new Uint8Array(0);
  for (const stream of streams) {
    filler = concat(filler, new Uint8Array(forwardBytes));
    xorInto(filler, stream.subarray(stream.length - filler.length));
  }
  return filler;
}

function prefix(suite: Suite, path: Path): Uint8Array {
  const bytes = new Uint8Array(PREFIX_BYTES);
  bytes[0] = VERSION;
  bytes[1] = SUITE_CODES[suite.name];
  new DataView(bytes.buffer).setUint32(2, path.period);
  return bytes;
}

function checkPath({ period, hops }: Path): void {
  if (hops.length < 1 || hops.length > HOPS_MAX) throw new RangeError(`a path has 1 to ${HOPS_MAX} hops`);
  if (!isU32(period) || !hops.every((hop) => isU32(hop.delay)))
    throw new RangeError("key period and delays are 32-bit");
}

const isU32 = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** 32;

/** XORs as much of `stream` as `bytes` is long. */
function xorInto(bytes: Uint8Array, stream: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) ^ (stream[i] as number);
}
