/** The library as its guide shows it, against a live network: processes, TLS, a service of the operator's own. docs/integrate.md */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startNetwork } from "#test/demo/network.ts";
import { Observations } from "#test/demo/observations.ts";
import { begin, takeOne, write } from "#test/examples/letters.ts";
import { vote } from "#test/examples/survey.ts";
import { memoryStore } from "#transport";

const survey = fileURLToPath(new URL("../examples/survey-service.ts", import.meta.url));

test("people vote in a survey that an operator added, and a message waits on a disk for the next start", async () => {
  const folder = mkdtempSync(join(tmpdir(), "starling-library-"));
  const services = [{ name: "survey", module: survey, options: { choices: ["tea", "coffee"] } }];
  const provider = (domain: string): object => (domain === "b.example" ? { services } : {});
  const network = await startNetwork({ folder, observations: new Observations(), provider });
  try {
    await network.flowing();
    const counts = await vote({
      invite: await network.invite("a.example"),
      store: await memoryStore(),
      at: "b.example",
      choice: "coffee",
    });
    assert.deepEqual(counts, { tea: 0, coffee: 1 });

    const invite = await network.invite("b.example");
    const key = new Uint8Array(randomBytes(32));
    const open = () => begin(invite, join(folder, "bea"), key);
    const first = await open();
    assert.equal(first.address, "bea@b.example");
    await write(first, first.address, "note to self");
    await first.close();
    const again = await open();
    const taken: string[] = [];
    await takeOne(again, async (_id, body) => void taken.push(new TextDecoder().decode(body)));
    assert.deepEqual(taken, ["note to self"]);
    await again.close();
  } finally {
    await network.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
