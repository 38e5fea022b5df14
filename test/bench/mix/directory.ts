/**
 * The one authority of the bench's network: takes the mix's descriptor and signs a list in which the generator's nodes stand
 * before it and the sink's behind it.
 */

import {
  type NodeWish,
  seedOf,
  signedConsensus,
  testDescriptor,
  type TestNetwork,
  testNetwork,
} from "#test/support/test-network.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { epochNumber, milliseconds, seconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { verifyDescriptor } from "#transport/directory/descriptor.ts";
import { keyPeriodsNeeded } from "#transport/directory/epochs.ts";
import type { NodeDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { decodeFrame, encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";

const SIZES = { packetBytes: LIVE_PARAMETERS.packetBytes, payloadBytes: 0 };
const PROTOCOL = "starling-directory/2";

export const generatorNames = (links: number): string[] => Array.from({ length: links }, (_, i) => `generator${i}`);
export const sinkNames = (links: number): string[] => Array.from({ length: links }, (_, i) => `sink${i}`);

export class BenchDirectory {
  readonly test: TestNetwork;
  /** The mix's own, once it has published it. */
  readonly mix: Promise<NodeDescriptor>;
  #consensus: Promise<Uint8Array>;
  readonly #listener: TlsListener;

  static async open(suite: Suite, links: number, sinkAddresses: readonly string[]): Promise<BenchDirectory> {
    const clock = new SystemClock();
    const identitySeed = seedOf("bench/authority/0/link");
    const options = {
      identitySeed,
      suite,
      sizes: SIZES,
      clock,
      host: "127.0.0.1",
      port: 0,
      protocols: [PROTOCOL],
    } as const;
    return new BenchDirectory(suite, links, sinkAddresses, await TlsListener.listen(options));
  }

  private constructor(suite: Suite, links: number, sinkAddresses: readonly string[], listener: TlsListener) {
    const now = Date.now();
    this.#listener = listener;
    this.test = testNetwork({
      suite,
      name: "bench",
      authorities: 1,
      threshold: 1,
      addresses: [listener.address],
      // The middle of an epoch: nothing of the directory falls into the minutes of a run.
      genesis: milliseconds(now - seconds(120)),
      parameters: LIVE_PARAMETERS,
    });
    let take: (descriptor: NodeDescriptor) => void;
    this.mix = new Promise((resolve) => (take = resolve));
    const periods = keyPeriodsNeeded(this.test.network, epochNumber(0));
    const describe = (wish: NodeWish): NodeDescriptor => testDescriptor(suite, { ...wish, periods, publishedAt: now });
    const providers = generatorNames(links).map((name) => describe({ name, role: "provider" }));
    const behind = sinkNames(links).map((name, i) => describe({ name, address: sinkAddresses[i] as string }));
    this.#consensus = this.mix.then((mix) => {
      const layers = [[mix], byNodeId(behind), byNodeId([describe({ name: "last" })])] as const;
      return signedConsensus(this.test, suite, { layers, providers: byNodeId(providers) }, [0]);
    });
    listener.onLink((link) => {
      link.onFrame((bytes) => {
        const frame = decodeFrame(bytes, { protocol: PROTOCOL, direction: "fromDialer", sizes: SIZES });
        if (frame.type === "publishDescriptor") take(verifyDescriptor(frame.descriptor, suite));
        void this.#answer(link, frame);
      });
    });
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  async #answer(link: Link, frame: Frame): Promise<void> {
    const reply: Frame =
      frame.type === "fetchConsensus"
        ? { type: "consensus", time: milliseconds(Date.now()), bytes: await this.#wanted(frame.epoch) }
        : { type: "status", accepted: true, reason: "" };
    link.send(encodeFrame(reply, SIZES));
  }

  /** Whoever asks for an epoch waits for the descriptor; whoever asks for the time gets an answer at once. */
  #wanted(epoch: unknown): Promise<Uint8Array> | Uint8Array {
    return epoch === 0 ? this.#consensus : new Uint8Array(0);
  }
}
