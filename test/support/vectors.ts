/** Reads test vectors from test/vectors; every file says in `provenance` where its values come from. */

import { readFileSync } from "node:fs";

/** The parsed file. The caller says what it holds: `const { cases } = readVectors("ed25519") as Ed25519Vectors`. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
}
