/**
 * Somebody on the line who has broken one of the two signature schemes of link keys (with a quantum computer Ed25519's, and then has
 * everybody's certificate), and somebody who has broken none and passes on what others say. Neither becomes a node, an
 * authority, or a client's provider. Spec: docs/spec/05-link.md §2
 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { forger, WORDS, type OtherHalf } from "#test/attacks/support/half-forger.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { HANDSHAKE_TIME_MAX } from "#transport/link/limits.ts";
import type { Protocol } from "#transport/link/link.ts";
import { LINK_PROOF_BYTES, linkKeyOf } from "#transport/link/link-key.ts";
import { linkCredentials } from "#transport/link/tls.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { type ListenOptions, TlsListener } from "#transport/link/tls-listener.ts";
import { type End, sendLinkProof, sharedBy } from "#transport/link/tls-proof.ts";

const suite = await loadSuite("x25519", "native");
const sizes = { packetBytes: 28_672, payloadBytes: 23_830 };
const seed = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const [PROVIDER, NODE] = [seed(1), seed(2)];
const PROTOCOLS: readonly Protocol[] = ["starling-node/2", "starling-client/2", "starling-directory/2"];
const UNPROVEN = "a link key that is not proven";

/** What the holder of the Ed25519 key alone can say in the handshake's place of the other half. */
const HALVES = Object.keys(WORDS) as OtherHalf[];

for (const protocol of PROTOCOLS) {
  for (const other of HALVES) {
    test(`${protocol}: an Ed25519 key, and ${WORDS[other]} for ML-DSA, is not the listener that was dialled`, async (t) => {
      const { address } = await impostor(t, protocol, (socket) =>
        prove(socket, "listener", forger(suite, "Ed25519", other), PROVIDER),
      );
      await assert.rejects(dial(address, protocol), { code: /^(REFUSED|PROVIDER_DOWN)$/ });
    });
  }

  test(`${protocol}: an ML-DSA key, and another's Ed25519 signature, is not the listener that was dialled`, async (t) => {
    const { address } = await impostor(t, protocol, (socket) =>
      prove(socket, "listener", forger(suite, "ML-DSA", "another's"), PROVIDER),
    );
    await assert.rejects(dial(address, protocol), { code: "REFUSED" });
  });

  test(`${protocol}: who has the certificate's key passes on the proof of the real one: it is for another connection`, async (t) => {
    const { listener, arrived } = await listen(t, { protocols: [protocol] });
    const proofs: Uint8Array[] = [];
    const { address } = await impostor(t, protocol, async (socket) => {
      // Between both: each side's proof goes to the other.
      const onward = await connected(listener.address, protocol, NODE);
      t.after(() => onward.destroy());
      socket.on("data", (bytes: Buffer) => void onward.write(bytes));
      onward.on("data", (bytes: Buffer) => (proofs.push(new Uint8Array(bytes)), socket.write(bytes)));
      onward.on("close", () => socket.destroy());
    });
    await assert.rejects(dial(address, protocol), { code: /^(REFUSED|PROVIDER_DOWN)$/ });
    if (protocol === "starling-client/2") assert.ok(proofs.length > 0, "it was a real proof that did not hold");
    else assert.equal(arrived.length, 0, "nor does the dialler's hold there");
  });
}

for (const protocol of ["starling-node/2", "starling-directory/2"] as const) {
  for (const other of HALVES.filter((name) => name !== "nothing")) {
    test(`${protocol}: an Ed25519 key, and ${WORDS[other]} for ML-DSA, dials as nobody`, async (t) => {
      const { listener, refused, arrived } = await listen(t, { protocols: [protocol] });
      const socket = await connected(listener.address, protocol, NODE);
      prove(socket, "dialer", forger(suite, "Ed25519", other), NODE);
      await decided({ refused, arrived }, 1);
      assert.deepEqual([refused, arrived.length], [[UNPROVEN], 0]);
      socket.destroy();
    });
  }

  test(`${protocol}: a listener's own proof sent back to it proves nothing`, async (t) => {
    const { listener, refused, arrived } = await listen(t, { protocols: [protocol] });
    const socket = await connected(listener.address, protocol, PROVIDER);
    // As both have one key here, only the text that is signed tells the two ends apart.
    prove(socket, "listener", suite, PROVIDER);
    await decided({ refused, arrived }, 1);
    assert.deepEqual([refused, arrived.length], [[UNPROVEN], 0]);
    socket.destroy();
  });

  test(`${protocol}: who says nothing, or half of it, is let go when the time for handshakes is over`, async (t) => {
    const clock = new VirtualClock();
    const { listener, refused, arrived } = await listen(t, { protocols: [protocol], clock });
    const silent = await connected(listener.address, protocol, NODE);
    const halfway = await connected(listener.address, protocol, NODE);
    halfway.write(new Uint8Array(LINK_PROOF_BYTES - 1));
    while (listener.load.handshakes < 2) await new Promise((resolve) => setImmediate(resolve));
    await clock.runFor(milliseconds(HANDSHAKE_TIME_MAX + 1));
    await decided({ refused, arrived }, 2);
    silent.destroy();
    halfway.destroy();
    assert.deepEqual([refused, arrived.length], [[UNPROVEN, UNPROVEN], 0]);
    assert.deepEqual(listener.load, { links: 0, handshakes: 0 });
  });
}

