/**
 * The pipe between the window and the program, and what travels on it: JSON text, one message at a time, in order.
 * Spec: docs/spec/10-contract.md §2
 */

import { z } from "zod";
import { ERROR_CODES, type ErrorCode } from "./contract.ts";

/** Three functions, so that every host can offer one: Electron's IPC, a WebSocket on the loopback interface, memory. */
export interface Port {
  /** Hands one JSON text over. After `close` it does nothing. */
  send(json: string): void;
  /** One listener for what arrives, one for the end. Messages that came before the call are kept for it. */
  onMessage(listener: (json: string) => void): void;
  onClose(listener: () => void): void;
  close(): void;
}

/** One message at most, as text. Larger things travel as attachments (contract.ts, ATTACHMENT_PATH). */
export const MESSAGE_CHARACTERS_MAX = 16 * 2 ** 20;

export const request = z.strictObject({ id: z.int().nonnegative(), method: z.string().max(100), input: z.unknown() });
export const reply = z.union([
  z.strictObject({ id: z.int().nonnegative(), value: z.unknown() }),
  z.strictObject({ id: z.int().nonnegative(), error: z.strictObject({ code: z.enum(ERROR_CODES) }) }),
]);
export const event = z.strictObject({ event: z.string().max(100), data: z.unknown() });

export type Request = z.infer<typeof request>;
export type Reply = z.infer<typeof reply>;

/** What a failed call throws on the window's side: a code, nothing else. */
export class CallError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(code);
    this.name = "CallError";
    this.code = code;
  }
}
