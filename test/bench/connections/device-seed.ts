/** The key of the i-th client, known to the process that opens its account and to the one that plays it. */

import { createHash } from "node:crypto";

export const deviceSeed = (i: number): Uint8Array =>
  new Uint8Array(createHash("sha256").update(`starling bench client ${i}`).digest());