test("what follows a proof in the same piece is not lost, and a proof may come byte by byte", async (t) => {
  const { listener, arrived } = await listen(t, { protocols: ["starling-node/2"] });
  const socket = await connected(listener.address, "starling-node/2", NODE);
  const proof = await proofOf(socket);
  for (const at of [0, 1, 2]) socket.write(proof.subarray(at, at + 1));
  const packet = new Uint8Array(1 + sizes.packetBytes).fill(9).with(0, 1);
  socket.write(Buffer.concat([proof.subarray(3), packet, packet.subarray(0, 100)]));
  while (arrived.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const link = arrived[0];
  assert.deepEqual(link?.peer, { role: "node", key: linkKeyOf(suite, NODE) });
  const frame = await new Promise<Uint8Array>((resolve) => link?.onFrame(resolve));
  assert.deepEqual(frame, packet);
  socket.destroy();
});

/** What `socket` would send. */
function proofOf(socket: TLSSocket): Promise<Uint8Array> {
  const away = new PassThrough();
  const shared = sharedBy(socket) as Uint8Array;
  sendLinkProof({ socket: away as unknown as TLSSocket, end: "dialer", shared, signer: suite.hybrid.signer(NODE) });
  return new Promise((resolve) => away.once("data", (bytes: Buffer) => resolve(new Uint8Array(bytes))));
}

function prove(socket: TLSSocket, end: End, as: Suite, own: Uint8Array): void {
  sendLinkProof({ socket, end, shared: sharedBy(socket) as Uint8Array, signer: as.hybrid.signer(own) });
}

/** A listener with the certificate of PROVIDER, and nothing else of it but what `then` says. */
async function impostor(t: TestContext, protocol: Protocol, then: (socket: TLSSocket) => void | Promise<void>) {
  const server = createTlsServer({
    ...linkCredentials(PROVIDER),
    ALPNProtocols: [protocol],
    requestCert: true,
    rejectUnauthorized: false,
  });
  const sockets: TLSSocket[] = [];
  server.on("secureConnection", (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    void then(socket);
    // What is shorter than a proof ends there.
    void sleep(100, undefined, { ref: false }).then(() => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const dial = (address: string, protocol: Protocol) =>
  new TlsDialer({ identitySeed: NODE, suite, sizes, clock: new SystemClock() }).dial({
    address,
    expectedKey: linkKeyOf(suite, PROVIDER),
    protocol,
  });

async function listen(t: TestContext, o: Pick<ListenOptions, "protocols"> & Partial<ListenOptions>) {
  const refused: string[] = [];
  const arrived: Parameters<Parameters<TlsListener["onLink"]>[0]>[0][] = [];
  const listener = await TlsListener.listen({
    identitySeed: PROVIDER,
    suite,
    sizes,
    clock: new SystemClock(),
    host: "127.0.0.1",
    port: 0,
    onRefused: (reason) => void refused.push(reason),
    ...o,
  });
  listener.onLink((link) => void arrived.push(link));
  t.after(() => listener.close());
  return { listener, refused, arrived };
}

/** With the certificate of `own`, and no proof yet. */
async function connected(address: string, protocol: Protocol, own: Uint8Array): Promise<TLSSocket> {
  const [host, port] = address.split(":");
  const options = { host: host as string, port: Number(port), rejectUnauthorized: false, ALPNProtocols: [protocol] };
  const socket = connectTls({ ...options, ...linkCredentials(own) });
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
  return socket;
}

/** Until the listener has said yes or no so many times; five seconds, should it never. */
async function decided(o: { refused: readonly string[]; arrived: readonly unknown[] }, count: number): Promise<void> {
  for (let look = 0; look < 500 && o.refused.length + o.arrived.length < count; look++) await sleep(10);
}
