/** Which forms of the directory's documents this program reads. Spec: docs/spec/08-directory.md §13 */

import { TransportError } from "../core/errors.ts";

/**
 * Called once a signature holds, so that nobody can make us believe in a newer network who is not of it. Throws VERSION_NEWER
 * for a later version than `known`, MALFORMED for one that never was.
 */
export function checkVersion(version: number, known: number): void {
  if (version > known) throw new TransportError("VERSION_NEWER");
  if (version !== known) throw new TransportError("MALFORMED");
}
