/** Why a call of a local program was not done: the codes of TransportError, and these. Spec: docs/spec/16-local-client.md §5 */

import { TransportError } from "../core/errors.ts";

export const LOCAL_ERRORS = {
  TOO_MANY_PROGRAMS:
    "As many programs are connected as may be. Nothing was read from this one. Close one of them, or connect again later.",
  TOO_MANY_CALLS:
    "This connection has as many calls open as it may have. This one was not begun. Wait for an answer, then make it again.",
  TOO_MANY_HELD:
    "This connection has as many messages as it may have without saying done. None was given out. Say done, then ask again.",
  NOT_HELD:
    "This connection has no such message: it was given to another, or is done. Nothing was changed. Take messages with next.",
  UNKNOWN_MESSAGE: "No such message was sent from here, or its end is so long ago that it was forgotten.",
  QUEUE_FULL:
    "As much waits to be sent as may wait. This message was not taken; those before it go on. Send it again later: status says how much waits.",
  FAILED:
    "The local client could not do this, and says why on its standard error. What it said it had taken is safe. Send again under the same message id.",
} as const;

export type LocalErrorCode = keyof typeof LOCAL_ERRORS;

export class LocalError extends Error {
  readonly code: LocalErrorCode;

  constructor(code: LocalErrorCode) {
    super(LOCAL_ERRORS[code]);
    this.name = "LocalError";
    this.code = code;
  }
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** What a program is told; undefined for what is no expected failure. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof LocalError) && !(error instanceof TransportError)) return undefined;
  return { code: error.code, message: error.message };
}
