/** Writes the packet, fragment and signature vectors, and the packet self-test's answers, that this project makes itself: `node test/support/generate-vectors.ts`. */

import { writeFileSync } from "node:fs";
import { fragmentVectors } from "#test/support/fragment-vectors.ts";
import { hybridVectors } from "#test/support/hybrid-vectors.ts";
import { packetAnswersFile } from "#test/support/packet-answers.ts";
import { packetVectors } from "#test/support/packet-vectors.ts";

const FILES = {
  "packets-x25519": await packetVectors("x25519"),
  "packets-xwing": await packetVectors("xwing"),
  fragments: await fragmentVectors(),
  "hybrid-signature": hybridVectors(),
};

for (const [name, vectors] of Object.entries(FILES)) {
  writeFileSync(new URL(`../vectors/${name}.json`, import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
}

// From the files just written.
writeFileSync(new URL("../../transport/sphinx/packet-answers.ts", import.meta.url), await packetAnswersFile());
