/** Who stands between a browser and its provider, or before either of them. docs/spec/15-web-link.md §5 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import {
  dialWeb,
  keyOf,
  linkKey,
  listenWeb,
  NETWORK_HASH,
  ORIGIN,
  plain,
  SIZES,
  seed,
  suite,
  unruly,
  webDialer,
} from "#test/support/web-links.ts";
import { watchedServers } from "#test/support/watched-servers.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import { WEB_HANDSHAKES_PER_ADDRESS_MAX } from "#transport/link/limits.ts";
import type { Link } from "#transport/link/link.ts";
import { addressGroup } from "#transport/link/address-group.ts";
import { clientAddress } from "#transport/link/web-admission.ts";
import {
  checkProof,
  encodeHello,
  makeAnswer,
  makeProof,
  WEB_PROTOCOL,
  type WebLinkContext,
  webAddress,
} from "#transport/link/web-handshake.ts";

type Forge = (own: Uint8Array, to: string) => Uint8Array;

const closed = (link: Link) => new Promise<string>((resolve) => link.onClose(resolve));
const ended = (socket: WebSocket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));
const message = (socket: WebSocket) =>
  new Promise<Uint8Array>((resolve) => socket.once("message", (data) => resolve(plain(data as Buffer))));

test("a page of another origin, or a program that names none, opens no link", async (t) => {
  const { listener, refused } = await listenWeb(t);
  for (const origin of ["https://evil.example", "https://app.example.evil.example", "null", undefined]) {
    const socket = new WebSocket(listener.url, WEB_PROTOCOL, origin === undefined ? {} : { origin });
    await new Promise((resolve) => socket.once("error", resolve));
  }
  assert.deepEqual(refused, Array(4).fill("another origin"));
  assert.equal(listener.load.links, 0);
});

test("another path and another subprotocol open no link", async (t) => {
  const { listener, refused } = await listenWeb(t);
  for (const [url, protocol] of [
    [listener.url.replace("/starling", "/other"), WEB_PROTOCOL],
    [listener.url, "starling-client.1"],
  ] as const) {
    const socket = new WebSocket(url, protocol, { origin: ORIGIN });
    await new Promise((resolve) => socket.once("error", resolve));
  }
  assert.deepEqual(refused, ["another path", "another protocol"]);
});

test("an impostor without the provider's key learns neither the device's key nor any frame", async (t) => {
  const heard: Uint8Array[] = [];
  const url = await impostor(t, (socket, bytes) => {
    heard.push(bytes);
    const context = { networkHash: NETWORK_HASH, linkKey: linkKey(1), url: "ws://127.0.0.1:1/starling" };
    const challenges = { ofClient: bytes.slice(33, 65), ofProvider: seed(3) };
    socket.send(makeProof({ context, challenges, signer: suite.hybrid.signer(seed(6)) }));
  });
  await assert.rejects(dialWeb(webDialer(url)), { code: "REFUSED" });
  assert.equal(heard.length, 1);
  assert.ok(!Buffer.from(heard[0] as Uint8Array).includes(Buffer.from(keyOf(2))));
});

test("a proof for another challenge, network or address does not hold", async (t) => {
  const right: Omit<WebLinkContext, "url"> = { networkHash: NETWORK_HASH, linkKey: linkKey(1) };
  let wrong: Forge | undefined;
  let at = "";
  const url = await impostor(t, (socket, bytes) => socket.send(wrong?.(bytes.slice(33, 65), at) ?? seed(0)));
  at = url;
  const ofProvider = seed(3);
  const made = (context: WebLinkContext, ofClient: Uint8Array) =>
    makeProof({ context, challenges: { ofClient, ofProvider }, signer: suite.hybrid.signer(seed(1)) });
  const forgeries: Forge[] = [
    (_own, to) => made({ ...right, url: to }, seed(8)),
    (own, to) => made({ ...right, url: to, networkHash: seed(8) }, own),
    (own) => made({ ...right, url: "ws://127.0.0.1:9/starling" }, own),
    (own, to) => made({ ...right, url: to }, own).subarray(1),
    (own, to) => new Uint8Array([...made({ ...right, url: to }, own), 0]),
  ];
  for (const forge of forgeries) {
    wrong = forge;
    await assert.rejects(dialWeb(webDialer(url)), { code: "REFUSED" });
  }
  wrong = (own, to) => made({ ...right, url: to }, own);
  (await dialWeb(webDialer(url))).close();
});

test("a relay under an address of its own, with a certificate of its own, gets no link from the provider", async (t) => {
  const { listener, refused, links } = await listenWeb(t);
  const relay = await impostor(t, (near, hello) => {
    const far = new WebSocket(listener.url, WEB_PROTOCOL, { origin: ORIGIN });
    t.after(() => far.terminate());
    far.on("open", () => far.send(hello));
    far.on("message", (data) => near.send(plain(data as Buffer)));
    near.on("message", (data) => far.send(plain(data as Buffer)));
  });
  // The client signs what it dialled, and the provider what it is: they differ.
  await assert.rejects(dialWeb(webDialer(relay)), { code: "REFUSED" });
  assert.equal(links.length, 0);
  assert.deepEqual(
    refused.filter((reason) => reason !== "a handshake that does not hold"),
    [],
  );
});

test("a recorded answer opens no second link, and an answer with another key or challenge none at all", async (t) => {
  const { listener, refused, next } = await listenWeb(t);
  const { url } = listener;
  const context = { networkHash: NETWORK_HASH, linkKey: linkKey(1), url };
  const ofClient = seed(5);
  const begin = async () => {
    const socket = new WebSocket(url, WEB_PROTOCOL, { origin: ORIGIN });
    t.after(() => socket.terminate());
    await new Promise((resolve) => socket.once("open", resolve));
    const proof = message(socket);
    socket.send(encodeHello(NETWORK_HASH, ofClient));
    return { socket, challenges: checkProof({ bytes: await proof, context, ofClient, suite }) };
  };
  const first = await begin();
  const recorded = makeAnswer({ context, challenges: first.challenges, deviceSeed: seed(2), suite });
  const arriving = next();
  first.socket.send(recorded);
  assert.deepEqual((await arriving).peer.key, keyOf(2));
  for (const forge of [
    () => recorded,
    (ofProvider: Uint8Array) => {
      const own = makeAnswer({ context, challenges: { ofClient, ofProvider }, deviceSeed: seed(4), suite });
      return new Uint8Array([...keyOf(2), ...own.subarray(32)]); // in another device's name
    },
    (ofProvider: Uint8Array) =>
      makeProof({ context, challenges: { ofClient, ofProvider }, signer: suite.hybrid.signer(seed(2)) }),
    () => new Uint8Array(95),
  ]) {
    const { socket, challenges } = await begin();
    const end = ended(socket);
    socket.send(forge(challenges.ofProvider));
    await end;
  }
  assert.equal(listener.load.links, 1);
  assert.deepEqual(refused, Array(4).fill("a handshake that does not hold"));
});

test("a client of another network gets no signature", async (t) => {
  const { listener, refused } = await listenWeb(t);
  const dialled = dialWeb(webDialer(listener.url, { networkHash: seed(8) }));
  await assert.rejects(dialled, { code: "PROVIDER_DOWN" });
  assert.deepEqual(refused, ["a handshake that does not hold"]);
});

test("a listener that runs out of file descriptors, twice, says so and takes links on", async (t) => {
  const servers = watchedServers(t);
  const { listener, refused } = await listenWeb(t);
  const [server] = servers;
  assert.ok(server);
  for (let n = 0; n < 2; n++) server.emit("error", Object.assign(new Error("accept"), { code: "EMFILE" }));
  assert.deepEqual(refused, ["listener: EMFILE", "listener: EMFILE"]);
  await dialWeb(webDialer(listener.url));
});

test("one address takes its share of handshakes and links, and no more", async (t) => {
  const { listener, refused } = await listenWeb(t, { linksPerAddressMax: 2 });
  const links: Link[] = [await dialWeb(webDialer(listener.url)), await dialWeb(webDialer(listener.url, { device: 3 }))];
  while (listener.load.links < 2) await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(dialWeb(webDialer(listener.url, { device: 4 })), { code: "PROVIDER_DOWN" });
  assert.deepEqual(refused, ["too many from one address"]);
  const gone = Promise.all(links.map(closed));
  for (const link of links) link.close();
  await gone;
  const crowded = await listenWeb(t);
  const port = Number(new URL(crowded.listener.url).port);
  const { connect } = await import("node:net");
  const silent = Array.from({ length: WEB_HANDSHAKES_PER_ADDRESS_MAX }, () => connect(port, "127.0.0.1"));
  t.after(() => silent.forEach((socket) => socket.destroy()));
  while (crowded.listener.load.handshakes < WEB_HANDSHAKES_PER_ADDRESS_MAX)
    await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(dialWeb(webDialer(crowded.listener.url)), { code: "PROVIDER_DOWN" });
  assert.deepEqual(crowded.refused, ["too many from one address"]);
});

test("behind a proxy the last forwarded address counts, however the proxy writes it, and only there", () => {
  for (const [forwarded, address] of [
    ["203.0.113.9", "203.0.113.9"],
    ["6.6.6.6, 203.0.113.9", "203.0.113.9"],
    ["6.6.6.6:1,  [::6]:2 ,203.0.113.9:567", "203.0.113.9"],
    ["6.6.6.6, 2001:db8::9", "2001:db8::9"],
    ["6.6.6.6, [2001:db8::9]", "2001:db8::9"],
    ["6.6.6.6, [::1]:567", "::1"],
  ])
    assert.equal(forwardedFrom(forwarded as string), address, forwarded);
  assert.equal(forwardedFrom(["203.0.113.9", "6.6.6.6,203.0.113.8:1"]), "203.0.113.8");
  // What is no address tells nobody apart: made up anew for each link it would end every limit.
  for (const bad of [
    "",
    "203.0.113.9,",
    "unknown",
    "a, _b",
    "203.0.113.999",
    "203.0.113.9:x",
    "[203.0.113.9]:1",
    "[::1]5",
  ])
    assert.equal(forwardedFrom(bad), "127.0.0.1", bad);
  assert.equal(forwardedFrom("203.0.113.9", false), "127.0.0.1");
  assert.equal(clientAddress({ headers: {}, socket: { remoteAddress: "::1" } }, true), "::1");
});

test("behind a proxy an address has its share from whichever port, and others have theirs", async (t) => {
  const { listener, refused } = await listenWeb(t, { handshakesPerAddressMax: 1, isProxied: true });
  const opens = (forwarded: string): Promise<boolean> => {
    const socket = new WebSocket(listener.url, WEB_PROTOCOL, {
      origin: ORIGIN,
      headers: { "x-forwarded-for": forwarded },
    });
    t.after(() => socket.terminate());
    return new Promise((resolve) => socket.once("open", () => resolve(true)).once("error", () => resolve(false)));
  };
  assert.equal(await opens("6.6.6.6, 203.0.113.9:1001"), true);
  assert.equal(await opens("7.7.7.7, 203.0.113.9:1002"), false);
  assert.equal(await opens("[2001:db8:1:2::9]:1001"), true);
  assert.equal(await opens("[2001:db8:1:2::8]:1002"), false);
  assert.equal(await opens("203.0.113.8:1001"), true);
  assert.deepEqual(refused, Array(2).fill("too many from one address"));
});

test("an IPv6 household counts as one address, and mapped IPv4 as IPv4", () => {
  assert.equal(addressGroup("2001:db8:1:2:3:4:5:6"), addressGroup("2001:db8:1:2::9"));
  assert.notEqual(addressGroup("2001:db8:1:2::9"), addressGroup("2001:db8:1:3::9"));
  assert.equal(addressGroup("2001:db8::1"), "2001:db8:0:0");
  assert.equal(addressGroup("2001:0DB8::1"), "2001:db8:0:0");
  assert.equal(addressGroup("::1"), "0:0:0:0");
  for (const mapped of ["::ffff:203.0.113.9", "::FFFF:cb00:7109", "0:0:0:0:0:ffff:cb00:7109", "0::ffff:203.0.113.9"]) {
    assert.equal(addressGroup(mapped), "203.0.113.9", mapped);
  }
  assert.equal(addressGroup("::ffff:a:b"), "0.10.0.11");
  assert.equal(addressGroup("1::ffff:203.0.113.9"), "1:0:0:0");
});

test("a text message, a message of two frames and one that is too long end the link", async (t) => {
  const { listener, next } = await listenWeb(t);
  const poll = encodeFrame({ type: "poll", cursor: 3 }, SIZES);
  for (const send of [
    (socket: WebSocket) => socket.send("poll"),
    (socket: WebSocket) => socket.send(new Uint8Array([...poll, ...poll])),
    (socket: WebSocket) => socket.send(new Uint8Array(1 + 32 + SIZES.packetBytes + 1).fill(0x10)),
  ]) {
    const arriving = next();
    const socket = await unruly(t, listener.url);
    const far = await arriving;
    far.onFrame(() => assert.fail("no frame"));
    const gone = closed(far);
    send(socket);
    await gone;
  }
});

test("a web link in clear is dialled on this machine only", () => {
  for (const bad of [
    "ws://a.example/starling",
    "http://127.0.0.1/",
    "wss://user:word@a.example/",
    "wss://a.example/?x=1",
    "wss://a.example/#x",
    "a.example:443",
    "ws://127.0.0.1.evil.example/",
  ]) {
    assert.throws(() => webAddress(bad), { code: "MALFORMED" }, bad);
  }
  assert.equal(webAddress("wss://A.example:443/starling"), "wss://a.example/starling");
  assert.equal(webAddress("ws://[::1]:80/x"), "ws://[::1]/x");
});

const forwardedFrom = (forwarded: string | string[], isProxied = true): string =>
  clientAddress({ headers: { "x-forwarded-for": forwarded }, socket: { remoteAddress: "127.0.0.1" } }, isProxied);

/** A WebSocket server that says what `first` sends when something comes. */
async function impostor(t: TestContext, first: (socket: WebSocket, bytes: Uint8Array) => void): Promise<string> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => WEB_PROTOCOL });
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  server.on("connection", (socket) => {
    socket.once("message", (data) => first(socket, plain(data as Buffer)));
  });
  return `ws://127.0.0.1:${(server.address() as { port: number }).port}/starling`;
}
