/** What a provider is asked about boxes by nobody in particular, and what it answers. */

import assert from "node:assert/strict";
import { collectDelayMax } from "#transport/box/limits.ts";
import {
  type BoxRequest,
  decodeBoxRequest,
  decodeCollected,
  decodeOpened,
  encodeCollect,
  encodeCollected,
  encodeOpen,
  encodeOpened,
} from "#transport/box/requests.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

export function boxTargets({ geometry, network, boxes }: Traffic): Target[] {
  const { surbBytes, sealedBytes } = geometry;
  const { parameters } = network;
  const shape = { boxReplies: parameters.boxReplies, surbBytes, delayMax: collectDelayMax(parameters) };
  const { requests, opened, collected } = boxes;
  assert.deepEqual([kinds(requests), kinds(opened), kinds(collected)], [2, 1, 3]);
  return [
    {
      name: "request to a box",
      dependsOnSuite: true,
      corpus: requests,
      decode: inverse((bytes) => decodeBoxRequest(bytes, shape), encode),
      takesChanged: "some",
    },
    {
      name: "answer to who opens a box",
      corpus: [...opened, encodeOpened({ until: undefined })],
      decode: inverse(decodeOpened, encodeOpened),
      takesChanged: "some",
    },
    {
      name: "answer to who collects from a box",
      dependsOnSuite: true,
      corpus: collected,
      decode: inverse((bytes) => decodeCollected(bytes, { sealedBytes }), encodeCollected),
      takesChanged: "some",
    },
  ];
}

const encode = (request: BoxRequest): Uint8Array =>
  request.kind === "open" ? encodeOpen(request) : encodeCollect(request);

/** The first byte says which. */
const kinds = (all: readonly Uint8Array[]): number => new Set(all.map(([kind]) => kind)).size;
