/** Every error the server throws on purpose, by code. Bugs are assertions and throw something else. */

export const SERVER_ERRORS = {
  CONFIG: "The configuration is not usable.",
  KEY_FILE: "The key file is not usable.",
  CLOCK_WRONG: "This machine's clock differs too much from the authorities'.",
  DATABASE_NEWER: "The database was written by a newer version of this program.",
  DATABASE: "The database cannot be opened.",
  DATABASE_DAMAGED: "The database is damaged.",
  SELF_TEST: "This machine's cryptography gives wrong answers.",
  USAGE: "The command was not understood.",
} as const;

export type ServerErrorCode = keyof typeof SERVER_ERRORS;

export class ServerError extends Error {
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, detail?: string) {
    super(detail ?? SERVER_ERRORS[code]);
    this.name = "ServerError";
    this.code = code;
  }
}
