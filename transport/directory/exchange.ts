/** One question and its answer on a link of its own. Spec: docs/spec/05-link.md §5 */

import type { Cancel, Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { decodeFrame, encodeFrame, type Frame } from "../link/frame.ts";
import type { FrameSizes } from "../link/frame-table.ts";
import type { Dialer, Link, Protocol } from "../link/link.ts";

export interface Question<T> {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly address: string;
  readonly expectedKey: Uint8Array;
  readonly protocol: Protocol;
  readonly frame: Frame;
  /** Only for frames that are none of a packet: any sizes do for the directory. */
  readonly sizes?: FrameSizes;
  readonly within: Milliseconds;
  /** How long the rest may take of an answer in several frames, by the first of them; `within` counts till the end unless given. */
  readonly rest?: (first: Frame) => Milliseconds;
  /** Called with each piece of a frame that is not whole yet: so many bytes of it have come. */
  readonly came?: (bytes: number) => void;
  /** Ends the exchange, as if the other end had closed it. */
  readonly signal?: AbortSignal;
  /** Called with each frame that comes; whatever it returns ends the exchange, undefined waits for more. */
  readonly read: (frame: Frame) => T | undefined;
}

/** Rejects as `dial`, with PROVIDER_DOWN when no whole answer comes in time, and with what `read` throws. */
export async function exchange<T>(q: Question<T>): Promise<T> {
  const sizes = q.sizes ?? NO_PACKETS;
  const link = await q.dialer.dial({ address: q.address, expectedKey: q.expectedKey, protocol: q.protocol });
  try {
    return await answer(link, q, sizes);
  } finally {
    link.close();
  }
}

const NO_PACKETS: FrameSizes = { packetBytes: 0, payloadBytes: 0 };

function answer<T>(link: Link, q: Question<T>, sizes: FrameSizes): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const endAfter = (wait: Milliseconds): Cancel =>
      q.clock.at(milliseconds(q.clock.now() + wait), () =>
        reject(new TransportError("PROVIDER_DOWN", "No answer in time.")),
      );
    let cancel = endAfter(q.within);
    let isFirst = true;
    const settle = (act: () => void): void => {
      cancel();
      act();
    };
    const end = (): void => settle(() => reject(new TransportError("PROVIDER_DOWN", "Not needed any more.")));
    if (q.signal?.aborted === true) return end();
    q.signal?.addEventListener("abort", end, { once: true });
    link.onClose((reason) => settle(() => reject(new TransportError("PROVIDER_DOWN", `No answer: ${reason}.`))));
    const hear = (bytes: Uint8Array): void => {
      try {
        const frame = decodeFrame(bytes, { protocol: q.protocol, direction: "toDialer", sizes });
        const result = q.read(frame);
        if (result !== undefined) return settle(() => resolve(result));
        if (isFirst && q.rest !== undefined) {
          cancel();
          cancel = endAfter(q.rest(frame));
        }
        isFirst = false;
      } catch (error) {
        settle(() => reject(error));
      }
    };
    link.onFrame(hear, q.came && { onPiece: q.came });
    if (!link.send(encodeFrame(q.frame, sizes))) {
      settle(() => reject(new TransportError("PROVIDER_DOWN", "The link is closed.")));
    }
  });
}
