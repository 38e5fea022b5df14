/** Why a local client does not start: a sentence for whoever wanted it. Nothing was sent, and what is in the folder is as it was. */

export class StartError extends Error {
  readonly code: "USAGE" | "NOT_STARTED";

  constructor(message: string, code: "USAGE" | "NOT_STARTED" = "NOT_STARTED") {
    super(message);
    this.name = "StartError";
    this.code = code;
  }
}
