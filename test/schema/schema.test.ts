/**
 * What a released version left on a disk is opened by the program as it is: the provider's database, the client's store, the
 * authority's and the mix's folders. And a schema that changes without a new step, or without a new fixture, is seen.
 */

import assert from "node:assert/strict";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { blake2b } from "@noble/hashes/blake2.js";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { MIGRATIONS as CLIENT_MIGRATIONS } from "#main/store/schema.ts";
import { openStore } from "#main/store/store.ts";
import { FileAuthorityStore } from "#provider-server/authority/authority-store.ts";
import { runAuthority } from "#provider-server/authority/run-authority.ts";
import { publicKeys, readKeyFile } from "#provider-server/cli/key-file.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { MIGRATIONS as PROVIDER_MIGRATIONS } from "#provider-server/database/migrations.ts";
import { PeriodKeys } from "#provider-server/mix/period-keys.ts";
import { FilePeriodStore } from "#provider-server/mix/period-store.ts";
import { Log } from "#provider-server/observe/log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testNetwork } from "#test/support/test-network.ts";
import type { OutgoingMessage } from "#transport/client/store.ts";
import { decodeBoxes } from "#transport/client/boxes/own-box.ts";
import { concat, toHex, utf8 } from "#transport/core/bytes.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { epochNumber, keyPeriodNumber, messageId, milliseconds, replayTag } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";

interface Digests {
  readonly provider: readonly string[];
  readonly client: readonly string[];
}

/** The step of the provider's schema since which there are boxes. */
const FIRST_WITH_BOXES = 8;
/** And since which a reply waits for one device. */
const FIRST_WITH_OWN_REPLIES = 9;
const folder = fileURLToPath(new URL(".", import.meta.url));
const versions = readdirSync(folder)
  .filter((name) => existsSync(join(folder, name, "digests.json")))
  .toSorted();
const digestsOf = (name: string): Digests => JSON.parse(readFileSync(join(folder, name, "digests.json"), "utf8"));
const bytes = (fill: number, length = 32): Uint8Array => new Uint8Array(length).fill(fill);

test("the first released version has fixtures", () => assert.ok(versions.includes("0.1.0")));

test("no step of a schema was edited after its release, and every new one has a fixture", () => {
  const now: Digests = { provider: digest(PROVIDER_MIGRATIONS), client: digest(CLIENT_MIGRATIONS) };
  const kinds = ["provider", "client"] as const;
  for (const name of versions) {
    for (const kind of kinds) {
      const released = digestsOf(name)[kind];
      const found = now[kind].slice(0, released.length);
      assert.deepEqual(found, released, `a step of the ${kind}'s schema is not as ${name} had it: add a step instead`);
    }
  }
  for (const kind of kinds) {
    const covered = Math.max(...versions.map((name) => digestsOf(name)[kind].length));
    const text = `the ${kind}'s schema has a step without a fixture: node test/schema/make-fixtures.ts next`;
    assert.equal(covered, now[kind].length, text);
  }
});

