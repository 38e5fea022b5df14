/** Real sockets on 127.0.0.1. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Clock } from "#transport/core/clock.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { certificateKey, createLinkCertificate } from "#transport/link/certificate.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import { HANDSHAKE_TIME_KEPT, IDLE_TIME_MAX, PARTIAL_FRAME_TIME_MAX } from "#transport/link/limits.ts";
import type { Link } from "#transport/link/link.ts";
import { linkCredentials } from "#transport/link/tls.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { type ListenOptions, TlsListener } from "#transport/link/tls-listener.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";

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

const dialer = (value = 2, clock: Clock = new SystemClock()) =>
  new TlsDialer({ identitySeed: seed(value), sizes, clock });
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

test("both ends know the other's key, and frames arrive whole in both directions", async (t) => {
  const { listener, next } = await listen(t);
  const arriving = next();
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-client/1" });
  const far = await arriving;
  assert.deepEqual(
    [link.peer, far.peer],
    [
      { role: "node", key: keyOf(1) },
      { role: "client", key: keyOf(2) },
    ],
  );
  const [there, back] = [frames(far, 2), frames(link, 1)];
  assert.ok(link.send(poll));
  assert.ok(
    link.send(encodeFrame({ type: "send", firstHop: keyOf(3) as never, packet: new Uint8Array(28_672) }, sizes)),
  );
  const answer = encodeFrame({ type: "controlAnswer", body: Uint8Array.of(1) }, sizes);
  assert.ok(far.send(answer));
  assert.deepEqual(
    (await there).map((frame) => frame.length),
    [9, 28_705],
  );
  assert.deepEqual(await back, [answer]);
  const gone = closed(far);
  link.close();
  assert.equal(await gone, "the peer closed it");
  assert.equal(link.send(poll), false);
});

test("a listener with another key than expected is refused", async (t) => {
  const { listener } = await listen(t);
  const dialled = dialer().dial({ address: listener.address, expectedKey: keyOf(7), protocol: "starling-node/1" });
  await assert.rejects(dialled, { code: "REFUSED" });
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

test("a peer that answers TCP but not TLS is given up after the handshake time", async () => {
  const { createServer } = await import("node:net");
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const clock = new VirtualClock();
  const address = `127.0.0.1:${port}`;
  const dialled = dialer(2, clock).dial({ address, expectedKey: keyOf(1), protocol: "starling-node/1" });
  const refusal = assert.rejects(dialled, { code: "PROVIDER_DOWN" });
  await clock.runUntil(seconds(11));
  await refusal;
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
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

test("more handshakes or links than the limit are refused at once, and places become free again", async (t) => {
  const { listener, refused, port } = await listen(t, { handshakesMax: 2, linksMax: 3 });
  const idle = [connectTcp(port, "127.0.0.1"), connectTcp(port, "127.0.0.1")];
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  while (listener.load.handshakes < 2) await new Promise((resolve) => setImmediate(resolve));
  const dial = () => dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/1" });
  await assert.rejects(dial());
  assert.deepEqual(refused, ["too many connections"]);
  for (const socket of idle) socket.destroy();
  while (listener.load.handshakes > 0) await new Promise((resolve) => setImmediate(resolve));
  const links = [await dial(), await dial(), await dial()];
  await assert.rejects(dial());
  links[0]?.close();
  while (listener.load.links > 2) await new Promise((resolve) => setImmediate(resolve));
  await dial();
});

test("connections that say nothing do not keep others out: when places run out the oldest of them ends", async (t) => {
  const clock = new VirtualClock();
  const { listener, refused, port } = await listen(t, { clock, handshakesMax: 2 });
  const silent = [connectTcp(port, "127.0.0.1"), connectTcp(port, "127.0.0.1")];
  t.after(() => silent.forEach((socket) => socket.destroy()));
  while (listener.load.handshakes < 2) await new Promise((resolve) => setImmediate(resolve));
  const dial = () => dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-client/1" });
  await assert.rejects(dial());
  await clock.runFor(HANDSHAKE_TIME_KEPT);
  (await dial()).close();
  assert.deepEqual(refused.slice(0, 2), ["too many connections", "a slow handshake, for its place"]);
});

test("a frame that does not belong on the link closes it", async (t) => {
  const { next, port } = await listen(t);
  const arriving = next();
  const socket = connectTls({
    host: "127.0.0.1",
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ["starling-node/1"],
    ...linkCredentials(seed(2)),
  });
  socket.on("error", () => undefined);
  const far = await arriving;
  const gone = closed(far);
  far.onFrame(() => assert.fail("no frame"));
  socket.write(Uint8Array.of(0x10));
  assert.equal(await gone, "a frame that does not belong here");
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

test("a frame that is begun and not completed, and long silence, end a link", async (t) => {
  const clock = new VirtualClock();
  const { next, port } = await listen(t, { clock });
  for (const [part, wait, reason] of [
    [poll.subarray(0, 4), PARTIAL_FRAME_TIME_MAX, "a frame was not completed in time"],
    [poll, IDLE_TIME_MAX, "nothing came for too long"],
  ] as const) {
    const arriving = next();
    const socket = connectTls({
      host: "127.0.0.1",
      port,
      rejectUnauthorized: false,
      ALPNProtocols: ["starling-client/1"],
      ...linkCredentials(seed(2)),
    });
    socket.on("error", () => undefined);
    const far = await arriving;
    const gone = closed(far);
    far.onFrame(() => undefined);
    socket.write(part);
    await new Promise<void>((resolve) => socket.write(new Uint8Array(0), () => setTimeout(resolve, 30)));
    await clock.runFor(milliseconds(wait + 6000));
    assert.equal(await gone, reason);
    socket.destroy();
  }
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
