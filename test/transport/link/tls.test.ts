/** TLS links beyond what test/compliance asks of every link: certificates, protocols, nodes. Real sockets on 127.0.0.1. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, connect as connectTls, createServer as createTlsServer } from "node:tls";
import { listenWeb } from "#test/support/web-links.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { certificateKey, createLinkCertificate } from "#transport/link/certificate.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import { IDLE_TIME_MAX, lineTime, PARTIAL_FRAME_TIME_MAX } from "#transport/link/limits.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import type { Link } from "#transport/link/link.ts";
import { KEY_EXCHANGE_GROUP, linkCredentials } from "#transport/link/tls.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { type ListenOptions, TlsListener } from "#transport/link/tls-listener.ts";

const sizes = { packetBytes: 28_672, payloadBytes: 23_830 };
const seed = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const suite = await loadSuite("x25519", "native");
const keyOf = (value: number): Uint8Array => linkKeyOf(suite, seed(value));
const packet = encodeFrame({ type: "packet", packet: new Uint8Array(28_672).fill(9) }, sizes);
const poll = encodeFrame({ type: "poll", cursor: 3 }, sizes);

async function listen(t: TestContext, o: Partial<ListenOptions> = {}) {
  const options = { identitySeed: seed(1), suite, sizes, clock: new SystemClock(), host: "127.0.0.1", port: 0 };
  const refused: string[] = [];
  const onRefused = (reason: string) => void refused.push(reason);
  const protocols = ["starling-node/2", "starling-client/2"] as const;
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

const dialer = (value = 2) => new TlsDialer({ identitySeed: seed(value), suite, sizes, clock: new SystemClock() });
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
  const dialled = dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-directory/2" });
  await assert.rejects(dialled, { code: "REFUSED" });
  assert.deepEqual(refused, ["handshake: ERR_SSL_NO_APPLICATION_PROTOCOL"]);
});

test("nobody at the address is PROVIDER_DOWN", async () => {
  const dialled = dialer().dial({ address: "127.0.0.1:1", expectedKey: keyOf(1), protocol: "starling-node/2" });
  await assert.rejects(dialled, { code: "PROVIDER_DOWN" });
});

test("connections without certificate, with an older TLS, or of peers not admitted become no link", async (t) => {
  const { listener, refused, links, next, port } = await listen(t, { admit: ({ key }) => key[0] === keyOf(2)[0] });
  const bare = { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["starling-node/2"] };
  await ended(bare);
  await ended({ ...bare, ...linkCredentials(seed(2)), minVersion: "TLSv1.2", maxVersion: "TLSv1.2" });
  await ended({ ...bare, ...linkCredentials(seed(2)), ALPNProtocols: [] });
  const stranger = dialer(9).dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/2" });
  await assert.rejects(stranger, { code: "PROVIDER_DOWN" });
  assert.equal(links.length, 0);
  assert.equal(refused.length, 4);
  assert.ok(refused.includes("no Ed25519 certificate"));
  assert.ok(refused.includes("no protocol in common"));
  assert.ok(refused.includes("a peer that is not admitted"));
  const arriving = next();
  await dialer(2).dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/2" });
  assert.equal((await arriving).peer.role, "node");
});

/** What a program older than ML-KEM, or one that was told to do without, brings to the handshake. */
const classical = (value: number) => ({ ...linkCredentials(seed(value)), ecdhCurve: "X25519:P-256:P-384" });

test("every link agrees on its key by X25519 with ML-KEM-768", async (t) => {
  const { port } = await listen(t);
  for (const protocol of ["starling-node/2", "starling-client/2"] as const) {
    const options = { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: [protocol] };
    const socket = connectTls({ ...options, ...linkCredentials(seed(2)) });
    await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
    assert.equal((socket.getEphemeralKeyInfo() as { name?: string }).name, KEY_EXCHANGE_GROUP);
    socket.destroy();
  }
  assert.equal(KEY_EXCHANGE_GROUP, "X25519MLKEM768");
});

