/** Two daemons on one folder: the second one says so and ends, for it would undo what the first one remembers. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readConfig } from "#provider-server/cli/config.ts";
import { restored } from "#provider-server/cli/restored.ts";
import { type Running, startConfigured } from "#provider-server/cli/start.ts";
import { AUTHORITY, MIX, type Operator, operator, PROVIDER } from "./operator.ts";

const NO_THREADS = { unwrapThreads: 0 };

test("a second daemon on a mix's memory directory, an authority's data or a provider's database does not start", async (t) => {
  const s = await operator(t);
  for (const { first, second, key } of [
    { first: { ...MIX, ...NO_THREADS }, second: { ...MIX, ...NO_THREADS }, key: "memoryDirectory" },
    { first: AUTHORITY, second: AUTHORITY, key: "dataDirectory" },
    {
      first: { ...PROVIDER, ...NO_THREADS, memoryDirectory: "own" },
      second: { ...PROVIDER, ...NO_THREADS, memoryDirectory: "other" },
      key: "database",
    },
  ]) {
    const running = await start(t, s, first);
    const sentence = new RegExp(`^${key}: another daemon uses .*\\. Nothing was changed\\. Stop it, or `);
    await assert.rejects(start(t, s, second), { code: "CONFIG", message: sentence });
    await running.stop();
    const later = await start(t, s, second);
    await later.stop();
  }
});

test("a database is not made ready after a restoration while its provider runs", async (t) => {
  const s = await operator(t);
  const running = await start(t, s, { ...PROVIDER, ...NO_THREADS });
  const path = join(s.folder, "config.json");
  await assert.rejects(restored([path]), {
    code: "CONFIG",
    message: /^database: another daemon uses .*Stop it, put the backup in its place again, and call this once more\.$/,
  });
  await running.stop();
  await restored([path]);
});

async function start(t: TestContext, s: Operator, config: object): Promise<Running> {
  const running = await startConfigured(readConfig(s.write("config.json", config)));
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (!isStopped) await running.stop();
    isStopped = true;
  };
  t.after(stop);
  return { ...running, stop };
}
