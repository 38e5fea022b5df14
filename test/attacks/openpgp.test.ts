/** Attacks on encrypted mail that are known from the literature, each against the code that reads mail. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AnyPacket,
  config,
  createMessage,
  decrypt,
  encrypt,
  encryptSessionKey,
  enums,
  PacketList,
  readMessage,
  SymmetricallyEncryptedDataPacket,
} from "openpgp";
import { composeMessage } from "#main/mime/compose.ts";
import { readEnvelope } from "#main/mime/envelope.ts";
import { parseMail } from "#main/mime/parse.ts";
import { readCertificate } from "#main/pgp/certificate.ts";
import { DECOMPRESSED_BYTES_MAX } from "#main/pgp/limits.ts";
import { decryptAndVerify } from "#main/pgp/open.ts";
import { signAndEncrypt } from "#main/pgp/seal.ts";
import { boundary, keyholder, mailFrom, NOW, outerFor, sealMail } from "#test/support/mail-keys.ts";

const SECRET = "the plaintext that must not come out ".repeat(20);

test("EFAIL (Poddebniak et al. 2018): a ciphertext changed in any place yields an error and no byte of plaintext", async () => {
  const [alice, bob] = [await keyholder("alice@a.example"), await keyholder("bob@b.example")];
  const payload = new TextEncoder().encode(SECRET);
  const ciphertext = await signAndEncrypt({ payload, signer: alice.privateKey, reader: bob.certificate, now: NOW });
  for (let at = 0; at < ciphertext.length; at += 8) {
    const changed = ciphertext.slice();
    changed[at] = (changed[at] as number) ^ 0x20;
    assert.equal(await open(changed), undefined, `byte ${at}`);
  }
  for (const cut of [1, 20, 22, 23, 200])
    assert.equal(await open(ciphertext.subarray(0, -cut)), undefined, `cut ${cut}`);

  async function open(bytes: Uint8Array): Promise<unknown> {
    return decryptAndVerify({ ciphertext: bytes, reader: bob.privateKey, senders: [alice.certificate], now: NOW });
  }
});

test("a ciphertext without integrity protection (packet type 9) is not opened", async () => {
  const bob = await keyholder("bob@b.example");
  const date = new Date(NOW);
  const data = new Uint8Array(32).fill(5);
  const wrapped = await encryptSessionKey({
    data,
    algorithm: "aes256",
    encryptionKeys: bob.certificate.key,
    format: "object",
    date,
  });
  const packet = new SymmetricallyEncryptedDataPacket() as unknown as Type9;
  packet.packets = (await createMessage({ binary: new TextEncoder().encode(SECRET), date })).packets;
  await packet.encrypt(enums.symmetric.aes256, data, { ...config, allowUnauthenticatedMessages: true });
  const packets = new PacketList<AnyPacket>();
  packets.push(...(wrapped.packets as AnyPacket[]), packet as unknown as AnyPacket);
  const ciphertext = packets.write();
  // The library could open it, were it told to.
  const message = await readMessage({ binaryMessage: ciphertext });
  const lax = { allowUnauthenticatedMessages: true };
  const { data: text } = await decrypt({ message, decryptionKeys: bob.privateKey, config: lax, date });
  assert.equal(text, SECRET);
  assert.equal(await decryptAndVerify({ ciphertext, reader: bob.privateKey, senders: [], now: NOW }), undefined);
});

interface Type9 {
  packets: unknown;
  encrypt(algorithm: number, key: Uint8Array, config: object): Promise<void>;
}

test("a few kilobytes that decompress to more than any mail are not opened", async () => {
  const bob = await keyholder("bob@b.example");
  const message = await createMessage({ binary: new Uint8Array(DECOMPRESSED_BYTES_MAX + 1), date: new Date(NOW) });
  const ciphertext = await encrypt({
    message,
    encryptionKeys: bob.certificate.key,
    format: "binary",
    date: new Date(NOW),
    config: { preferredCompressionAlgorithm: enums.compression.zlib },
  });
  assert.ok(ciphertext.length < 2 ** 20);
  assert.equal(await decryptAndVerify({ ciphertext, reader: bob.privateKey, senders: [], now: NOW }), undefined);
});

test("one signed message beside another (CVE-2025-47934) is not opened as either", async () => {
  const [alice, bob] = [await keyholder("alice@a.example"), await keyholder("bob@b.example")];
  const seal = (text: string): Promise<Uint8Array> =>
    signAndEncrypt({
      payload: new TextEncoder().encode(text),
      signer: alice.privateKey,
      reader: bob.certificate,
      now: NOW,
    });
  const ciphertext = Buffer.concat([await seal("one"), await seal("two")]);
  assert.equal(
    await decryptAndVerify({ ciphertext, reader: bob.privateKey, senders: [alice.certificate], now: NOW }),
    undefined,
  );
});

test("an encrypted part anywhere but outermost is an errant layer and is never opened (RFC 9787)", async () => {
  const [mallory, bob] = [await keyholder("mallory@m.example"), await keyholder("bob@b.example")];
  const inner = await sealMail({
    mail: mailFrom("alice@a.example", "bob@b.example", { text: SECRET }),
    signer: mallory,
    reader: bob,
  });
  const wrapped = Buffer.concat([
    Buffer.from(
      'From: <mallory@m.example>\r\nContent-Type: multipart/mixed; boundary="w"\r\n\r\n--w\r\nContent-Type: text/html\r\n\r\n<img src="https://m.example/\r\n--w\r\n',
    ),
    inner,
    Buffer.from("\r\n--w--\r\n"),
  ]);
  assert.equal((await readEnvelope(wrapped)).kind, "open");
  const parsed = await parseMail(wrapped, { receivedAt: NOW });
  assert.ok(!JSON.stringify(parsed).includes("plaintext"));
});

test("more or fewer than the two parts of RFC 3156, or parts of other types, are broken", async () => {
  const part = "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\nx\r\n";
  const control = "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n";
  const html = "--b\r\nContent-Type: text/html\r\n\r\n<b>x</b>\r\n";
  const head =
    'From: <a@b.example>\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n';
  const kind = async (body: string): Promise<string> => (await readEnvelope(Buffer.from(`${head}${body}`))).kind;
  assert.equal(await kind(`${control}${part}--b--\r\n`), "encrypted");
  for (const body of [
    `${control}--b--\r\n`,
    `${part}${control}--b--\r\n`,
    `${control}${part}${html}--b--\r\n`,
    `${html}${control}${part}--b--\r\n`,
    `${control}${part}`,
    "",
  ])
    assert.equal(await kind(body), "broken");
});

test("a key that comes with a mail is a file like any other: the reader's certificates stay what look-ups made them", async () => {
  const [mallory, bob] = [await keyholder("mallory@m.example"), await keyholder("bob@b.example")];
  const bytes = mallory.pair.certificate;
  const mail = mailFrom("alice@a.example", "bob@b.example", {
    attachments: [{ name: "alice.asc", type: "application/pgp-keys", bytes }],
  });
  const message = await sealMail({ mail, signer: mallory, reader: bob });
  const envelope = await readEnvelope(message);
  assert.ok(envelope.kind === "encrypted");
  const alice = await keyholder("alice@a.example");
  const opened = await decryptAndVerify({
    ciphertext: envelope.ciphertext,
    reader: bob.privateKey,
    senders: [alice.certificate],
    now: NOW,
  });
  assert.equal(opened?.signature, "unknown-key");
  // And offered as a contact's record it is not taken for another address, nor a private key for a certificate.
  assert.equal(await readCertificate({ bytes, address: "alice@a.example", now: NOW }), undefined);
  assert.equal(
    await readCertificate({ bytes: alice.pair.privateKey, address: "alice@a.example", now: NOW }),
    undefined,
  );
});

test("a ciphertext whose second part is armoured text, as other programs write it, is found as well", async () => {
  const { certificate } = await keyholder("bob@b.example");
  const date = new Date(NOW);
  const text = await encrypt({
    message: await createMessage({ text: "hi", date }),
    encryptionKeys: certificate.key,
    date,
  });
  const message = Buffer.from(
    composeMessage({ outer: outerFor("alice@a.example"), ciphertext: Buffer.from(text), boundary: boundary() }),
  ).toString("latin1");
  const envelope = await readEnvelope(Buffer.from(message.replace("Encoding: binary", "Encoding: 7bit"), "latin1"));
  assert.ok(envelope.kind === "encrypted");
  const { packets } = await readMessage({ binaryMessage: envelope.ciphertext });
  assert.equal(packets.length, 2);
});
