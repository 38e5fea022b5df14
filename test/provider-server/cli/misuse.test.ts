/** What an operator does wrong, and what a machine does to the program: one sentence, and nothing lost. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { FileAuthorityStore } from "#provider-server/authority/authority-store.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { testDescriptor } from "#test/support/test-network.ts";
import { toHex } from "#transport/core/bytes.ts";
import { AUTHORITY, type Ended, operator, PROVIDER } from "./operator.ts";

test("a daemon that cannot start ends, also when its figures were served already", async (t) => {
  const s = await operator(t);
  const [port] = await freePorts(1);
  const services = [{ name: "survey", module: "none.ts" }];
  s.write("provider.json", { ...PROVIDER, metricsListen: `127.0.0.1:${port}`, services });
  refused(await s.run("run", "provider.json"), /^services: survey: .*none\.ts does not start/);
});

test("an authority whose address is taken ends, also when it has providers' domains to ask about", async (t) => {
  const s = await operator(t);
  const provider = testDescriptor(s.suite, { name: "a", role: "provider", publishedAt: 1_700_000_000_000 });
  new FileAuthorityStore(join(s.folder, "state")).putDescriptor(toHex(provider.nodeId), provider.bytes);
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  s.write("authority.json", {
    ...AUTHORITY,
    listen: `127.0.0.1:${(taken.address() as AddressInfo).port}`,
    admit: [{ nodeId: toHex(provider.nodeId) }],
    dns: { servers: ["127.0.0.1:9"] },
  });
  refused(
    await s.run("run", "authority.json"),
    /^listen: expected an address of this machine that is free \(EADDRINUSE\)/,
  );
});

/** The last line of what it said; a log may come before. */
function refused(ended: Ended, sentence: RegExp, code = 1): void {
  assert.match(ended.err.trimEnd().split("\n").at(-1) ?? "", sentence);
  assert.equal(ended.code, code, ended.err);
  assert.equal(ended.out, "");
}
