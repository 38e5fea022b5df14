/** What every link between a client and its provider must do, whatever carries it. One suite for TLS and for WebSockets. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import type { Clock } from "#transport/core/clock.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import {
  HANDSHAKE_TIME_KEPT,
  HANDSHAKE_TIME_MAX,
  IDLE_TIME_MAX,
  PARTIAL_FRAME_TIME_MAX,
} from "#transport/link/limits.ts";
import type { Link } from "#transport/link/link.ts";

export interface LinkWorld {
  /** Connects with the key of seed 2, to another port if one is named, and expects the key of seed 1 unless told. */
  dial(o?: { expected?: number; clock?: Clock; port?: number }): Promise<Link>;
  /** The next link that the listener gives. */
  next(): Promise<Link>;
  readonly load: () => { links: number; handshakes: number };
  readonly refused: readonly string[];
  /** A connection that says nothing. */
  connect(): Promise<{ destroy(): void }>;
  /** A peer whose key is proven, and that then sends what it likes; of a part, more would follow. */
  unruly(): Promise<{ write(bytes: Uint8Array): void; writePart(bytes: Uint8Array): void; destroy(): void }>;
  /** Of a device. */
  keyOf(seed: number): Uint8Array;
  /** Of the listener. */
  readonly linkKey: Uint8Array;
  readonly sizes: { readonly packetBytes: number; readonly payloadBytes: number };
}

export interface LinkWorldOptions {
  readonly clock?: Clock;
  readonly handshakesMax?: number;
  readonly linksMax?: number;
}

