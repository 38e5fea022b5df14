/** A request to a service behind the mixnet, with the SURB for its answer. Spec: docs/spec/03-sphinx.md §9 */

import { concat, Reader, utf8, Writer } from "../core/bytes.ts";
import type { RandomSource } from "../core/random.ts";
import type { Primitives } from "../crypto/suite.ts";
import { frameBody, unframeBody } from "./framed-body.ts";
import type { Geometry } from "./geometry.ts";
import { SERVICE_NAME_BYTES_MAX } from "./limits.ts";

export interface ServiceRequest {
  readonly service: string;
  readonly surb: Uint8Array;
  readonly body: Uint8Array;
}

/** The payload of a packet with the command `service`. Throws RangeError for a body over `requestBytesMax`. */
export function encodeServiceRequest(
  geometry: Geometry,
  request: ServiceRequest & { readonly random: RandomSource },
): Uint8Array {
  const name = utf8(request.service);
  if (name.length > SERVICE_NAME_BYTES_MAX) throw new RangeError("the service's name is too long");
  if (request.surb.length !== geometry.surbBytes) throw new RangeError("that is no SURB");
  const framed = new Writer().bytes16(name).raw(request.surb).bytes32(request.body).finish();
  return frameBody(geometry, framed, request.random);
}

/** Throws MALFORMED when the payload was touched on the way or is no request. */
export function decodeServiceRequest(geometry: Geometry, payload: Uint8Array): ServiceRequest {
  const reader = new Reader(unframeBody(geometry, payload));
  const service = reader.text16(SERVICE_NAME_BYTES_MAX);
  const surb = reader.take(geometry.surbBytes);
  const body = reader.bytes32(reader.remaining);
  reader.end();
  return { service, surb, body };
}

/** The longest body that a request to this service can carry. */
export function requestBytesMax(geometry: Geometry, service: string): number {
  return geometry.replyBytes - 2 - utf8(service).length - geometry.surbBytes - 4;
}

/** The 32-byte recipient that a packet to this service names. */
export function serviceId(primitives: Primitives, service: string): Uint8Array {
  return primitives.blake2b(concat(SERVICE_LABEL, utf8(service)));
}

const SERVICE_LABEL = utf8("starling/service/v1");
