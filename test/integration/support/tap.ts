/**
 * Stands on the links into the nodes of a test's network, as someone would who stole every link key: passes packets on,
 * keeps the last ones, and sends them again when told to. Nodes announce its address instead of theirs.
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import type { NodeKeys } from "#provider-server/cli/key-file.ts";
import { toHex } from "#transport/core/bytes.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { parseAddress } from "#transport/link/address.ts";
import type { FrameSizes } from "#transport/link/frame-table.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import type { Link } from "#transport/link/link.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";

/** A packet's frame, and the link key of the node it came from. */
export interface Recorded {
  readonly from: string;
  readonly frame: Uint8Array;
}

/** Enough that most of what is sent again was recorded well before the kill; 1.7 MB for each node. */
const RECORDED_MAX = 60;

const CLIENT_PROTOCOL = "starling-client/2";
const NODE_PROTOCOL = "starling-node/2";

interface Node {
  readonly listens: string;
  readonly linkKey: Uint8Array;
  readonly recorded: Recorded[];
  /** Links to the node itself, by the link key they speak for. */
  readonly onward: Map<string, Link>;
  /** Packets handed to the node since it was last started. */
  handedOver: number;
}

export class Tap {
  readonly #suite: Suite;
  readonly #sizes: FrameSizes;
  readonly #clock = new SystemClock();
  readonly #nodes = new Map<string, Node>();
  /** One for each link key, which it speaks for. */
  readonly #dialers = new Map<string, TlsDialer>();
  readonly #listeners: TlsListener[] = [];
  readonly #fronts: Server[] = [];
  readonly #sockets = new Set<Socket>();

  constructor(options: { suite: Suite; sizes: FrameSizes }) {
    this.#suite = options.suite;
    this.#sizes = options.sizes;
  }

  /** The address to announce for a node that listens at `listens`. */
  async stand({ name, listens, keys }: { name: string; listens: string; keys: NodeKeys }): Promise<string> {
    const [clock, suite, sizes] = [this.#clock, this.#suite, this.#sizes];
    const linkKey = linkKeyOf(suite, keys.linkSeed);
    const node: Node = { listens, linkKey, recorded: [], onward: new Map(), handedOver: 0 };
    this.#nodes.set(name, node);
    this.#dialers.set(toHex(linkKey), new TlsDialer({ identitySeed: keys.linkSeed, suite, sizes, clock }));
    const identity = { identitySeed: keys.linkSeed, suite, sizes, clock, protocols: [NODE_PROTOCOL] } as const;
    const listener = await TlsListener.listen({ ...identity, host: "127.0.0.1", port: 0 });
    listener.onLink((link) => void this.#relay(node, link));
    this.#listeners.push(listener);
    return this.#front(listens, listener.address);
  }

  recorded(name: string): readonly Recorded[] {
    return [...this.#node(name).recorded];
  }

  handedOver(name: string): number {
    return this.#node(name).handedOver;
  }

  /** The node is about to be started again. */
  newLife(name: string): void {
    this.#node(name).handedOver = 0;
  }

  /** Sends a packet again, on the link it came on; false while that link is down or busy. */
  replay(name: string, { from, frame }: Recorded): boolean {
    const node = this.#node(name);
    const link = node.onward.get(from);
    if (link === undefined || !link.send(frame)) return false;
    node.handedOver++;
    return true;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const { onward } of this.#nodes.values()) for (const link of onward.values()) link.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await Promise.all(this.#fronts.map((front) => new Promise((resolve) => front.close(resolve))));
  }

  async #relay(node: Node, link: Link): Promise<void> {
    const from = toHex(link.peer.key);
    const dialer = this.#dialers.get(from);
    if (dialer === undefined) return link.close();
    try {
      const { listens: address, linkKey: expectedKey } = node;
      const onward = await dialer.dial({ address, expectedKey, protocol: NODE_PROTOCOL });
      node.onward.set(from, onward);
      // That the node is there.
      onward.onFrame((frame) => void link.send(frame));
      onward.onClose(() => {
        if (node.onward.get(from) === onward) node.onward.delete(from);
        link.close();
      });
      link.onClose(() => onward.close());
      link.onFrame((frame) => {
        const isFull = node.recorded.push({ from, frame: frame.slice() }) > RECORDED_MAX;
        if (isFull) node.recorded.shift();
        if (onward.send(frame)) node.handedOver++;
      });
    } catch {
      link.close(); // the node is down: whoever sent to it notices
    }
  }

  /** Clients go past: their links are theirs. The ALPN name in the hello says who comes (RFC 7301 §3.1). */
  async #front(listens: string, tapped: string): Promise<string> {
    const front = createServer((socket) => {
      this.#keep(socket);
      let hello = Buffer.alloc(0);
      const read = (chunk: Buffer): void => {
        hello = Buffer.concat([hello, chunk]);
        const isClient = hello.includes(CLIENT_PROTOCOL);
        if (!isClient && !hello.includes(NODE_PROTOCOL)) return;
        socket.off("data", read);
        socket.pause();
        const onward = connect(parseAddress(isClient ? listens : tapped));
        this.#keep(onward);
        onward.write(hello);
        socket.pipe(onward);
        onward.pipe(socket);
        socket.on("close", () => onward.destroy());
        onward.on("close", () => socket.destroy());
      };
      socket.on("data", read);
    });
    this.#fronts.push(front);
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(front.address() as { port: number }).port}`;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #node(name: string): Node {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }
}
