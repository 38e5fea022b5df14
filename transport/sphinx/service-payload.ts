/** A request to a service behind the mixnet, with the SURB for its answer. Spec: docs/spec/03-sphinx.md §9 */

import { concat, Reader, utf8, Writer } from "../core/bytes.ts";
import type { RandomSource } from "../core/random.ts";
import type { Primitives } from "../crypto/suite.ts";
import { frameBody, unframeBody } from "./framed-body.ts";
import type { Geometry } from "./geometry.ts";
import { SERVICE_NAME_BYTES_MAX, TOKEN_BYTES } from "./limits.ts";

export interface ServiceRequest {
  readonly service: string;
  readonly surb: Uint8Array;
  /** 68 bytes, by which its sender may ask; zeros where a service wants none (docs/spec/13-tokens.md §3). */
  readonly token: Uint8Array;
  readonly body: Uint8Array;
}

/** The payload of a packet with the command `service`. Throws RangeError for a body over `requestBytesMax`. */
export function encodeServiceRequest(
  geometry: Geometry,
  request: Omit<ServiceRequest, "token"> & { readonly token?: Uint8Array; readonly random: RandomSource },
): Uint8Array {
  const { token = NO_TOKEN } = request;
  const name = utf8(request.service);
  if (name.length > SERVICE_NAME_BYTES_MAX) throw new RangeError("the service's name is too long");
  if (request.surb.length !== geometry.surbBytes) throw new RangeError("that is no SURB");
  if (token.length !== TOKEN_BYTES) throw new RangeError("that is no token");
  const framed = new Writer().bytes16(name).raw(request.surb).raw(token).bytes32(request.body).finish();
  return frameBody(geometry, framed, request.random);
}

/** Throws MALFORMED when the payload was touched on the way or is no request. */
export function decodeServiceRequest(geometry: Geometry, payload: Uint8Array): ServiceRequest {
  const reader = new Reader(unframeBody(geometry, payload));
  const service = reader.text16(SERVICE_NAME_BYTES_MAX);
  const surb = reader.take(geometry.surbBytes);
  const token = reader.take(TOKEN_BYTES);
  const body = reader.bytes32(reader.remaining);
  reader.end();
  return { service, surb, token, body };
}

/** The longest body that a request to this service can carry. */
export function requestBytesMax(geometry: Geometry, service: string): number {
  return geometry.replyBytes - 2 - utf8(service).length - geometry.surbBytes - TOKEN_BYTES - 4;
}

/** The 32-byte recipient that a packet to this service names. */
export function serviceId(primitives: Primitives, service: string): Uint8Array {
  return primitives.blake2b(concat(SERVICE_LABEL, utf8(service)));
}

export const NO_TOKEN = new Uint8Array(TOKEN_BYTES);
const SERVICE_LABEL = utf8("starling/service/v1");
