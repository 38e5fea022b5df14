/** The program as an operator calls it (docs/operating.md): each command a process of its own. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readConfig } from "#provider-server/cli/config.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { NUMBERS_SKIPPED } from "#provider-server/mailbox/after-restore.ts";
import { toHex } from "#transport/core/bytes.ts";
import { decodeInvite } from "#transport/directory/invite.ts";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const cli = fileURLToPath(new URL("../../../provider-server/cli/main.ts", import.meta.url));
const guide = fileURLToPath(new URL("../../../docs/operating.md", import.meta.url));

test("from keys over a signed network file to an invite", async (t) => {
  const { run, folder, ok } = setUp(t);
  const [one, two, provider] = await Promise.all(["one.key", "two.key", "provider.key"].map(keygen));
  assert.ok(one && two && provider);
  assert.deepEqual(JSON.parse(await ok("keygen", "--show", "one.key")), one);
  assert.equal(mode("one.key"), 0o600);

  const create = (
    threshold: string,
    second = `two,${two.identityKey},${two.linkKey},127.0.0.1:47002`,
    spread = "1/4",
    tokens = "32",
    boxes = "2",
  ) =>
    run(
      ..."network create --name Test --kind demo --genesis 2027-01-01T00:00:00Z --bootstrap 10".split(" "),
      ...`--threshold ${threshold} --send-spread ${spread} --tokens ${tokens} --out network.unsigned`.split(" "),
      ...`--box-replies ${boxes} --authority one,${one.identityKey},${one.linkKey},127.0.0.1:47001 --authority ${second}`.split(
        " ",
      ),
    );
  await t.test("what cannot be a network is refused in one sentence", async () => {
    refused(await create("1"), /^--threshold is more than half/, 2);
    refused(await create("2", "two,abc,def,127.0.0.1:47002"), /^--authority is NAME/, 2);
    for (const spread of ["0", "1/65", "1.01", "1/0", "half"])
      refused(await create("2", undefined, spread), /^--send-spread is a share of a slot from 1\/64 to 1/, 2);
    for (const tokens of ["0", "65", "2.5", "many"])
      refused(await create("2", undefined, undefined, tokens), /^--tokens is a whole number from 1 to 64$/, 2);
    for (const boxes of ["5", "22", "1.5", "some"])
      refused(
        await create("2", undefined, undefined, undefined, boxes),
        /^--box-replies is a whole number from 0 \(no boxes\) to 4$/,
        2,
      );
    refused(await create("2", `two,${one.identityKey},${two.linkKey},127.0.0.1:47002`), /different keys$/, 2);
  });
  assert.deepEqual(await create("2"), { code: 0, out: "", err: "" });
  assert.match(await ok("network", "show", "network.unsigned"), /^Test, demo, since 2027-01-01T00:00:00\.000Z/);
  assert.match(await ok("network", "show", "network.unsigned"), /\nclock slot, everybody sends in the first 0\.25 of/);
  assert.match(await ok("network", "show", "network.unsigned"), /\n32 tokens for each provider and 1 h\n/);
  assert.match(
    await ok("network", "show", "network.unsigned"),
    /\nboxes at other providers, 2 answers asked of them at a time\n/,
  );
  assert.match(await ok("network", "show", "network.unsigned"), /not signed yet$/);

  const sign = (name: string) =>
    run("network", "sign", "--in", "network.unsigned", "--key", `${name}.key`, "--out", `${name}.signature`);
  const join2 = (...names: string[]) =>
    run("network", "join", "--in", "network.unsigned", ...names.flatMap((n) => ["--signature", n]), "--out", "network");
  assert.match((await sign("one")).out, /2 of 2 authorities must sign:\n {2}.* at 127\.0\.0\.1[^]*signed as one\n$/);
  await t.test("a signature that is missing, and a key that has nothing to sign, are named", async () => {
    refused(
      await sign("provider"),
      /^provider\.key: expected the keys of an authority that network\.unsigned names\.$/,
    );
    refused(await join2("one.signature"), /two did not sign the network\.$/);
    refused(
      await join2("none.signature"),
      /^none\.signature: there is no such file\. Nothing was changed\. Name a file that `network sign` wrote\.$/,
    );
    refused(await run("network", "show", "one.key"), /^one\.key: expected a network file that all/);
  });
  await sign("two");
  const { networkHash } = JSON.parse((await join2("two.signature", "one.signature")).out) as { networkHash: string };
  assert.match(await ok("network", "show", "network"), new RegExp(`signed by all, hash ${networkHash}$`));
  // Everybody may read who is in charge; whom an invite let in, nobody but the provider.
  assert.equal(mode("network") & 0o044, 0o044);

  write("provider.json", PROVIDER);
  const invite = decodeInvite(await ok("invite", "provider.json", "--uses", "3"));
  assert.equal(invite.address, "127.0.0.1:47300");
  assert.equal(invite.domain, "mail.example");
  assert.equal(toHex(invite.linkKey), provider.linkKey);
  assert.equal(toHex(invite.networkHash), networkHash);
  assert.match(invite.code, /^[a-z2-7]{26}$/);
  assert.equal(mode("provider.sqlite"), 0o600);

  await t.test("an invite that would lead nowhere is refused in one sentence", async () => {
    write("bad.json", { ...PROVIDER, listen: "127.0.0.1:0" });
    refused(await run("invite", "bad.json"), /^bad\.json: address: expected host:port, since listen has port 0\.$/);
    write("bad.json", { ...PROVIDER, networkFile: "network.unsigned" });
    refused(await run("invite", "bad.json"), /network\.unsigned: expected a network file that all its authorities/);
    write("bad.json", { ...PROVIDER, role: "mix", domain: undefined, database: undefined, signUp: undefined });
    refused(await run("invite", "bad.json"), /^bad\.json: role: expected "provider" to invite to\.$/);
    refused(
      await run("invite", "none.json"),
      /^none\.json: there is no such file\. Nothing was changed\. Name the configuration/,
    );
    write("bad.json", { ...PROVIDER, networkFile: "none.network" });
    refused(
      await run("invite", "bad.json"),
      /none\.network: there is no such network file\. Nothing was changed\. Put the signed file .* authorities .* `networkFile`\.$/,
    );
    refused(await run("invite", "provider.json", "--uses", "0"), /^--uses is from 1 to 1,000,000$/, 2);
    chmodSync(join(folder, "provider.key"), 0o644);
    refused(await run("invite", "provider.json"), /provider\.key: expected a file that only its owner can read/);
    chmodSync(join(folder, "provider.key"), 0o600);
  });

  await t.test("a daemon that cannot keep what it must keep says so in one sentence and ends", async () => {
    write("bad.json", { ...PROVIDER, listen: "127.0.0.1:0", database: "." });
    refused(await run("run", "bad.json"), /^database: expected .* to be a file; it is a folder\.$/);
    write("bad.json", { ...MIX, keyFile: "one.key", listen: "127.0.0.1:0", memoryDirectory: "network" });
    refused(await run("run", "bad.json"), /memoryDirectory: expected .*network to be a directory that can be written/);
    mkdirSync(join(folder, "open"));
    chmodSync(join(folder, "open"), 0o755);
    write("bad.json", { ...MIX, keyFile: "one.key", listen: "127.0.0.1:0", memoryDirectory: "open" });
    refused(await run("run", "bad.json"), /memoryDirectory: expected .*open to be this user's alone \(chmod 700\)\.$/);
    write("bad.json", { ...AUTHORITY, keyFile: "one.key", listen: "127.0.0.1:0", dataDirectory: "network" });
    refused(
      await run("run", "bad.json"),
      /^dataDirectory: expected .*network to be a directory that can be written\.$/,
    );
  });

  function keygen(file: string): Promise<Record<"nodeId" | "identityKey" | "linkKey", string>> {
    return ok("keygen", "--out", file).then(JSON.parse);
  }

  function mode(name: string): number {
    return statSync(join(folder, name)).mode & 0o777;
  }

  function write(name: string, config: object): void {
    writeFileSync(join(folder, name), JSON.stringify(config));
  }
});

test("after a restoration every mailbox's numbers go on far above", async (t) => {
  const { run, folder } = setUp(t);
  writeFileSync(join(folder, "provider.json"), JSON.stringify(PROVIDER));
  refused(
    await run("restored", "provider.json"),
    /^provider\.json: database: expected the file that was restored, at /,
  );
  const path = join(folder, "provider.sqlite");
  const before = new ProviderDatabase(path);
  before.prepare("INSERT INTO mailboxes (mailbox_id, next_seq) VALUES (x'01', 8), (x'02', 1)").run();
  before.close();
  const { code, out } = await run("restored", "provider.json");
  assert.equal(code, 0);
  assert.equal(out, `next entries' numbers raised by ${NUMBERS_SKIPPED} in 2 mailboxes\n`);
  const after = new ProviderDatabase(path);
  const numbers = after.prepare("SELECT next_seq FROM mailboxes ORDER BY id").all();
  after.close();
  assert.deepEqual(
    numbers.map((row) => row["next_seq"]),
    [NUMBERS_SKIPPED + 8, NUMBERS_SKIPPED + 1],
  );
});

test("help is what was asked for, anything else that is no command is not", async (t) => {
  const { run } = setUp(t);
  const help = await run("help");
  assert.equal(help.code, 0);
  assert.match(help.out, /^usage:/);
  for (const flag of ["--help", "-h"]) assert.deepEqual(await run(flag), help);
  assert.deepEqual(await run("network", "create", "--help"), help);
  const none = await run("hlep");
  assert.equal(none.code, 2);
  assert.equal(none.err, `There is no command "hlep". Nothing was done. \`--help\` tells what there is.\n`);
  const nothing = await run();
  assert.deepEqual([nothing.code, nothing.err], [2, help.out]);
});

test("the guide's tables name the keys of each role's configuration, and no others", (t) => {
  const { folder } = setUp(t);
  const path = join(folder, "config.json");
  const configs = { authority: AUTHORITY, mix: MIX, provider: PROVIDER };
  for (const [role, config] of Object.entries(configs)) {
    writeFileSync(path, JSON.stringify({ ...config, unknown: 1 }));
    assert.deepEqual(keysInGuide(role).toSorted(), keysExpected(path).toSorted(), role);
  }
});

test("the guide's examples are configurations", (t) => {
  const { folder } = setUp(t);
  const path = join(folder, "config.json");
  const examples = [...readFileSync(guide, "utf8").matchAll(/^```json\n([^]*?)^```$/gm)].map(([, json]) => json ?? "");
  const roles = examples.map((json) => {
    writeFileSync(path, json);
    return readConfig(path).role;
  });
  assert.deepEqual(roles, ["authority", "mix", "provider"]);
});

const MIX = {
  role: "mix",
  networkFile: "network",
  keyFile: "mix.key",
  listen: "127.0.0.1:47201",
  operator: "Example",
};
const PROVIDER = {
  ...MIX,
  role: "provider",
  keyFile: "provider.key",
  listen: "127.0.0.1:47300",
  domain: "mail.example",
  database: "provider.sqlite",
  signUp: { policy: "invite" },
};
const AUTHORITY = {
  role: "authority",
  networkFile: "network",
  keyFile: "authority.key",
  listen: "127.0.0.1:47001",
  dataDirectory: "state",
  admit: [],
};

/** Rows of the table | key | authority | mix | provider | meaning |, where a role's column is not empty. */
function keysInGuide(role: string): string[] {
  const rows = readFileSync(guide, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length === COLUMNS);
  const column = { authority: 2, mix: 3, provider: 4 }[role] ?? 0;
  return rows.filter((cells) => cells[column] !== "").map((cells) => (cells[1] ?? "").replaceAll("`", ""));
}

/** Five cells, and what stands before the first bar and after the last. */
const COLUMNS = 7;

/** The program names them itself when it meets one that it does not know. */
function keysExpected(file: string): string[] {
  try {
    readConfig(file);
  } catch (error) {
    const known = /expected (.*)\.$/.exec((error as Error).message)?.[1] ?? "";
    return known.split(", ");
  }
  return assert.fail("an unknown key was taken");
}

function refused(ended: Ended, sentence: RegExp, code = 1): void {
  assert.match(ended.err.trimEnd(), sentence);
  assert.equal(ended.err.trimEnd().split("\n").length, 1);
  assert.equal(ended.code, code);
  assert.equal(ended.out, "");
}

function setUp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "starling-operate-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const run = (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const options = { cwd: folder, env: { ...process.env, npm_lifecycle_event: "" } };
      const child = execFile(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", cli, ...args],
        options,
        (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
      );
    });
  const ok = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run(...args);
    assert.equal(code, 0, err);
    return out.trim();
  };
  return { folder, run, ok };
}
