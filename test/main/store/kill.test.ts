import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { createStore, openStore } from "#main/store/store.ts";
import { SystemRandom } from "#transport/core/system-random.ts";

const random = new SystemRandom();
const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
const passphrase = "correct horse battery";

test("after kill -9 in the middle of writing, everything that was promised is there, whole, and writing goes on", async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), "starling-kill-"));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  await (await createStore({ dataDir, keyring, passphrase, random })).close();
  const promised: string[] = [];
  for (const enough of [5, 23]) {
    promised.push(...(await writeUntilKilled(dataDir, enough)));
    const store = await openStore({ dataDir, keyring, passphrase });
    for (const id of promised) {
      const message = await store.message(id);
      assert.ok(message !== undefined, "a mail that was promised is gone");
      const { messages } = await store.thread(message.conversationId);
      assert.equal(messages[0]?.attachments[0]?.bytes, 9000);
    }
    await store.close();
  }
});

/** The ids that the process named before it was killed, at least `enough`. */
async function writeUntilKilled(dataDir: string, enough: number): Promise<string[]> {
  const script = fileURLToPath(new URL("../../support/store-writer.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dataDir, passphrase], { stdio: ["ignore", "pipe", "inherit"] });
  const ids: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    ids.push(line);
    if (ids.length === enough) child.kill("SIGKILL");
  }
  assert.ok(ids.length >= enough, "the process ended by itself");
  return ids;
}
