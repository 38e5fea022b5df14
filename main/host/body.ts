/**
 * Bodies of requests and answers in pieces: tens of megabytes copied in one go would hold up the thread whose ticks say when
 * packets leave (docs/spec/04-traffic.md §6).
 */

import { MainError } from "../error.ts";
import { PIECE_BYTES } from "./limits.ts";

/** The whole of a stream. Throws MESSAGE_TOO_LARGE as soon as it is longer than `most`. */
export async function readBody(stream: ReadableStream<Uint8Array> | null, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream ?? []) {
    length += piece.length;
    if (length > most) throw new MainError("MESSAGE_TOO_LARGE");
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  let copied = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
    copied += piece.length;
    if (copied < PIECE_BYTES) continue;
    copied = 0;
    await nextTurn();
  }
  return whole;
}

/** The bytes in pieces, each when the one before has been taken. */
export function bodyOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      if (at >= bytes.length) return controller.close();
      await nextTurn();
      controller.enqueue(bytes.slice(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
    },
  });
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