test("a dialer that can only do elliptic curves is refused in the handshake, not met half-way", async (t) => {
  const { port, links, refused } = await listen(t);
  const options = { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["starling-node/2"] };
  const socket = connectTls({ ...options, ...classical(2) });
  const outcome = await new Promise<string | undefined>((resolve) => {
    socket.once("secureConnect", () => resolve("a handshake"));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
  });
  socket.destroy();
  assert.equal(outcome, "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE");
  assert.deepEqual(refused, ["handshake: ERR_SSL_NO_SUITABLE_KEY_SHARE"]);
  assert.equal(links.length, 0);
});

test("a dialer says no name in clear: an address by name looks on the line like one by number", async (t) => {
  const names: unknown[] = [];
  const server = createTlsServer({
    ...linkCredentials(seed(1)),
    ALPNProtocols: ["starling-client/2"],
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on("tlsClientError", () => undefined);
  server.on("secureConnection", (socket) => {
    names.push((socket as typeof socket & { servername: unknown }).servername);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const dialled = dialer().dial({ address: `localhost:${port}`, expectedKey: keyOf(1), protocol: "starling-client/2" });
  await assert.rejects(dialled);
  assert.deepEqual(names, [false]);
});

test("nobody dials a listener that can only do elliptic curves", async (t) => {
  const server = createTlsServer({
    ...classical(1),
    ALPNProtocols: ["starling-node/2"],
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on("tlsClientError", () => undefined);
  server.on("secureConnection", (socket) => socket.resume());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const dialled = dialer().dial({ address: `127.0.0.1:${port}`, expectedKey: keyOf(1), protocol: "starling-node/2" });
  await assert.rejects(
    dialled.then((link) => link.close()),
    { code: "REFUSED" },
  );
});

test("a web link's own certificate: browsers with ML-KEM agree with it, those without are met as they are", async (t) => {
  const { cert: certificate, key: privateKey } = linkCredentials(seed(1));
  const { listener } = await listenWeb(t, {
    tls: { certificate, privateKey: String(privateKey) },
    url: "wss://a.example/starling",
  });
  const port = Number(listener.address.split(":")[1]);
  const groupOf = async (options: ConnectionOptions): Promise<string | undefined> => {
    const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
    await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
    const { name } = socket.getEphemeralKeyInfo() as { name?: string };
    socket.destroy();
    return name;
  };
  assert.equal(await groupOf({ ecdhCurve: "X25519MLKEM768:X25519" }), KEY_EXCHANGE_GROUP);
  assert.equal(await groupOf({ ecdhCurve: "X25519" }), "X25519");
});

test("sending a frame of the wrong length is a mistake of the program", async (t) => {
  const { listener } = await listen(t);
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/2" });
  assert.throws(() => link.send(packet.subarray(1)), RangeError);
  assert.throws(() => link.send(poll), RangeError);
});

test("a peer that does not read loses frames; what arrives is whole, in order, and nothing waits in a queue", async (t) => {
  const { listener, next } = await listen(t);
  const arriving = next();
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/2" });
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
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/2" });
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
  const link = await dialer().dial({ address: listener.address, expectedKey: keyOf(1), protocol: "starling-node/2" });
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

test("what waits for a dead line is thrown away, here and in the system; were the line to come back, no burst would follow", async (t) => {
  const { port } = await listen(t);
  const arrived = { "an end": 0, "a dead line": 0 };
  for (const how of ["an end", "a dead line"] as const) {
    const line = await stalledLine(t, port);
    const link = await dialer().dial({ address: line.address, expectedKey: keyOf(1), protocol: "starling-node/2" });
    line.stall();
    let handedOver = 0;
    for (let i = 0; i < 400; i++) {
      if (link.send(packet)) handedOver += packet.length;
      else await new Promise((resolve) => setImmediate(resolve));
    }
    const gone = closed(link);
    link.close({ isDead: how === "a dead line" });
    await gone;
    const { bytes, isReset } = await line.goOn();
    arrived[how] = bytes;
    assert.equal(isReset, how === "a dead line", "only a reset makes the system throw away what it holds");
    if (how === "an end") assert.ok(arrived[how] >= handedOver, "what was handed over before an end still leaves");
    else assert.ok(arrived[how] < handedOver / 2, `${arrived[how]} of ${handedOver}`);
  }
});

test("a clock that is set ahead ends no link, and one that is set back keeps none that is dead", async (t) => {
  const truth = new VirtualClock();
  const clock = new WrongClock(truth);
  const { port, next } = await listen(t, { protocols: ["starling-directory/2"], clock });
  const arriving = next();
  const address = `127.0.0.1:${port}`;
  const link = await dialer().dial({ address, expectedKey: keyOf(1), protocol: "starling-directory/2" });
  const far = await arriving;
  far.onFrame(() => undefined);
  let end: string | undefined;
  void closed(far).then((reason) => {
    end = reason;
  });
  clock.error = 3 * 3_600_000;
  await truth.runFor(seconds(30));
  assert.equal(end, undefined);
  clock.error = -3 * 3_600_000;
  await truth.runFor(IDLE_TIME_MAX);
  assert.equal(end, "nothing came for too long");
  link.close({ isDead: true });
});

test("a frame of 12 MB that has begun has as long as it takes on a line of 1 Mbit/s, and no longer", async (t) => {
  const clock = new VirtualClock();
  const { port, next } = await listen(t, { protocols: ["starling-directory/2"], clock });
  const line = await stalledLine(t, port);
  const arriving = next();
  const address = { address: line.address, expectedKey: keyOf(1) };
  const link = await dialer().dial({ ...address, protocol: "starling-directory/2" });
  const far = await arriving;
  const gone = closed(far);
  let isGone = false;
  void gone.then(() => {
    isGone = true;
  });
  far.onFrame(() => assert.fail("it is not whole"));
  const begun = line.stallAfter(2 ** 20);
  const vote = encodeFrame({ type: "vote", vote: new Uint8Array(12e6) }, sizes);
  assert.ok(link.send(vote));
  await begun;
  await clock.runFor(milliseconds(lineTime(vote.length) + PARTIAL_FRAME_TIME_MAX - 1000));
  assert.equal(isGone, false);
  await clock.runFor(seconds(12));
  assert.equal(await gone, "a frame was not completed in time");
  link.close({ isDead: true });
});

/** A line that can stop to take anything, as one does whose cable is out further on. */
async function stalledLine(t: TestContext, port: number) {
  let bytes = 0;
  let isReset = false;
  let near: Socket | undefined;
  let [most, stalled] = [Number.POSITIVE_INFINITY, (): void => undefined];
  const front = createServer((socket) => {
    near = socket;
    const far = connectTcp(port, "127.0.0.1");
    socket.on("error", ({ code }: NodeJS.ErrnoException) => void (isReset ||= code === "ECONNRESET"));
    far.on("error", () => undefined);
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      far.write(chunk);
      if (bytes < most) return;
      socket.pause();
      stalled();
    });
    far.on("data", (chunk) => socket.write(chunk));
    socket.on("close", () => far.destroy());
    far.on("close", () => socket.destroy());
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  t.after(() => front.close());
  return {
    address: `127.0.0.1:${(front.address() as AddressInfo).port}`,
    stall: (): void => {
      near?.pause();
      bytes = 0;
    },
    /** Once so many bytes more have passed; resolves when they have. */
    stallAfter: (count: number): Promise<void> =>
      new Promise((resolve) => {
        [most, stalled] = [bytes + count, resolve];
      }),
    /** How much comes until the connection ends, and how it ends. */
    goOn: (): Promise<{ bytes: number; isReset: boolean }> =>
      new Promise((resolve) => {
        near?.on("close", () => resolve({ bytes, isReset }));
        near?.resume();
      }),
  };
}
