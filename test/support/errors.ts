/** What tests say about coded errors. */

import { TransportError, type TransportErrorCode } from "#transport/core/errors.ts";

/** For `assert.throws` and `assert.rejects`: exactly this code, and not a bug that happens to throw. */
export const isTransportError =
  (code: TransportErrorCode) =>
  (error: unknown): boolean =>
    error instanceof TransportError && error.code === code;
