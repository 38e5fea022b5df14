/** Debian's GnuPG 2.2 and Starling read each other's mail. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { composePayload } from "#main/mime/compose.ts";
import { readEnvelope } from "#main/mime/envelope.ts";
import { parseMail } from "#main/mime/parse.ts";
import { readCertificate } from "#main/pgp/certificate.ts";
import { decryptAndVerify } from "#main/pgp/open.ts";
import { boundary, keyholder, mailFrom, outerFor, sealMail } from "#test/support/mail-keys.ts";

const run = promisify(execFile);
// GnuPG knows the machine's time only.
const now = Date.now() - 60_000;

test("gpg decrypts and verifies what Starling writes, given the reader's exported key", async (t) => {
  const gpg = await home(t);
  const [alice, bob] = [await keyholder("alice@a.example", now), await keyholder("bob@b.example", now)];
  await gpg.import(alice.pair.certificate);
  await gpg.import(bob.pair.privateKey);
  const bytes = new Uint8Array(100_000).map((_, i) => i % 251);
  const mail = mailFrom("alice@a.example", "bob@b.example", {
    text: "Grüße\n",
    attachments: [{ name: "a.bin", type: "application/octet-stream", bytes }],
  });
  const envelope = await readEnvelope(await sealMail({ mail, signer: alice, reader: bob, now }));
  assert.ok(envelope.kind === "encrypted");
  const { output, status } = await gpg.run(["--decrypt"], envelope.ciphertext);
  assert.match(status, /\[GNUPG:\] GOODSIG .* <alice@a\.example>/);
  assert.match(status, new RegExp(`\\[GNUPG:\\] VALIDSIG ${alice.certificate.fingerprint.toUpperCase()}`));
  assert.match(status, /\[GNUPG:\] DECRYPTION_OKAY/);
  const parsed = await parseMail(output, { receivedAt: now });
  assert.equal(parsed?.mail.text, "Grüße\n");
  assert.deepEqual(new Uint8Array(parsed?.mail.attachments[0]?.bytes ?? []), bytes);
});

test("Starling decrypts and verifies what gpg writes with its own default key", async (t) => {
  const gpg = await home(t);
  const bob = await keyholder("bob@b.example", now);
  await gpg.import(bob.pair.certificate);
  await gpg.run(["--passphrase", "", "--quick-generate-key", "<alice@a.example>", "default", "default", "never"]);
  const { output: exported } = await gpg.run(["--export", "alice@a.example"]);
  const alice = await readCertificate({ bytes: exported, address: "alice@a.example", now: Date.now() });
  assert.equal(alice?.usability, "usable");
  const mail = mailFrom("alice@a.example", "bob@b.example", { text: "from gpg\n" });
  const payload = composePayload({ mail, outer: outerFor("alice@a.example"), boundaries: boundary });
  const args = [
    "--sign",
    "--encrypt",
    "--trust-model",
    "always",
    "--recipient",
    "bob@b.example",
    "--local-user",
    "alice@a.example",
  ];
  const { output: ciphertext } = await gpg.run(args, payload);
  const opened = await decryptAndVerify({
    ciphertext,
    reader: bob.privateKey,
    senders: alice === undefined ? [] : [alice],
    now: Date.now(),
  });
  assert.equal(opened?.signature, "valid");
  assert.equal(opened.signedBy, alice?.fingerprint);
  assert.equal((await parseMail(opened.payload, { receivedAt: 0 }))?.mail.text, "from gpg\n");
});

interface Gpg {
  run(args: string[], input?: Uint8Array): Promise<{ output: Buffer; status: string }>;
  import(key: Uint8Array): Promise<void>;
}

async function home(t: TestContext): Promise<Gpg> {
  const folder = await mkdtemp(join(tmpdir(), "starling-gpg-"));
  t.after(async () => {
    // The agent of this folder only.
    await run("gpgconf", ["--homedir", folder, "--kill", "all"]).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  });
  let count = 0;
  const gpg: Gpg = {
    async run(args, input) {
      const files = {
        in: join(folder, `in${count}`),
        out: join(folder, `out${count}`),
        status: join(folder, `status${count++}`),
      };
      await writeFile(files.in, input ?? new Uint8Array());
      const common = ["--homedir", folder, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback"];
      const last = input === undefined ? [] : [files.in];
      const first = args[0] === "--import" || args.includes("--quick-generate-key") ? [] : ["--output", files.out];
      await run("gpg", [...common, "--status-file", files.status, ...first, ...args, ...last]);
      return {
        output: await readFile(files.out).catch(() => Buffer.alloc(0)),
        status: await readFile(files.status, "utf8"),
      };
    },
    async import(key) {
      await gpg.run(["--import"], key);
    },
  };
  return gpg;
}
