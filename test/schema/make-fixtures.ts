/**
 * Writes what this version of the program keeps on disk, filled with a little of everything, to test/schema/NAME:
 * `node test/schema/make-fixtures.ts NAME`. NAME is a released version, or `next` for schemas that are not released yet. A
 * released version's folder is never written again; schema.test.ts opens each with the program as it is.
 */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { blake2b } from "@noble/hashes/blake2.js";
import { newId } from "#main/store/ids.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { MIGRATIONS as CLIENT_MIGRATIONS } from "#main/store/schema.ts";
import { createStore } from "#main/store/store.ts";
import { FileAuthorityStore } from "#provider-server/authority/authority-store.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { MIGRATIONS as PROVIDER_MIGRATIONS } from "#provider-server/database/migrations.ts";
import { FilePeriodStore } from "#provider-server/mix/period-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { signedConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { BoxProgress } from "#transport/client/boxes/box-progress.ts";
import { encodeBoxes } from "#transport/client/boxes/own-box.ts";
import { toHex, utf8 } from "#transport/core/bytes.ts";
import {
  epochNumber,
  keyPeriodNumber,
  mailboxId,
  messageId,
  milliseconds,
  nodeId,
  replayTag,
} from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

/** Of each step its hash: a step that was released and then edited is seen. */
const digests = {
  provider: PROVIDER_MIGRATIONS.map((step) => toHex(blake2b(utf8(step), { dkLen: 32 }))),
  client: CLIENT_MIGRATIONS.map((step) => toHex(blake2b(utf8(step), { dkLen: 32 }))),
};

const random = new SeededRandom("schema fixtures");
const bytes = (fill: number, length = 32): Uint8Array => new Uint8Array(length).fill(fill);
const [name] = process.argv.slice(2);
if (name === undefined) throw new Error("node test/schema/make-fixtures.ts NAME");
const folder = join(fileURLToPath(new URL(".", import.meta.url)), name);
if (name !== "next" && existsSync(folder)) throw new Error(`${name} was released: its fixtures stay as they are.`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "digests.json"), `${JSON.stringify(digests, null, 2)}\n`);
makeProvider(join(folder, "provider.sqlite"));
await makeClient(join(folder, "client"));
await makeAuthority(join(folder, "authority"));
makeMixKeys(join(folder, "mix-keys"));

/** An account with a device and a record, a mailbox with a fragment and a reply, a box with a reader and a fragment, and an invite. */
function makeProvider(path: string): void {
  const scratch = join(mkdtempSync(join(tmpdir(), "starling-schema-")), "provider.sqlite");
  const database = new ProviderDatabase(scratch);
  const run = (sql: string, ...values: (number | string | Uint8Array)[]): unknown =>
    database.prepare(sql).run(...values);
  run("INSERT INTO mailboxes (id, mailbox_id, next_seq, fragments) VALUES (7, ?, 3, 1)", bytes(1));
  const entry = "INSERT INTO entries (mailbox, seq, kind, surb_id, arrived_hour, body) VALUES (7, ?, ?, ?, 500000, ?)";
  run(entry, 1, 1, bytes(0, 16), bytes(2, 100));
  run(entry, 2, 2, bytes(3, 16), bytes(4, 100));
  run("UPDATE entries SET device_key = ? WHERE seq = 2", bytes(6));
  run("INSERT INTO hashes (mailbox, hash, arrived_hour) VALUES (7, ?, 500000)", bytes(5, 16));
  const device = "INSERT INTO devices (device_key, mailbox, cursor, polled_day, reply_id) VALUES (?, 7, 0, 20000, ?)";
  run(device, bytes(6), bytes(13));
  run(
    "INSERT INTO accounts (local_part, skeleton, mailbox, account_key, record) VALUES ('alice', 'alice', 7, ?, ?)",
    bytes(7),
    bytes(8, 200),
  );
  run("INSERT INTO mailboxes (id, mailbox_id, next_seq, fragments) VALUES (8, ?, 2, 1)", bytes(10));
  run("INSERT INTO boxes (mailbox, until) VALUES (8, 1800000000000)");
  run("INSERT INTO box_readers (mailbox, reader_id, cursor, collected_day) VALUES (8, ?, 1, 20000)", bytes(11));
  run(
    "INSERT INTO entries (mailbox, seq, kind, surb_id, arrived_hour, body) VALUES (8, 1, 1, ?, 500000, ?)",
    bytes(0, 16),
    bytes(12, 90),
  );
  run("INSERT INTO invites (code_hash, uses_left) VALUES (?, 3)", bytes(9));
  database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
  database.close();
  copyFileSync(scratch, path);
}

