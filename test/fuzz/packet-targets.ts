/** What packets carry: the header and its blocks, seals, fragments, receipts, replies. */

import assert from "node:assert/strict";
import { sphinxNodes } from "#test/support/sphinx-nodes.ts";
import { decodeReceipt, encodeReceipt } from "#transport/client/receipt.ts";
import { concat } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { mailboxId, messageId, milliseconds, nodeId, surbId } from "#transport/core/units.ts";
import { decodeFragment, encodeFragment } from "#transport/fragment/fragment.ts";
import { Reassembly } from "#transport/fragment/reassembly.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { split } from "#transport/fragment/split.ts";
import { unframeBody } from "#transport/sphinx/framed-body.ts";
import { decodeRouting, encodeRouting } from "#transport/sphinx/routing.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import { payloadOf, type Traffic } from "./traffic.ts";

export async function packetTargets(traffic: Traffic): Promise<Target[]> {
  const own = await sphinxNodes({ ...payloadOf(traffic), seed: "fuzz packets" });
  const { sphinx, random, nodes } = own;
  const { geometry, suite } = sphinx;
  const [first] = nodes as [(typeof nodes)[number]];
  const packets = Array.from({ length: 8 }, (_, i) =>
    sphinx.wrap({
      path: own.path(1 + (i % 4)),
      destination: { command: i % 2 === 0 ? "mailbox" : "service", recipient: random.bytes(32) },
      payload: random.bytes(geometry.payloadBytes),
      random,
    }),
  ).map(({ packet }) => packet);
  const surb = () =>
    sphinx.createSurb({
      path: own.path(),
      mailbox: mailboxId(random.bytes(32)),
      surbId: surbId(random.bytes(16)),
      random,
    });
  const made = surb();
  const reply = sphinx.wrapReply({ surb: made.surb, body: random.bytes(300), random });
  const steps = own.travel(reply.packet);
  const arrived = steps.at(-1) as { payload: Uint8Array };

  const pair = suite.sealKem.generate(random);
  const mailboxKey = suite.sealKem.open(pair.privateKey);
  const step = 8;
  const fragments = split({
    suite,
    geometry,
    step,
    kind: "message",
    messageId: messageId(random.bytes(16)),
    body: random.bytes(10 * geometry.fragmentBytes),
  });
  const plaintexts = fragments.map((fragment) => encodeFragment(geometry, fragment, random));
  const place = {
    providerId: nodeId(random.bytes(32)),
    boxId: mailboxId(random.bytes(32)),
    until: milliseconds(1_800_000_000_000),
  };
  const receipts = [1, 2, 9].map((count) => {
    const entries = Array.from({ length: count }, () => ({ id: messageId(random.bytes(16)), proof: random.bytes(32) }));
    return encodeReceipt({ place: count === 1 ? undefined : place, entries });
  });
  const { hop } = first;
  return [
    {
      name: "packet at a hop that has its key",
      dependsOnSuite: true,
      corpus: packets,
      decode: (bytes) => void sphinx.unwrap(bytes, first.keys, first.id),
      // The payload is opaque to a hop: it is the reader who notices a change there.
      takesChanged: "some",
    },
    {
      name: "header at a hop that has its key",
      dependsOnSuite: true,
      corpus: packets.map((packet) => packet.slice(0, geometry.headerBytes)),
      decode: (header) => {
        const payload = new Uint8Array(geometry.payloadBytes);
        void sphinx.unwrap(concat(header, payload), first.keys, first.id);
      },
      takesChanged: "none",
    },
    {
      name: "routing block",
      dependsOnSuite: true,
      corpus: [
        encodeRouting({
          command: "forward",
          delay: hop.delay,
          next: hop.nodeId,
          nextMac: random.bytes(32),
          nextCiphertext: random.bytes(geometry.ciphertextBytes),
        }),
        encodeRouting({ command: "reply", recipient: random.bytes(32), surbId: surbId(random.bytes(16)) }),
      ],
      // A block is read from the start of a longer row of bytes.
      decode: (bytes) => {
        const read = encodeRouting(decodeRouting(geometry, bytes));
        assert.deepEqual(new Uint8Array(read), new Uint8Array(bytes.subarray(0, read.length)));
      },
      takesChanged: "some",
    },
    {
      name: "SURB that is answered",
      dependsOnSuite: true,
      corpus: [made.surb, surb().surb],
      decode: (bytes) => void sphinx.wrapReply({ surb: bytes, body: new Uint8Array(10), random }),
      takesChanged: "some",
    },
    {
      name: "reply",
      dependsOnSuite: true,
      corpus: [arrived.payload],
      decode: (payload) => void sphinx.openReply({ replyKey: made.replyKey, payload }),
      takesChanged: "none",
    },
    {
      name: "framed body",
      dependsOnSuite: true,
      corpus: [0, 1, 300].map((length) => framedBody(geometry.payloadBytes, random.bytes(length))),
      decode: (bytes) => void unframeBody(geometry, bytes),
      takesChanged: "some",
    },
    {
      name: "sealed fragment",
      dependsOnSuite: true,
      // Without the random bytes behind it, which nothing covers: a reader takes them too, when there are as many as in a payload.
      corpus: plaintexts.map((plaintext) =>
        seal({ suite, geometry, mailboxKey: pair.publicKey, plaintext, random }).slice(0, geometry.sealedBytes),
      ),
      decode: (sealed) => {
        if (sealed.length === geometry.payloadBytes) throw new TransportError("MALFORMED");
        if (openSeal({ suite, geometry, mailboxKey, sealed }) === undefined) throw new TransportError("SEAL_FAILED");
      },
      takesChanged: "none",
    },
    {
      name: "fragment, and the message it is put into",
      dependsOnSuite: true,
      corpus: plaintexts,
      decode: reassembling({ suite, geometry, step, messageBytesMax: 25 * 2 ** 20 }),
      takesChanged: "some",
    },
    { name: "receipt", corpus: receipts, decode: inverse(decodeReceipt, encodeReceipt), takesChanged: "some" },
  ];
}

/** Each fragment goes into the message under way; a new one begins when it is whole, as at a client. */
function reassembling(deps: ConstructorParameters<typeof Reassembly>[0]): (bytes: Uint8Array) => void {
  let reassembly = new Reassembly(deps);
  return (bytes) => {
    const added = reassembly.add(decodeFragment(deps.geometry, bytes));
    if (added === "refused") throw new TransportError("MALFORMED");
    if (added === "complete" || reassembly.progress.received > 100) reassembly = new Reassembly(deps);
  };
}

/** zeros 32 ‖ length u32 ‖ body ‖ zeros */
function framedBody(payloadBytes: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(payloadBytes);
  new DataView(bytes.buffer).setUint32(32, body.length);
  bytes.set(body, 36);
  return bytes;
}
