/** What arrives on a link: streams, frames, control requests and answers, parts of documents. */

import assert from "node:assert/strict";
import type { Captured } from "#test/sim/network-in-memory.ts";
import { concat } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import {
  decodeControlAnswer,
  decodeControlRequest,
  encodeControlAnswer,
  encodeControlRequest,
} from "#transport/link/control.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import { FrameAssembler } from "#transport/link/frame-assembler.ts";
import { type FrameSizes, frameTable } from "#transport/link/frame-table.ts";
import { PartCollector } from "#transport/link/parts.ts";
import { parseAddress } from "#transport/link/address.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

export function linkTargets(traffic: Traffic): Target[] {
  const sides = [...new Set(traffic.frames.map(sideOf))];
  return [
    ...sides.flatMap((side) => sideTargets(side, traffic)),
    {
      name: "control request",
      corpus: traffic.of("control").map(({ body }) => body),
      decode: inverse(decodeControlRequest, encodeControlRequest),
      takesChanged: "some",
    },
    {
      name: "control answer",
      corpus: traffic.of("controlAnswer").map(({ body }) => body),
      decode: inverse(decodeControlAnswer, encodeControlAnswer),
      takesChanged: "some",
    },
    {
      name: "address",
      corpus: ["127.0.0.1:443", "[::1]:2000", "mix.example.org:65535"].map((text) => Buffer.from(text)),
      decode: (bytes) => {
        const { port } = parseAddress(Buffer.from(bytes).toString());
        assert.ok(port > 0 && port < 65_536);
      },
      takesChanged: "any",
    },
  ];
}

const sideOf = ({ protocol, direction }: Captured): string => `${protocol} ${direction}`;

function sideTargets(side: string, { frames, sizes: packet }: Traffic): Target[] {
  const seen = frames.filter((frame) => sideOf(frame) === side);
  const { protocol, direction } = seen[0] as Captured;
  const sizes: FrameSizes = protocol === "starling-directory/2" ? { packetBytes: 0, payloadBytes: 0 } : packet;
  const corpus = seen.map(({ bytes }) => bytes);
  const collector = new PartCollector();
  // Who dials a node hears nothing but single bytes.
  const dependsOnSuite = corpus.some(({ length }) => length > 1);
  return [
    {
      name: `frame, ${side}`,
      dependsOnSuite,
      corpus,
      decode: (bytes) => {
        const frame = decodeFrame(bytes, { protocol, direction, sizes });
        // Encoding and reading again gives the same value: nothing is understood that cannot be said.
        assert.deepEqual(decodeFrame(encodeFrame(frame, sizes), { protocol, direction, sizes }), frame);
        if (frame.type === "consensusPart") collector.add(frame);
      },
      takesChanged: "some",
    },
    {
      name: `stream, ${side}`,
      dependsOnSuite,
      corpus: corpus.map((bytes, i) => concat(bytes, corpus[(i + 1) % corpus.length] as Uint8Array)),
      decode: (bytes) => {
        const table = frameTable({ protocol, direction, sizes });
        const assembler = new FrameAssembler(table);
        let taken = 0;
        let offset = 0;
        for (let size = 1; offset < bytes.length; size = (size * 7) % 4093) {
          const isWhole = assembler.push(bytes.subarray(offset, offset + size), (frame) => {
            assert.ok(table.has(frame[0] as number));
            taken += frame.length;
          });
          assert.ok(taken <= bytes.length);
          if (!isWhole) throw new TransportError("MALFORMED");
          offset += size;
        }
      },
      takesChanged: "some",
    },
  ];
}
