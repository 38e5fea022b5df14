/** Whatever bytes come, the packet layer's decoders answer with their one coded error or a value of the right shape. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isTransportError } from "#test/support/errors.ts";
import { sphinxNodes } from "#test/support/sphinx-nodes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { mailboxId, surbId } from "#transport/core/units.ts";
import { frameBody, unframeBody } from "#transport/sphinx/framed-body.ts";
import { decodeRouting } from "#transport/sphinx/routing.ts";
import { TOKEN_BYTES } from "#transport/sphinx/limits.ts";
import { decodeServiceRequest, encodeServiceRequest } from "#transport/sphinx/service-payload.ts";

/** A few bytes changed, and sometimes another length. */
const mutation = fc.record({
  changes: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
  resize: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -40, max: 40 }) },
  ),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(bytes: Uint8Array, { changes, resize }: Mutation): Uint8Array {
  const result = new Uint8Array(Math.max(0, bytes.length + resize));
  result.set(bytes.subarray(0, result.length));
  for (const [at, flip] of changes)
    if (result.length > 0) result[at % result.length] = (result[at % result.length] as number) ^ flip;
  return result;
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    if (error instanceof TransportError) return error.code;
    throw error;
  }
}

for (const suite of ["x25519", "xwing"] as const) {
  const network = await sphinxNodes({ suite, seed: `fuzz ${suite}` });
  const { sphinx, random } = network;
  const { geometry } = sphinx;
  const wrapped = sphinx.wrap({
    path: network.path(),
    destination: { command: "mailbox", recipient: random.bytes(32) },
    payload: random.bytes(geometry.payloadBytes),
    random,
  });
  const surb = sphinx.createSurb({
    path: network.path(),
    mailbox: mailboxId(random.bytes(32)),
    surbId: surbId(random.bytes(16)),
    random,
  });

  test(`${suite}: random bytes never unwrap, and fail in one way`, () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.uint8Array({ minLength: geometry.packetBytes, maxLength: geometry.packetBytes, size: "max" }),
        ),
        fc.boolean(),
        (bytes, dressed) => {
          if (dressed) bytes.set(wrapped.packet.subarray(0, Math.min(6, bytes.length))); // Right version, suite, epoch.
          assert.throws(() => network.unwrapAt(0, bytes), isTransportError("UNWRAP_FAILED"));
        },
      ),
      { numRuns: 100 },
    );
  });

  test(`${suite}: a mutated packet is refused, unless only its payload changed`, () => {
    fc.assert(
      fc.property(mutation, (change) => {
        const packet = mutate(wrapped.packet, change);
        const sameHeader =
          packet.length === wrapped.packet.length &&
          Buffer.compare(packet.subarray(0, geometry.headerBytes), wrapped.packet.subarray(0, geometry.headerBytes)) ===
            0;
        assert.equal(
          codeOf(() => network.unwrapAt(0, packet)),
          sameHeader ? "none" : "UNWRAP_FAILED",
        );
      }),
      { numRuns: 300 },
    );
  });

  test(`${suite}: a mutated SURB is no SURB, is refused by its first hop, or makes a reply that does not open`, () => {
    fc.assert(
      fc.property(mutation, (change) => {
        const bytes = mutate(surb.surb, change);
        if (Buffer.compare(bytes, surb.surb) === 0) return;
        let reply: ReturnType<typeof sphinx.wrapReply>;
        try {
          reply = sphinx.wrapReply({ surb: bytes, body: new Uint8Array(9), random });
        } catch (error) {
          assert.ok(isTransportError("MALFORMED")(error));
          assert.notEqual(bytes.length, surb.surb.length);
          return;
        }
        if (Buffer.compare(reply.firstHop, surb.surb.subarray(geometry.headerBytes, geometry.headerBytes + 32)) !== 0)
          return; // Goes astray.
        const code = codeOf(() => {
          const delivered = network.travel(reply.packet).at(-1);
          assert.ok(delivered?.kind === "deliver");
          return sphinx.openReply({ replyKey: surb.replyKey, payload: delivered.payload });
        });
        assert.ok(code === "UNWRAP_FAILED" || code === "REPLY_FAILED", code);
      }),
      { numRuns: 100 },
    );
  });

  test(`${suite}: a reply opens with its own key only, and whatever comes instead is refused in one way`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 2000 }), (replyKey, payload) => {
        for (const options of [
          { replyKey, payload },
          { replyKey: surb.replyKey, payload },
          { replyKey, payload: random.bytes(geometry.payloadBytes) },
          { replyKey: surb.replyKey, payload: random.bytes(geometry.payloadBytes) },
        ]) {
          assert.throws(() => sphinx.openReply(options), isTransportError("REPLY_FAILED"));
        }
      }),
      { numRuns: 50 },
    );
  });

  test(`${suite}: routing blocks of random bytes decode to their fields or are malformed`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: geometry.forwardBytes + 10, size: "max" }), (bytes) => {
        assert.ok(["none", "MALFORMED"].includes(codeOf(() => decodeRouting(geometry, bytes))));
      }),
      { numRuns: 300 },
    );
  });

  test(`${suite}: a framed body of any length comes back, and a touched one does not`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: geometry.replyBytes, size: "max" }), fc.nat(31), (body, at) => {
        const framed = frameBody(geometry, body, random);
        assert.equal(framed.length, geometry.payloadBytes);
        assert.deepEqual(unframeBody(geometry, framed), body);
        framed[at] = 1;
        assert.throws(() => unframeBody(geometry, framed), isTransportError("MALFORMED"));
      }),
      { numRuns: 50 },
    );
  });
}

test("service requests come back whole; mutated ones decode or are malformed, nothing else", async () => {
  const network = await sphinxNodes({ suite: "x25519", payloadBytes: 2000, seed: "requests" });
  const { geometry } = network.sphinx;
  const { random } = network;
  const surb = random.bytes(geometry.surbBytes);
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.uint8Array({ maxLength: 900, size: "max" }),
      fc.nat(600),
      fc.integer({ min: 1, max: 255 }),
      (service, body, at, flip) => {
        if (new TextEncoder().encode(service).length > 64) return;
        const token = random.bytes(TOKEN_BYTES);
        const payload = encodeServiceRequest(geometry, { service, surb, token, body, random });
        assert.deepEqual(decodeServiceRequest(geometry, payload), { service, surb, token, body });
        payload[at] = (payload[at] as number) ^ flip;
        assert.ok(["none", "MALFORMED"].includes(codeOf(() => decodeServiceRequest(geometry, payload))));
        const junk = random.bytes(geometry.payloadBytes).fill(0, 0, 34);
        assert.ok(["none", "MALFORMED"].includes(codeOf(() => decodeServiceRequest(geometry, junk))));
      },
    ),
    { numRuns: 200 },
  );
});