async function makeClient(dataDir: string): Promise<void> {
  const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
  const store = await createStore({ dataDir, keyring, passphrase: "correct horse battery", random });
  const id = messageId(bytes(1, 16));
  const recipient = {
    address: "carol@c.example",
    accountKey: bytes(17),
    providerId: nodeId(bytes(2)),
    mailboxId: mailboxId(bytes(3)),
    mailboxKey: bytes(4, 1216),
    validUntil: milliseconds(2_000_000_000_000),
  };
  await store.saveAccount({
    opened: { address: "alice@a.example", providerId: nodeId(bytes(5)), mailboxId: mailboxId(bytes(6)) },
    accountKey: bytes(7),
    replyId: bytes(24),
    certificate: bytes(8, 100),
    profile: "mail",
    nextProfile: undefined,
    guards: [{ nodeId: nodeId(bytes(9)), since: milliseconds(1_800_000_000_000) }],
    recordUntil: milliseconds(1_900_000_000_000),
  });
  const suite = await loadSuite("x25519", "native");
  const consensus = signedConsensus(testNetwork({ suite }), suite);
  await store.addConsensus({ epoch: 0, bytes: consensus, keep: 3 });
  await store.addMailboxKey({
    publicKey: bytes(10, 1216),
    privateKey: bytes(11),
    validFrom: milliseconds(1_800_000_000_000),
    validUntil: milliseconds(1_900_000_000_000),
    eraseAt: milliseconds(1_950_000_000_000),
  });
  const place = {
    providerId: nodeId(bytes(18)),
    boxId: mailboxId(bytes(19)),
    until: milliseconds(1_900_000_000_000),
  };
  await store.savePlace(recipient.accountKey, place);
  await store.saveBoxes(
    encodeBoxes({
      readerKey: bytes(20),
      openAt: milliseconds(1_850_000_000_000),
      failures: 2,
      boxes: [
        {
          secret: bytes(21),
          providerId: nodeId(bytes(22)),
          until: milliseconds(1_900_000_000_000),
          era: bytes(23, 16),
          isLost: false,
          isGone: false,
          suspicion: 7,
          tellings: 1,
          progress: new BoxProgress({ cursor: 41, taken: 6n }),
        },
      ],
    }),
  );
  await store.addOutgoing(
    {
      id,
      to: { ...recipient, place },
      bytes: 5,
      proof: bytes(12),
      queuedAt: milliseconds(1_800_000_000_000),
      progress: {
        firstSentAt: undefined,
        lastSentAt: undefined,
        storedAt: undefined,
        deliveredAt: undefined,
        failedAt: undefined,
        deadline: milliseconds(1_900_000_000_000),
        askAt: undefined,
        remindAt: undefined,
        reminders: 0,
      },
      fragments: [{ state: "waiting", notBefore: milliseconds(0), attempts: 0, hashes: [] }],
    },
    [bytes(13, 50)],
  );
  const fragment = { id: messageId(bytes(14, 16)), index: 0, total: 2, messageBytes: 60, data: bytes(15, 30) };
  await store.acceptEntry({ cursor: 41, fragment: { ...fragment, at: milliseconds(1_800_000_000_000) } });
  await store.addArrival(
    {
      message: {
        id: newId(random),
        direction: "in",
        from: { address: "bob@b.example", name: "Bob" },
        to: [{ address: "alice@a.example", name: "" }],
        subject: "Kept",
        at: 1_800_000_000_000,
        text: "a word to search for: evergreen",
        hasHtml: false,
        content: "private",
        signature: "valid",
        messageId: "<1@b.example>",
        references: [],
        transportId: messageId(bytes(16, 16)),
        receipt: "none",
      },
      html: undefined,
      attachments: [],
      references: [],
      signedBy: "fingerprint",
      source: undefined,
    },
    newId(random),
  );
  await store.close();
  // Only what a closed store consists of.
  for (const file of readdirSync(dataDir)) if (/-(wal|shm)$/.test(file)) rmSync(join(dataDir, file));
}

async function makeAuthority(directory: string): Promise<void> {
  const suite = await loadSuite("x25519", "native");
  const store = new FileAuthorityStore(directory);
  const { nodeId: id, bytes: descriptor } = testDescriptor(suite, { name: "mix0" });
  store.putDescriptor(toHex(id), descriptor);
  store.putVote(epochNumber(5), bytes(1, 300));
  store.putSigned(epochNumber(5), bytes(2));
  store.putConsensus(epochNumber(0), signedConsensus(testNetwork({ suite }), suite));
}

function makeMixKeys(directory: string): void {
  const log = new FilePeriodStore(directory).create(keyPeriodNumber(7), bytes(11));
  log.append(replayTag(bytes(12, 16)));
  log.close();
}