for (const name of versions) {
  test(`a provider's database of ${name} becomes the newest and keeps what it held`, (t) => {
    const path = copyOf(t, name, "provider.sqlite");
    const database = new ProviderDatabase(path);
    const row = (sql: string): Record<string, unknown> => database.prepare(sql).get() as Record<string, unknown>;
    assert.equal(database.version, PROVIDER_MIGRATIONS.length);
    assert.deepEqual(schemaOf(database), schemaOf(new ProviderDatabase(":memory:")));
    assert.deepEqual(row("SELECT mailbox_id FROM mailboxes WHERE id = 7")["mailbox_id"], bytes(1));
    const entries = database.prepare("SELECT seq, body, device_key FROM entries WHERE mailbox = 7 ORDER BY seq").all();
    const hasOwnReplies = digestsOf(name).provider.length >= FIRST_WITH_OWN_REPLIES;
    assert.deepEqual(
      entries.map((entry) => [entry["seq"], entry["body"], entry["device_key"]]),
      // Whose the reply was nobody knows: it is asked for again.
      [[1, bytes(2, 100), null], ...(hasOwnReplies ? [[2, bytes(4, 100), bytes(6)]] : [])],
    );
    if (hasOwnReplies) assert.deepEqual(row("SELECT reply_id FROM devices WHERE mailbox = 7")["reply_id"], bytes(13));
    assert.deepEqual(row("SELECT hash FROM hashes WHERE mailbox = 7")["hash"], bytes(5, 16));
    assert.deepEqual(row("SELECT device_key FROM devices WHERE mailbox = 7")["device_key"], bytes(6));
    const account = row("SELECT mailbox, account_key, record FROM accounts WHERE local_part = 'alice'");
    assert.deepEqual([account["mailbox"], account["account_key"], account["record"]], [7, bytes(7), bytes(8, 200)]);
    assert.equal(row("SELECT uses_left FROM invites")["uses_left"], 3);
    if (digestsOf(name).provider.length >= FIRST_WITH_BOXES) {
      assert.equal(row("SELECT until FROM boxes WHERE mailbox = 8")["until"], 1_800_000_000_000);
      const reader = row("SELECT reader_id, cursor FROM box_readers WHERE mailbox = 8");
      assert.deepEqual([reader["reader_id"], reader["cursor"]], [bytes(11), 1]);
    }
    database.close();
  });

  test(`a client's store of ${name} opens with its passphrase and keeps account, keys, mail and what is under way`, async (t) => {
    const dataDir = copyOf(t, name, "client");
    const keyring = new PassphraseKeyring(new SeededRandom("unused"));
    // Twice: what the first opening changed is what the second one finds.
    for (let opening = 0; opening < 2; opening++) {
      const store = await openStore({ dataDir, keyring, passphrase: "correct horse battery" });
      const account = await store.account();
      assert.equal(account?.opened?.address, "alice@a.example");
      assert.deepEqual(account.accountKey, bytes(7));
      const hasReplyId = digestsOf(name).provider.length >= FIRST_WITH_OWN_REPLIES;
      assert.deepEqual(account.replyId, hasReplyId ? bytes(24) : undefined);
      assert.deepEqual(account.guards[0]?.nodeId, bytes(9));
      assert.equal((await store.consensuses()).length, 1);
      assert.deepEqual((await store.mailboxKeys())[0]?.privateKey, bytes(11));
      const [outgoing] = await store.outgoing();
      assert.deepEqual([outgoing?.id, outgoing?.fragments.length], [bytes(1, 16), 1]);
      assert.deepEqual(await store.outgoingData(messageId(bytes(1, 16)), 0), bytes(13, 50));
      assert.equal(await store.cursor(), 41);
      // 0.1.0 knew no boxes.
      const hasPlaces = digestsOf(name).client.length > 1;
      const place = hasPlaces ? { providerId: bytes(18), boxId: bytes(19), until: 1_900_000_000_000 } : undefined;
      assert.deepEqual([await store.place(bytes(17)), outgoing?.to.place], [place, place]);
      const boxes = await store.boxes();
      const [box] = boxes === undefined ? [] : decodeBoxes(boxes).boxes;
      const has = [box?.secret, box?.providerId, box?.until, box?.progress.cursor, box?.progress.taken];
      const had = [bytes(21), bytes(22), 1_900_000_000_000, 41, 6n];
      assert.deepEqual(has, hasPlaces ? had : had.map(() => undefined));
      assert.equal((await store.incoming())[0]?.bytes, 30);
      const found = await store.search({ query: "evergreen", limit: 5 });
      assert.equal(found[0]?.conversation.subject, "Kept");
      await store.close();
    }
  });

  test(`what a client's store of ${name} has under way is forgotten some time after its receipt, and not without one`, async (t) => {
    const dataDir = copyOf(t, name, "client");
    const keyring = new PassphraseKeyring(new SeededRandom("unused"));
    const store = await openStore({ dataDir, keyring, passphrase: "correct horse battery" });
    const [message] = (await store.outgoing()) as [OutgoingMessage];
    const deliveredAt = milliseconds(1_900_000_000_000);
    const later = milliseconds(deliveredAt + 1);
    await store.prune(later);
    assert.equal((await store.outgoing()).length, 1);
    await store.finishOutgoing(message.id, { ...message.progress, deliveredAt });
    await store.prune(later);
    assert.deepEqual(await store.outgoing(), []);
    await store.close();
  });

  test(`an authority's folder of ${name} still says what was signed`, (t) => {
    const store = new FileAuthorityStore(copyOf(t, name, "authority"));
    // The one thing that must never be lost: without it a second list would be signed for the epoch.
    assert.deepEqual(store.signed(epochNumber(5)), bytes(2));
    assert.deepEqual(store.vote(epochNumber(5)), bytes(1, 300));
    assert.deepEqual([store.descriptors().length, store.consensuses().length], [1, 1]);
  });

  test(`a key file of ${name} is one of this version: both halves of the identity key follow from its seed`, async (t) => {
    const scratch = mkdtempSync(join(tmpdir(), "starling-schema-"));
    t.after(() => rmSync(scratch, { recursive: true }));
    const file = join(scratch, "node.key");
    writeFileSync(file, concat(utf8("strlNK01"), bytes(1), bytes(2)), { mode: 0o600 });
    const suite = await loadSuite("xwing", "native");
    const { identityKey, linkKey } = publicKeys(readKeyFile(file), suite);
    assert.ok(identityKey.startsWith(toHex(suite.ed25519.publicKey(bytes(1)))));
    assert.equal(identityKey, toHex(suite.hybrid.publicKey(bytes(1))));
    assert.equal(linkKey, toHex(linkKeyOf(suite, bytes(2))));
  });

  const hasEpochs = existsSync(join(folder, name, "epochs"));
  const title = hasEpochs
    ? `a mix's epoch files of ${name} are erased: what they open is over`
    : `a mix's key file of ${name} gives back its key and refuses what it had seen`;
  test(title, async (t) => {
    const directory = copyOf(t, name, hasEpochs ? "epochs" : "mix-keys");
    const old = hasEpochs ? openSync(join(directory, "7.epoch"), "r") : undefined;
    const keys = new PeriodKeys({
      suite: await loadSuite("xwing", "native"),
      random: new SeededRandom("periods"),
      store: new FilePeriodStore(directory),
      replayCapacity: 100,
      onErasedEarly: () => undefined,
    });
    if (old === undefined) {
      assert.deepEqual(keys.periods(), [7]);
      assert.equal(keys.record(keyPeriodNumber(7), replayTag(bytes(12, 16))), "seen");
    } else {
      assert.deepEqual(keys.periods(), []);
      assert.deepEqual(readdirSync(directory), []);
      const header = new Uint8Array(44).fill(1);
      readSync(old, header, 0, 44, 0);
      assert.deepEqual(header, new Uint8Array(44), "overwritten, not only unlinked");
      closeSync(old);
    }
    keys.close();
  });
}

