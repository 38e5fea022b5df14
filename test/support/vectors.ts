/** Reads test vectors from test/vectors; every file says in `provenance` where its values come from. */

import { readFileSync } from "node:fs";

export function readVectors<T>(name: string): T & { readonly provenance: string } {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
}
