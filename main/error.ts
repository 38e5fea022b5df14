/** Every error the program throws on purpose: a code of the contract, and a text for the log that names no person and no secret. */

import type { ErrorCode } from "./contract/contract.ts";

export class MainError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, options?: { cause?: unknown; detail?: string }) {
    super(options?.detail ?? code, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MainError";
    this.code = code;
  }
}
