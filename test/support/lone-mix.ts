/** One mix of a small network, under a clock that can be made to leap, with packets made for it alone. */

import type { TestContext } from "node:test";
import { MixNode } from "#provider-server/mix/mix-node.ts";
import { Source } from "#provider-server/mix/sources.ts";
import type { NodeLimits } from "#provider-server/node/dependencies.ts";
import type { Metrics } from "#provider-server/observe/metrics.ts";
import type { Observer } from "#provider-server/observe/observer.ts";
import type { Clock } from "#transport/core/clock.ts";
import {
  type KeyPeriod,
  keyPeriodNumber,
  type Milliseconds,
  milliseconds,
  type NodeId,
  seconds,
} from "#transport/core/units.ts";
import { verifyDescriptor } from "#transport/directory/descriptor.ts";
import type { NodeDescriptor } from "#transport/directory/model.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SmallNetwork } from "./small-network.ts";

interface LoneMixOptions {
  readonly limits?: Partial<NodeLimits>;
  readonly observer?: Observer;
  readonly metrics?: Metrics;
}

export class LoneMix {
  readonly net: SmallNetwork;
  readonly node: MixNode;
  readonly drops: string[] = [];
  readonly #before = new Source();
  #leap = 0;
  #descriptor: NodeDescriptor | undefined;
  readonly #random = new SeededRandom("lone mix");

  /** Stops with the test. */
  static async start(t: TestContext, options: LoneMixOptions = {}): Promise<LoneMix> {
    const net = await SmallNetwork.create();
    await net.start();
    const lone = new LoneMix(net, options);
    t.after(() => lone.#stop());
    lone.node.start();
    await net.clock.runFor(seconds(5));
    return lone;
  }

  private constructor(net: SmallNetwork, { limits = {}, observer, metrics }: LoneMixOptions) {
    this.net = net;
    const { clock: steady, authority } = net;
    const clock: Clock = {
      now: () => milliseconds(steady.now() + this.#leap),
      at: (time, task) => steady.at(milliseconds(time - this.#leap), task),
    };
    this.node = new MixNode({
      ...net.dependencies("mix0"),
      clock,
      limits,
      metrics,
      directory: {
        publishDescriptor: async (bytes) => {
          this.#descriptor = verifyDescriptor(bytes, net.suite);
        },
        fetchConsensus: (epoch, agrees) => authority.fetchConsensus(epoch, agrees),
        fetchTime: () => authority.fetchTime(),
      },
      observer: { ...observer, dropped: ({ reason }) => this.drops.push(reason) },
    });
  }

  /** From now on the mix's clock shows so much more. */
  leap(by: Milliseconds): void {
    this.#leap += by;
  }

  /** From one node before this one unless told otherwise. */
  receive(packet: Uint8Array, source: Source = this.#before): void {
    this.node.receive(packet, source);
  }

  /** A packet that stays here for `delay` and goes on to a node behind this one. */
  packet(delay: Milliseconds, period: KeyPeriod = this.#period()): Uint8Array {
    const { suite } = this.net;
    const own = this.#descriptor as NodeDescriptor;
    const behind = this.net.mixes[1] as MixNode; // mix1 stands in layer 2
    const hops: { nodeId: NodeId; mixKey: Uint8Array; delay: Milliseconds }[] = [
      { nodeId: own.nodeId, mixKey: own.mixKeys.get(period) as Uint8Array, delay },
      { nodeId: behind.nodeId, mixKey: suite.kem.generate(this.#random).publicKey, delay },
    ];
    const random = this.#random;
    const payload = random.bytes(this.node.sphinx.geometry.payloadBytes);
    const destination = { command: "drop", recipient: random.bytes(32) } as const;
    return this.node.sphinx.wrap({ path: { period, hops }, destination, payload, random }).packet;
  }

  async #stop(): Promise<void> {
    await this.node.stop();
    await this.net.stop();
  }

  #period(): KeyPeriod {
    return keyPeriodNumber(Math.min(...(this.#descriptor as NodeDescriptor).mixKeys.keys()));
  }
}
