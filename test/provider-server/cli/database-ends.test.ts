/** What happens to a provider's database while its daemon runs: damage, and a command of a newer program. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { markDatabase } from "#provider-server/cli/in-use.ts";
import { readKeyFile } from "#provider-server/cli/key-file.ts";
import { EXIT_DAMAGED } from "#provider-server/cli/limits.ts";
import { readNetwork } from "#provider-server/cli/network.ts";
import { ProviderDatabase, sentenceForEnd } from "#provider-server/database/database.ts";
import { MIGRATIONS } from "#provider-server/database/migrations.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeControlRequest } from "#transport/link/control.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { operator, PROGRAM, PROVIDER } from "./operator.ts";

test("a database that is damaged while the provider runs ends it with one sentence and an exit code of its own", async (t) => {
  const s = await operator(t);
  s.write("provider.json", { ...PROVIDER, unwrapThreads: 0 });
  const database = join(s.folder, PROVIDER.database);
  // Everything in the one file, and nothing of it in the daemon's memory yet.
  new ProviderDatabase(database).close();
  const daemon = spawn(process.execPath, [...PROGRAM, "run", "provider.json"], {
    cwd: s.folder,
    env: { ...process.env, npm_lifecycle_event: "" },
  });
  t.after(() => daemon.kill("SIGKILL"));
  let said = "";
  daemon.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [line] = (await once(createInterface(daemon.stdout), "line")) as [string];
  const { address } = JSON.parse(line) as { address: string };
  const file = openSync(database, "r+");
  writeSync(file, new Uint8Array(statSync(database).size - 4096).fill(0x55), 0, undefined, 4096);
  closeSync(file);

  const native = await loadSuite("xwing", "native");
  const { parameters } = readNetwork(join(s.folder, "network"), native);
  const { linkSeed } = readKeyFile(join(s.folder, "provider.key"));
  const sizes = geometry(parameters);
  const identitySeed = new Uint8Array(32).fill(9);
  const dialer = new TlsDialer({ identitySeed, suite: s.suite, sizes, clock: new SystemClock() });
  const expectedKey = linkKeyOf(s.suite, linkSeed);
  const ended = once(daemon, "exit") as Promise<[number]>;
  const link = await dialer.dial({ address, expectedKey, protocol: "starling-client/2" }).catch(() => undefined); // the first look at the file may be for this
  link?.send(encodeFrame({ type: "control", body: encodeControlRequest({ kind: "status", id: 1 }) }, sizes));
  const [code] = await ended;
  link?.close();
  assert.equal(code, EXIT_DAMAGED, said);
  const sentence = said.split("\n").filter((one) => one.startsWith("The database"));
  assert.equal(sentence.length, 1, said);
  assert.match(
    sentence[0] as string,
    /^The database .*provider\.sqlite was found damaged .*The provider has ended; .*put back the backup.*`restored`/,
  );
  assert.doesNotMatch(said, /\n\s+at /, "no stack");
});

test("a provider does not start on a damaged database, and ends with the same exit code: the unit would try for ever", async (t) => {
  const s = await operator(t);
  const config = s.write("provider.json", { ...PROVIDER, unwrapThreads: 0 });
  const database = join(s.folder, PROVIDER.database);
  new ProviderDatabase(database).close();
  // The first page's header stays: damage to what lists the tables, and then to that as well.
  for (const from of [100, 0]) {
    const bytes = readFileSync(database);
    writeFileSync(database, bytes.fill(0x55, from));
    const { code, err } = await s.run("run", config);
    assert.equal(code, EXIT_DAMAGED, err);
    assert.match(err, /^The database .*provider\.sqlite .*damaged.*put back the backup.*`restored`/m);
    assert.doesNotMatch(err, /\n\s+at /, "no stack");
    assert.deepEqual(readFileSync(database), bytes);
  }
});

test("what SQLite says of a bug keeps its stack: neither the disk nor a restart would mend it", () => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE names (name TEXT UNIQUE); INSERT INTO names VALUES ('a')");
  const errorOf = (sql: string): unknown => {
    try {
      return database.exec(sql);
    } catch (error) {
      return error;
    }
  };
  for (const sql of ["INSERT INTO names VALUES ('a')", "COMMIT", "SELECT nothing"]) {
    const error = errorOf(sql);
    assert.ok(error instanceof Error, sql);
    assert.equal(sentenceForEnd("provider.sqlite", error), undefined, error.message);
  }
  database.exec("PRAGMA max_page_count = 1");
  const full = sentenceForEnd("provider.sqlite", errorOf("CREATE TABLE more (a)"));
  assert.match(full?.text ?? "", /can not be used any more \(database or disk is full\)/);
  assert.equal(full?.isDamage, false);
  database.close();
});

test("an invite by a newer program leaves the database of an older daemon that runs as it is, and says so", async (t) => {
  const s = await operator(t);
  s.write("provider.json", { ...PROVIDER, listen: "127.0.0.1:47300" });
  const path = join(s.folder, PROVIDER.database);
  const older = MIGRATIONS.length - 1;
  new ProviderDatabase(path, older).close();
  const daemon = markDatabase(path, "");
  const refused = await s.run("invite", "provider.json");
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /^database: another daemon uses .*provider\.sqlite\. Nothing was changed\. It is of an older version than this program: start it again with this one/,
  );
  assert.equal(ProviderDatabase.versionOf(path), older);
  daemon.release();
  const given = await s.run("invite", "provider.json");
  assert.deepEqual([given.code, given.err], [0, ""]);
  assert.equal(ProviderDatabase.versionOf(path), MIGRATIONS.length);
  // Beside a daemon of this version it is as it was.
  const same = markDatabase(path, "");
  assert.equal((await s.run("invite", "provider.json")).code, 0);
  same.release();
});