export function linkCompliance(name: string, open: (t: TestContext, o: LinkWorldOptions) => Promise<LinkWorld>): void {
  const check = (
    sentence: string,
    options: LinkWorldOptions,
    work: (world: LinkWorld, t: TestContext) => Promise<void>,
  ): void => void test(`${name}: ${sentence}`, async (t) => work(await open(t, options), t));

  check("both ends know the other's key, and frames arrive whole in both directions", {}, async (world) => {
    const arriving = world.next();
    const link = await world.dial();
    const far = await arriving;
    assert.deepEqual(link.peer, { role: "node", key: world.linkKey });
    assert.deepEqual(far.peer, { role: "client", key: world.keyOf(2) });
    const [there, back] = [frames(far, 2), frames(link, 1)];
    const [poll, send] = [pollFrame(world), sendFrame(world, 3)];
    const answer = encodeFrame({ type: "controlAnswer", body: Uint8Array.of(1) }, world.sizes);
    assert.ok(link.send(poll) && link.send(send) && far.send(answer));
    assert.deepEqual(await there, [poll, send]);
    assert.deepEqual(await back, [answer]);
    const gone = closed(far);
    link.close();
    assert.equal(await gone, "the peer closed it");
    assert.equal(link.send(poll), false);
    assert.equal(link.writable, false);
  });

  check("what comes before anyone listens waits for them", {}, async (world) => {
    const arriving = world.next();
    const link = await world.dial();
    const far = await arriving;
    const sent = [1, 2, 3].map((value) => sendFrame(world, value));
    for (const frame of sent) assert.ok(link.send(frame));
    await turns();
    assert.deepEqual(await frames(far, 3), sent);
  });

  check("a listener with another key than expected is refused", {}, async (world) => {
    await assert.rejects(world.dial({ expected: 7 }), { code: "REFUSED" });
  });

  check(
    "more handshakes than the limit are refused, and places become free again",
    { handshakesMax: 2, linksMax: 4 },
    async (world) => {
      const idle = [await world.connect(), await world.connect()];
      while (world.load().handshakes < 2) await turns();
      await assert.rejects(world.dial());
      assert.deepEqual(world.refused, ["too many connections"]);
      for (const socket of idle) socket.destroy();
      while (world.load().handshakes > 0) await turns();
      const links: Link[] = [];
      for (let i = 0; i < 4; i++) {
        const arriving = world.next();
        links.push(await world.dial());
        (await arriving).onFrame(() => undefined); // who does not read does not see an end either
      }
      await assert.rejects(world.dial());
      links[0]?.close();
      while (world.load().links > 3) await turns();
      await world.dial();
    },
  );

  const virtual = new VirtualClock();
  check(
    "connections that say nothing do not keep others out",
    { clock: virtual, handshakesMax: 2 },
    async (world, t) => {
      const silent = [await world.connect(), await world.connect()];
      t.after(() => silent.forEach((socket) => socket.destroy()));
      while (world.load().handshakes < 2) await turns();
      await assert.rejects(world.dial({ clock: new SystemClock() }));
      await virtual.runFor(HANDSHAKE_TIME_KEPT);
      const arriving = world.next();
      await world.dial({ clock: new SystemClock() });
      await arriving;
      assert.deepEqual(world.refused.slice(0, 2), ["too many connections", "a slow handshake, for its place"]);
    },
  );

  check("a frame that does not belong on the link closes it", {}, async (world) => {
    for (const wrong of [Uint8Array.of(0x01), Uint8Array.of(0x20, 1, 2), Uint8Array.of(0xff)]) {
      const arriving = world.next();
      const peer = await world.unruly();
      const far = await arriving;
      const gone = closed(far);
      far.onFrame(() => assert.fail("no frame"));
      peer.write(wrong);
      assert.equal(await gone, "a frame that does not belong here");
      peer.destroy();
    }
  });

  check(
    "sending a frame of the wrong length, or of the other direction, is a mistake of the program",
    {},
    async (world) => {
      const link = await world.dial();
      assert.throws(() => link.send(pollFrame(world).subarray(1)), RangeError);
      assert.throws(() => link.send(new Uint8Array(0)), RangeError);
      assert.throws(
        () => link.send(encodeFrame({ type: "controlAnswer", body: Uint8Array.of(1) }, world.sizes)),
        RangeError,
      );
      assert.throws(
        () => link.send(encodeFrame({ type: "packet", packet: new Uint8Array(28_672) }, world.sizes)),
        RangeError,
      );
    },
  );

  check(
    "a peer that does not read loses frames; what arrives is whole, in order, and nothing waits in a queue",
    {},
    async (world) => {
      const arriving = world.next();
      const link = await world.dial();
      const far = await arriving; // without a handler it does not read
      let sent = 0;
      let lost = 0;
      while (lost < 50) {
        if (link.send(sendFrame(world, sent % 251))) sent++;
        else lost++;
        await turns();
      }
      const got = await frames(far, sent);
      got.forEach((frame, index) => assert.equal(frame.at(-1), index % 251));
    },
  );

  const clock = new VirtualClock();
  check("a frame that is begun and not completed, and long silence, end a link", { clock }, async (world) => {
    const poll = pollFrame(world);
    for (const [isPart, wait, reason] of [
      [true, PARTIAL_FRAME_TIME_MAX, "a frame was not completed in time"],
      [false, IDLE_TIME_MAX, "nothing came for too long"],
    ] as const) {
      const arriving = world.next();
      const peer = await world.unruly();
      const far = await arriving;
      const gone = closed(far);
      const came = new Promise<void>((resolve) => far.onFrame(() => resolve()));
      if (isPart) peer.writePart(poll.subarray(0, 4));
      else peer.write(poll);
      if (isPart) await new Promise((resolve) => setTimeout(resolve, 50));
      else await came;
      await clock.runFor(milliseconds(wait + 11_000));
      assert.equal(await gone, reason);
      peer.destroy();
    }
  });

  check("nobody who answers in time is PROVIDER_DOWN", {}, async (world, t) => {
    const { createServer } = await import("node:net");
    const server = createServer((socket) => socket.on("error", () => undefined));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const waiting = new VirtualClock();
    const { port } = server.address() as { port: number };
    const dialled = assert.rejects(world.dial({ clock: waiting, port }), { code: "PROVIDER_DOWN" });
    await waiting.runFor(milliseconds(HANDSHAKE_TIME_MAX + seconds(1)));
    await dialled;
  });
}

const frames = (link: Link, count: number): Promise<Uint8Array[]> =>
  new Promise((resolve) => {
    const got: Uint8Array[] = [];
    link.onFrame((frame) => got.push(new Uint8Array(frame)) === count && resolve(got));
  });
const closed = (link: Link): Promise<string> => new Promise((resolve) => link.onClose(resolve));
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pollFrame = ({ sizes }: LinkWorld): Uint8Array => encodeFrame({ type: "poll", cursor: 3 }, sizes);
const sendFrame = ({ sizes }: LinkWorld, fill: number): Uint8Array => {
  const packet = new Uint8Array(sizes.packetBytes).fill(fill);
  return encodeFrame({ type: "send", firstHop: nodeId(new Uint8Array(32).fill(9)), packet }, sizes);
};
