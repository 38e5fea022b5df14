/** Every error the program throws on purpose: a code of the contract, and a text for the log that names no person and no secret. */

import { TransportError, type TransportErrorCode } from "#transport";
import type { ErrorCode } from "./contract/contract.ts";

export class MainError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, options?: { cause?: unknown; detail?: string }) {
    super(options?.detail ?? code, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MainError";
    this.code = code;
  }
}

/** The transport's errors in the contract's words; INTERNAL for what nobody foresaw. */
export function toMainError(error: unknown): MainError {
  if (error instanceof MainError) return error;
  const code = error instanceof TransportError ? MEANING[error.code] : "INTERNAL";
  return new MainError(code, { cause: error });
}

const MEANING: Readonly<Record<TransportErrorCode, ErrorCode>> = {
  MALFORMED: "INTERNAL",
  UNWRAP_FAILED: "INTERNAL",
  SEAL_FAILED: "INTERNAL",
  REPLY_FAILED: "LOOKUP_FAILED",
  MESSAGE_TOO_LARGE: "MESSAGE_TOO_LARGE",
  NO_PATH: "NETWORK_TOO_SMALL",
  NO_CONSENSUS: "PROVIDER_DOWN",
  CONSENSUS_STALE: "CONSENSUS_STALE",
  CONSENSUS_FORGED: "CONSENSUS_FORGED",
  CONSENSUS_SPLIT: "CONSENSUS_SPLIT",
  VERSION_NEWER: "PROGRAM_TOO_OLD",
  RECORD_FORGED: "LOOKUP_FAILED",
  RECORD_UNUSABLE: "LOOKUP_FAILED",
  RECORD_EXPIRED: "KEY_EXPIRED",
  CLOCK_WRONG: "CLOCK_WRONG",
  PROVIDER_DOWN: "PROVIDER_DOWN",
  REFUSED: "REFUSED",
  BAD_INVITE: "BAD_INVITE",
  NAME_TAKEN: "ADDRESS_TAKEN",
  TOO_MANY_NAMES: "TOO_MANY_NAMES",
  NAME_INVALID: "BAD_INPUT",
  // Of an account that is open here: another device put this one out, or the provider lost it.
  NO_ACCOUNT: "DEVICE_UNKNOWN",
  TOO_MANY_DEVICES: "TOO_MANY_DEVICES",
  ACCOUNT_DIFFERS: "ACCOUNT_DIFFERS",
  DEVICE_NEWER: "DEVICE_NEWER",
  DEVICE_OLDER: "DEVICE_OLDER",
  SERVICE_TIMEOUT: "LOOKUP_FAILED",
  NO_TOKENS: "LOOKUPS_USED_UP",
};