test("an authority does not go on in the folder of a network of 0.1.0, and says what to do", async (t) => {
  const stateDirectory = copyOf(t, "0.1.0", "authority");
  const suite = await loadSuite("x25519", "native");
  const made = testNetwork({ suite });
  const clock = new SystemClock();
  const start = runAuthority({
    network: made.network,
    keys: { identitySeed: made.identitySeeds[0] as Uint8Array, linkSeed: made.linkSeeds[0] as Uint8Array },
    admitted: [],
    stateDirectory,
    host: "127.0.0.1",
    port: 0,
    suite,
    clock,
    random: new SeededRandom("authority"),
    log: new Log({ clock, sink: () => undefined }),
  });
  const text =
    /holds the lists of another network, or of one that was made by an earlier version.*Name an empty directory/;
  await assert.rejects(start, { code: "CONFIG", message: text });
  assert.deepEqual(new FileAuthorityStore(stateDirectory).signed(epochNumber(5)), bytes(2), "nothing was changed");
});

const digest = (steps: readonly string[]): string[] => steps.map((step) => toHex(blake2b(utf8(step), { dkLen: 32 })));

/** Opening may change files: never the fixture's own. */
function copyOf(t: TestContext, name: string, what: string): string {
  const scratch = mkdtempSync(join(tmpdir(), "starling-schema-"));
  t.after(() => rmSync(scratch, { recursive: true }));
  cpSync(join(folder, name, what), join(scratch, what), { recursive: true });
  return join(scratch, what);
}

const schemaOf = (database: ProviderDatabase): unknown[] =>
  database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").all();
