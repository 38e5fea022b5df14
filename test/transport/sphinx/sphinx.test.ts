/** The rules of wrapping that an honest caller can break, and the payloads of services. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isTransportError } from "#test/support/errors.ts";
import { sphinxNodes, TEST_PERIOD } from "#test/support/sphinx-nodes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { keyPeriodNumber, mailboxId, milliseconds, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry, geometryForPayload } from "#transport/sphinx/geometry.ts";
import {
  decodeServiceRequest,
  NO_TOKEN,
  encodeServiceRequest,
  requestBytesMax,
  serviceId,
} from "#transport/sphinx/service-payload.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

const network = await sphinxNodes({ suite: "x25519", payloadBytes: 2048, seed: "sphinx" });
const { sphinx, random } = network;
const payload = random.bytes(sphinx.geometry.payloadBytes);
const destination = { command: "mailbox", recipient: random.bytes(32) } as const;

test("the live network's packet has the sizes that its specification prints", () => {
  const sizes = geometry(LIVE_PARAMETERS);
  assert.deepEqual(
    [sizes.packetBytes, sizes.headerBytes, sizes.payloadBytes, sizes.surbBytes, sizes.sealedBytes, sizes.fragmentBytes],
    [28_672, 4_774, 23_898, 4_838, 23_834, 22_698],
  );
  assert.equal(sizes.headerBytes + sizes.payloadBytes, sizes.packetBytes);
  assert.ok(sizes.sealedBytes + 17 <= sizes.replyBytes, "a reply carries a seal with the numbers of a box's entry");
  assert.deepEqual(geometryForPayload({ suite: "xwing", payloadBytes: 23_898 }), sizes);
});

test("a packet too small for a sealed fragment is no network's", () => {
  for (const packetBytes of [0, 1, 5000, -1, 28_672.5, Number.NaN]) {
    assert.throws(() => geometry({ suite: "xwing", packetBytes }), isTransportError("MALFORMED"));
  }
});

test("suite and geometry must be of one network", async () => {
  const suite = await loadSuite("x25519", "native");
  assert.throws(() => new Sphinx({ suite, geometry: geometry(LIVE_PARAMETERS) }), RangeError);
});

test("a payload, recipient, path, delay or period of the wrong shape is the caller's mistake", () => {
  const path = network.path();
  const wrap = (change: object) => () => sphinx.wrap({ path, destination, payload, random, ...change });
  assert.throws(wrap({ payload: payload.subarray(1) }), RangeError);
  assert.throws(wrap({ destination: { command: "mailbox", recipient: new Uint8Array(31) } }), RangeError);
  assert.throws(wrap({ path: { period: TEST_PERIOD, hops: [] } }), RangeError);
  assert.throws(wrap({ path: { period: TEST_PERIOD, hops: [...path.hops, ...path.hops] } }), RangeError);
  assert.throws(wrap({ path: { ...path, period: keyPeriodNumber(2 ** 32) } }), RangeError);
  const withDelay = (delay: number) => ({ path: { ...path, hops: [{ ...path.hops[0], delay: milliseconds(delay) }] } });
  for (const delay of [-1, 0.5, 2 ** 32, Number.NaN]) assert.throws(wrap(withDelay(delay)), RangeError);
  wrap(withDelay(2 ** 32 - 1))();
});

test("a mix key that is none is refused before a packet exists", () => {
  const path = network.path(1);
  for (const mixKey of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(0)]) {
    const bad = { ...path, hops: [{ ...path.hops[0], mixKey }] } as typeof path;
    assert.throws(() => sphinx.wrap({ path: bad, destination, payload, random }), isTransportError("MALFORMED"));
  }
});

test("two packets of the same mail share no block", () => {
  const [a, b] = [0, 1].map(() => sphinx.wrap({ path: network.path(), destination, payload, random }).packet) as [
    Uint8Array,
    Uint8Array,
  ];
  assert.deepEqual(a.subarray(0, 6), b.subarray(0, 6));
  for (let at = 6; at + 16 <= a.length; at += 16) assert.notDeepEqual(a.subarray(at, at + 16), b.subarray(at, at + 16));
});

test("wrapping takes the same randomness whatever the packet carries", () => {
  const draws = (["mailbox", "service", "drop", "loop"] as const).map((command) => {
    const lengths: number[] = [];
    const counting = {
      bytes(length: number) {
        lengths.push(length);
        return random.bytes(length);
      },
    };
    sphinx.wrap({ path: network.path(), destination: { ...destination, command }, payload, random: counting });
    return lengths;
  });
  for (const lengths of draws) assert.deepEqual(lengths, draws[0]);
});

test("a service request carries its SURB there, and the reply comes back", () => {
  const surb = sphinx.createSurb({
    path: network.path(),
    mailbox: mailboxId(random.bytes(32)),
    surbId: surbId(random.bytes(16)),
    random,
  });
  const { geometry: sizes, suite } = sphinx;
  const body = random.bytes(requestBytesMax(sizes, "keys"));
  const framed = encodeServiceRequest(sizes, { service: "keys", surb: surb.surb, body, random });
  assert.equal(framed.length, sizes.payloadBytes);
  const { packet } = sphinx.wrap({
    path: network.path(),
    destination: { command: "service", recipient: serviceId(suite, "keys") },
    payload: framed,
    random,
  });
  const request = network.travel(packet).at(-1);
  assert.ok(request?.kind === "deliver" && request.command === "service");
  const decoded = decodeServiceRequest(sizes, request.payload);
  assert.deepEqual(decoded, { service: "keys", surb: surb.surb, token: NO_TOKEN, body });

  const answer = random.bytes(sizes.replyBytes);
  const reply = network.travel(sphinx.wrapReply({ surb: decoded.surb, body: answer, random }).packet).at(-1);
  assert.ok(reply?.kind === "deliver" && reply.command === "reply");
  assert.deepEqual(sphinx.openReply({ replyKey: surb.replyKey, payload: reply.payload }), answer);
});

test("a body that does not fit is the caller's mistake", () => {
  const { geometry: sizes } = sphinx;
  const surb = new Uint8Array(sizes.surbBytes);
  const tooLong = new Uint8Array(requestBytesMax(sizes, "keys") + 1);
  assert.throws(() => encodeServiceRequest(sizes, { service: "keys", surb, body: tooLong, random }), RangeError);
  assert.throws(
    () => encodeServiceRequest(sizes, { service: "k".repeat(65), surb, body: surb.subarray(0, 1), random }),
    RangeError,
  );
  assert.throws(
    () => encodeServiceRequest(sizes, { service: "keys", surb: surb.subarray(1), body: surb.subarray(0, 1), random }),
    RangeError,
  );
  assert.throws(() => sphinx.wrapReply({ surb, body: new Uint8Array(sizes.replyBytes + 1), random }), RangeError);
});

test("a service's id depends on its name", () => {
  const { suite } = sphinx;
  assert.equal(serviceId(suite, "keys").length, 32);
  assert.notDeepEqual(serviceId(suite, "keys"), serviceId(suite, "have"));
});
