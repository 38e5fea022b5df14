/** What a provider is asked about boxes by nobody in particular, and what it answers. */

import { SeededRandom } from "#test/support/seeded-random.ts";
import {
  type BoxRequest,
  type Collected,
  decodeBoxRequest,
  decodeCollected,
  decodeOpened,
  encodeCollect,
  encodeCollected,
  encodeOpen,
  encodeOpened,
} from "#transport/box/requests.ts";
import { decodePlace, encodePlace } from "#transport/box/place.ts";
import { mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

export function boxTargets({ geometry }: Traffic): Target[] {
  const random = new SeededRandom("fuzz boxes");
  const { surbBytes, sealedBytes } = geometry;
  const shape = { boxReplies: 2, surbBytes };
  const secret = random.bytes(32);
  const collect = {
    secret,
    readerId: random.bytes(32),
    cursor: 1200,
    taken: 0b1011n,
    delays: [milliseconds(20_000), milliseconds(110_000)],
    surbs: [random.bytes(surbBytes)],
  };
  const collected: readonly Collected[] = [
    { what: "unknown" },
    { what: "nothing", next: 1201 },
    { what: "entry", next: 1201, number: 1205, sealed: random.bytes(sealedBytes) },
  ];
  const place = {
    providerId: nodeId(random.bytes(32)),
    boxId: mailboxId(random.bytes(32)),
    until: milliseconds(1_800_000_000_000),
  };
  return [
    {
      name: "place",
      corpus: [place, undefined].map(encodePlace),
      decode: inverse(decodePlace, encodePlace),
      takesChanged: "some",
    },
    {
      name: "request to a box",
      corpus: [encodeOpen({ secret }), encodeCollect(collect), encodeCollect({ ...collect, cursor: 0, taken: 0n })],
      decode: inverse((bytes) => decodeBoxRequest(bytes, shape), encode),
      takesChanged: "some",
    },
    {
      name: "answer to who opens a box",
      corpus: [undefined, milliseconds(1_800_000_000_000)].map((until) => encodeOpened({ until })),
      decode: inverse(decodeOpened, encodeOpened),
      takesChanged: "some",
    },
    {
      name: "answer to who collects from a box",
      corpus: collected.map(encodeCollected),
      decode: inverse((bytes) => decodeCollected(bytes, { sealedBytes }), encodeCollected),
      takesChanged: "some",
    },
  ];
}

const encode = (request: BoxRequest): Uint8Array =>
  request.kind === "open" ? encodeOpen(request) : encodeCollect(request);
