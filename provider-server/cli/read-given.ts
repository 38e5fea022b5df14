/** A file that an operator named: when it cannot be read, which one, why, and what to do. */

import { ServerError } from "../errors.ts";
import { readBytes } from "../read-bytes.ts";
import { codeOf } from "./write-new.ts";

/** `what` it should be, and `todo` where nothing is there. Throws CONFIG. */
export function readGiven(path: string, { what = "file", todo }: { what?: string; todo: string }): Uint8Array {
  try {
    return readBytes(path);
  } catch (error) {
    const code = codeOf(error);
    const why =
      code === "ENOENT"
        ? `there is no such ${what}. Nothing was changed. ${todo}`
        : `the ${what} cannot be read (${code}). Nothing was changed. Give it to the user that runs this program (chown, chmod).`;
    throw new ServerError("CONFIG", `${path}: ${why}`);
  }
}
