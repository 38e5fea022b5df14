/** Clients with one fault each, as somebody might write it. The trace test must see every one of them. */

import { TransportClient } from "#transport/client/client.ts";
import type { RandomStreams } from "#transport/core/random.ts";
import { type Prepared, SendClock, type SendClockOptions, type SlotKind } from "#transport/traffic/send-clock.ts";
import { SeededRandom, seededStreams } from "#test/support/seeded-random.ts";
import type { ClientOptions } from "./sim-client.ts";

type Faulty = Pick<ClientOptions, "make" | "streams">;
/** Told whether the user has something waiting, as a fault would be. */
type ClockClass = new (options: SendClockOptions, isBusy: () => boolean) => SendClock;

/** "There is nothing to send, so why send anything?" */
class SilentWhenEmpty extends SendClock {
  readonly #isBusy: () => boolean;

  constructor(options: SendClockOptions, isBusy: () => boolean) {
    super(options);
    this.#isBusy = isBusy;
  }

  protected override prepare(kind: SlotKind): Prepared | undefined {
    return kind === "payload" && !this.#isBusy() ? undefined : super.prepare(kind);
  }
}

/** "There is more to send, so let it out a little quicker." */
class ExtraWhenBusy extends SendClock {
  readonly #isBusy: () => boolean;

  constructor(options: SendClockOptions, isBusy: () => boolean) {
    super(options);
    this.#isBusy = isBusy;
  }

  protected override write(prepared: Prepared): boolean {
    const written = super.write(prepared);
    const extra = this.#isBusy() ? super.prepare("payload") : undefined;
    if (extra !== undefined) extra.settled(super.write(extra));
    return written;
  }
}

/** "Cover can be made ahead; only mail has to be wrapped, and that when its time comes." */
class WrapsOnlyReal extends SendClock {
  readonly #isBusy: () => boolean;

  constructor(options: SendClockOptions, isBusy: () => boolean) {
    super(options);
    this.#isBusy = isBusy;
  }

  protected override write(prepared: Prepared): boolean {
    if (!this.#isBusy()) return super.write(prepared);
    const late = super.prepare("drop");
    return late !== undefined && super.write(prepared);
  }
}

export const SILENT_WHEN_EMPTY = withClock(SilentWhenEmpty);
export const EXTRA_WHEN_BUSY = withClock(ExtraWhenBusy);
export const WRAPS_ONLY_REAL = withClock(WrapsOnlyReal);

/** "One good source of randomness is enough." */
export function sharedStream(seed: string): Faulty {
  const one = new SeededRandom(`${seed}/alice/shared`);
  const streams = Object.fromEntries(Object.keys(seededStreams(seed)).map((name) => [name, one]));
  return { streams: streams as unknown as RandomStreams };
}

/** "A packet every so often, with some jitter, looks random enough." */
export function evenlySpread(seed: string): Faulty {
  const timing = new SeededRandom(`${seed}/alice/even`);
  // exponential() takes -ln(u): bytes that make it uniform between half and one and a half of the mean.
  const even = {
    bytes: (length: number): Uint8Array => {
      const u = new DataView(timing.bytes(8).buffer).getUint32(0) / 2 ** 32;
      const bytes = new Uint8Array(length);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.floor(Math.exp(-(0.5 + u)) * 2 ** 52)) << 12n);
      return bytes;
    },
  };
  return { streams: { ...seededStreams(`${seed}/alice/0`), timing: even } };
}

function withClock(Clock: ClockClass): Faulty {
  return {
    make: (options) => {
      class FaultyClient extends TransportClient {
        #requests = 0;

        override async request(question: Parameters<TransportClient["request"]>[0]): Promise<Uint8Array> {
          this.#requests++;
          return super.request(question).finally(() => this.#requests--);
        }

        protected override makeSendClock(clockOptions: SendClockOptions): SendClock {
          return new Clock(clockOptions, () => this.#requests > 0 || this.status().queuedFragments > 0);
        }
      }
      return new FaultyClient(options);
    },
  };
}
