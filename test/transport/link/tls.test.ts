/** TLS links beyond what test/compliance asks of every link: certificates, protocols, nodes. Real sockets on 127.0.0.1. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { SystemClock } from "#transport/core/system-clock.ts";
import { certificateKey, createLinkCertificate } from "#transport/link/certificate.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { linkCredentials } from "#transport/link/tls.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { type ListenOptions, TlsListener } from "#transport/link/tls-listener.ts";

const sizes = { packetBytes: 28_672, payloadBytes: 23_830 };
const seed = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const keyOf = (value: number): Uint8Array => createLinkCertificate(seed(value)).publicKey;
const packet = encodeFrame({ type: "packet", packet: new Uint8Array(28_672).fill(9) }, sizes);
const poll = encodeFrame({ type: "poll", cursor: 3 }, sizes);

async function listen(t: TestContext, o: Partial<ListenOptions> = {}) {
  const options = { identitySeed: seed(1), sizes, clock: new SystemClock(), host: "127.0.0.1", port: 0 };
  const refused: string[] = [];
  const onRefused = (reason: string) => void refused.push(reason);
  const protocols = ["starling-node/1", "starling-client/1"] as const;
  const listener = await TlsListener.listen({ ...options, protocols, onRefused, ...o });
  t.after(() => listener.close());
  const links: Link[] = [];
  const waiting: ((link: Link) => void)[] = [];
  listener.onLink((link) => {
    links.push(link);
    waiting.shift()?.(link);
  });
  const next = () => new Promise<Link>((resolve) => void waiting.push(resolve));
  return { listener, refused, next, links, port: Number(listener.address.split(":")[1]) };
}

const dialer = (value = 2) => new TlsDialer({ identitySeed: seed(value), sizes, clock: new SystemClock() });
const ended = (options: ConnectionOptions) =>
  new Promise<void>((resolve) => {
    const socket = connectTls(options);
    socket.on("error", () => undefined);
    socket.on("data", () => undefined);
    socket.on("close", () => resolve());
  });
const closed = (link: Link) => new Promise<string>((resolve) => link.onClose(resolve));
const frames = (link: Link, count: number) =>
  new Promise<Uint8Array[]>((resolve) => {
    const got: Uint8Array[] = [];
    link.onFrame((frame) => got.push(frame) === count && resolve(got));
  });

test("the certificate is a function of the seed, holds its key and verifies as self-signed", () => {
  const { certificatePem, publicKey } = createLinkCertificate(seed(5));
  const certificate = new X509Certificate(certificatePem);
  assert.equal(createLinkCertificate(seed(5)).certificatePem, certificatePem);
  assert.deepEqual(certificateKey(certificate), publicKey);
  assert.equal(certificate.verify(certificate.publicKey), true);
  assert.equal(certificate.subject, "CN=starling");
});

test("a protocol that the listener does not speak is refused in the handshake", async (t) => {
  const { listener, refused } = await listen(t);
  const dialled = dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-directory/1" });
  await assert.rejects(dialled, { code: "REFUSED" });
  assert.deepEqual(refused, ["handshake: ERR_SSL_NO_APPLICATION_PROTOCOL"]);
});

test("nobody at the address is PROVIDER_DOWN", async () => {
  const dialled = dialer().dial({ address: "127.0.0.1:1", expectedKey: keyOf(1), protocol: "starling-node/1" });
  await assert.rejects(dialled, { code: "PROVIDER_DOWN" });
});

test("connections without certificate, with an older TLS, or of peers not admitted become no link", async (t) => {
  const { listener, refused, links, next, port } = await listen(t, { admit: ({ key }) => key[0] === keyOf(2)[0] });
  const bare = { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["starling-node/1"] };
  await ended(bare);
  await ended({ ...bare, ...linkCredentials(seed(2)), minVersion: "TLSv1.2", maxVersion: "TLSv1.2" });
  await ended({ ...bare, ...linkCredentials(seed(2)), ALPNProtocols: [] });
  const stranger = await dialer(9).dial({
    address: listener.address,
    expectedKey: keyOf(1),
    protocol: "starling-node/1",
  });
  await closed(stranger);
  assert.equal(links.length, 0);
  assert.equal(refused.length, 4);
  assert.ok(refused.includes("no Ed25519 certificate"));
  assert.ok(refused.includes("no protocol in common"));
  assert.ok(refused.includes("a peer that is not admitted"));
  const arriving = next();
  await dialer(2).dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/1" });
  assert.equal((await arriving).peer.role, "node");
});

test("sending a frame of the wrong length is a mistake of the program", async (t) => {
  const { listener } = await listen(t);
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/1" });
  assert.throws(() => link.send(packet.subarray(1)), RangeError);
  assert.throws(() => link.send(poll), RangeError);
});

test("a peer that does not read loses frames; what arrives is whole, in order, and nothing waits in a queue", async (t) => {
  const { listener, next } = await listen(t);
  const arriving = next();
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/1" });
  const far = await arriving; // without a handler it does not read
  let sent = 0;
  let lost = 0;
  while (lost < 50) {
    const frame = encodeFrame({ type: "packet", packet: new Uint8Array(28_672).fill(sent % 251) }, sizes);
    if (link.send(frame)) sent++;
    else lost++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const got = await frames(far, sent);
  got.forEach((frame, index) => assert.equal(frame[1], index % 251));
});

test("a sender that is told when its frame has been taken may use the memory again, also behind frames that wait", async (t) => {
  const { listener, next } = await listen(t);
  const arriving = next();
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/1" });
  const got = frames(await arriving, 30);
  const free: Uint8Array[] = [];
  let made = 0;
  for (let sent = 0; sent < 30; sent++) {
    const frame = free.pop() ?? new Uint8Array(1 + 28_672);
    if (frame[0] === 0) made++;
    frame.fill(sent + 1).set([0x01]);
    assert.equal(
      link.send(frame, () => free.push(frame)),
      true,
    );
    // Ten at once, then a pause in which they leave.
    if (sent % 10 === 9) while (free.length < made) await new Promise((resolve) => setImmediate(resolve));
  }
  (await got).forEach((frame, index) => assert.equal(frame[28_672], index + 1));
  assert.equal(made, 10);
  link.close();
});

test("a sender whose link is lost gets its memory back as well", async (t) => {
  const { listener, next } = await listen(t);
  const arriving = next();
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/1" });
  const far = await arriving; // reads nothing
  const memory = { lent: 0, back: 0 };
  while (link.send(packet, () => memory.back++)) memory.lent++;
  const gone = closed(link);
  far.close();
  await gone;
  while (memory.back < memory.lent) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(
    link.send(packet, () => assert.fail("a frame that was refused")),
    false,
  );
});
