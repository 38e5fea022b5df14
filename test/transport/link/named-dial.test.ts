/** Dialling a name with several addresses. Each in a process of its own: what went wrong here once ended the process. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("named-dial.ts", import.meta.url));

/** Rejects when the process crashes, or is still there after a minute because something is left open. */
async function outcomeOf(name: string): Promise<unknown> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--disable-warning=ExperimentalWarning", program, name], {
    timeout: 60_000,
  });
  return JSON.parse(stdout);
}

const down = (detail: string) => ({
  code: "PROVIDER_DOWN",
  message: `The provider cannot be reached. ${detail}.`,
  later: 0,
});

for (const first of ["an IPv6 address first", "two IPv4 addresses"]) {
  test(`a name whose first address is dead is reached at its second: ${first}`, async () => {
    assert.deepEqual(await outcomeOf(first), { here: "node", there: "node" });
  });
}

test("a name whose addresses are all dead is PROVIDER_DOWN, and no timer stays behind", async () => {
  assert.deepEqual(await outcomeOf("no address"), down("ECONNREFUSED"));
});

test("a resolver that answers after the dial's ten seconds begins nothing any more", async () => {
  assert.deepEqual(await outcomeOf("a resolver that is too late"), down("no answer in time"));
});

test("finding, connecting and handshake share the ten seconds, and the connection ends with them", async () => {
  assert.deepEqual(await outcomeOf("slow in both parts"), down("no answer in time"));
});
