import assert from "node:assert/strict";
import { test } from "node:test";
import { config, createMessage, encrypt, enums, generateKey, readMessage, readKey, sign } from "openpgp";
import { dateAt } from "#main/date.ts";
import { extended, generateKeyPair, readCertificate } from "#main/pgp/certificate.ts";
import { PGP } from "#main/pgp/config.ts";
import { decryptAndVerify } from "#main/pgp/open.ts";
import { signAndEncrypt } from "#main/pgp/seal.ts";
import { keyholder, NOW } from "#test/support/mail-keys.ts";

/** What a signature packet of OpenPGP.js has that its types leave out. */
interface Expiring {
  sign(key: unknown, data: unknown, date: Date, detached: boolean, config: unknown): Promise<void>;
}

const payload = new TextEncoder().encode("hello");

test("what Alice signs for Bob, Bob opens and knows who signed; the ciphertext names nobody", async () => {
  const [alice, bob] = [await keyholder("alice@a.example"), await keyholder("bob@b.example")];
  const ciphertext = await signAndEncrypt({ payload, signer: alice.privateKey, reader: bob.certificate, now: NOW });
  const opened = await decryptAndVerify({ ciphertext, reader: bob.privateKey, senders: [alice.certificate], now: NOW });
  assert.deepEqual(opened, { payload, signature: "valid", signedBy: alice.certificate.fingerprint });
  const ids = (await readMessage({ binaryMessage: ciphertext })).getEncryptionKeyIDs();
  assert.deepEqual(
    ids.map((id) => id.toHex()),
    ["0000000000000000"],
  );
  assert.equal(await decryptAndVerify({ ciphertext, reader: alice.privateKey, senders: [], now: NOW }), undefined);
});

test("a signature is good whenever it was made, unless its maker let it run out: the reader's clock may be behind", async () => {
  const [alice, bob] = [await keyholder("alice@a.example"), await keyholder("bob@b.example")];
  const HOUR = 3_600_000;
  const stateAt = async (ciphertext: Uint8Array, now: number) =>
    (await decryptAndVerify({ ciphertext, reader: bob.privateKey, senders: [alice.certificate], now }))?.signature;
  const ciphertext = await signAndEncrypt({ payload, signer: alice.privateKey, reader: bob.certificate, now: NOW });
  for (const now of [NOW - 24 * HOUR, NOW - HOUR, NOW, NOW + 24 * HOUR])
    assert.equal(await stateAt(ciphertext, now), "valid");

  const message = await createMessage({ binary: payload });
  const signed = await sign({
    message,
    signingKeys: alice.privateKey,
    date: dateAt(NOW),
    format: "object",
    config: PGP,
  });
  const [literal] = signed.packets.filterByTag(enums.packet.literalData);
  const [signature] = signed.packets.filterByTag(enums.packet.signature) as unknown as [Expiring];
  const { keyPacket } = await alice.privateKey.getSigningKey(undefined, dateAt(NOW));
  Object.assign(signature, { signatureExpirationTime: 3_600, signatureNeverExpires: false, rawNotations: [] });
  await signature.sign(keyPacket, literal, dateAt(NOW), false, { ...config, ...PGP });
  const expiring = await encrypt({
    message: signed,
    encryptionKeys: [bob.certificate.key],
    format: "binary",
    date: dateAt(NOW),
  });
  assert.equal(await stateAt(expiring, NOW - HOUR), "valid");
  assert.equal(await stateAt(expiring, NOW + HOUR / 2), "valid");
  assert.equal(await stateAt(expiring, NOW + 2 * HOUR), "invalid");
});

test("certificates are version 4 with the legacy curves, name the address only, and stay small", async () => {
  const { pair, certificate } = await keyholder("alice@a.example");
  assert.equal(certificate.key.keyPacket.version, 4);
  assert.deepEqual(certificate.key.getAlgorithmInfo(), { algorithm: "eddsaLegacy", curve: "ed25519Legacy" });
  assert.deepEqual(certificate.key.subkeys[0]?.getAlgorithmInfo(), { algorithm: "ecdh", curve: "curve25519Legacy" });
  assert.deepEqual(certificate.key.getUserIDs(), ["<alice@a.example>"]);
  assert.ok(pair.certificate.length < 2048);
});

test("what is no public certificate for the address is none: another's, a private key, junk, too large", async () => {
  const { pair } = await keyholder("alice@a.example");
  assert.equal((await read(pair.certificate))?.usability, "usable");
  assert.equal(await read(pair.certificate, "bob@b.example"), undefined);
  assert.equal(await read(pair.privateKey), undefined);
  assert.equal(await read(new Uint8Array(100)), undefined);
  assert.equal(await read(new Uint8Array(9000)), undefined);
});

test("an address that was added without its owner's signature does not count", async () => {
  const { pair } = await keyholder("mallory@m.example");
  const other = await readKey({ binaryKey: (await keyholder("alice@a.example")).pair.certificate });
  const key = await readKey({ binaryKey: pair.certificate });
  key.users.push(...other.users);
  const added = await readCertificate({ bytes: key.write(), address: "alice@a.example", now: NOW });
  assert.notEqual(added?.usability, "usable");
});

test("an expired certificate is expired, nothing is sealed to it, and its owner extends it in time", async () => {
  const pair = await generateKeyPair({ address: "a@a.example", now: NOW });
  const later = NOW + 3 * 365 * 24 * 3600 * 1000;
  const old = await readCertificate({ bytes: pair.certificate, address: "a@a.example", now: later });
  assert.ok(old?.usability === "expired");
  const signer = (await keyholder("b@b.example")).privateKey;
  await assert.rejects(signAndEncrypt({ payload, signer, reader: old, now: later }), { code: "KEY_EXPIRED" });
  assert.equal(await extended({ pair, address: "a@a.example", now: NOW }), undefined);
  const due = NOW + 600 * 24 * 3600 * 1000;
  const renewed = await extended({ pair, address: "a@a.example", now: due });
  assert.ok(renewed !== undefined);
  const longer = await readCertificate({
    bytes: renewed.certificate,
    address: "a@a.example",
    now: later - 300 * 24 * 3600 * 1000,
  });
  assert.equal(longer?.usability, "usable");
  assert.equal(longer.fingerprint, old.fingerprint);
});

test("the settings that the library leaves open are set, and those it sets are not loosened", () => {
  assert.ok(Number.isFinite(PGP.maxDecompressedMessageSize));
  assert.ok((PGP.maxArgon2MemoryExponent ?? 99) <= 21);
  assert.equal(PGP.allowUnauthenticatedMessages, false);
  assert.equal(PGP.allowUnauthenticatedStream, false);
  assert.equal(PGP.enforceGrammar, true);
  assert.equal(PGP.constantTimePKCS1Decryption, true);
  assert.ok(Object.isFrozen(PGP));
});

test("an AEAD reader gets OCB, the others a modification detection code", async () => {
  const signer = (await keyholder("a@a.example")).privateKey;
  const modern = await generateKey({
    type: "ecc",
    curve: "curve25519Legacy",
    userIDs: [{ email: "m@m.example" }],
    date: new Date(NOW),
    format: "binary",
    config: { aeadProtect: true },
  });
  const versions = [];
  for (const bytes of [modern.publicKey, (await keyholder("m@m.example")).pair.certificate]) {
    const reader = await readCertificate({ bytes, address: "m@m.example", now: NOW });
    assert.ok(reader !== undefined);
    const ciphertext = await signAndEncrypt({ payload, signer, reader, now: NOW });
    const [, packet] = (await readMessage({ binaryMessage: ciphertext })).packets as unknown as {
      version: number;
      aeadAlgorithm: number;
    }[];
    versions.push([packet?.version, packet?.aeadAlgorithm ?? undefined]);
  }
  assert.deepEqual(versions, [
    [2, 2],
    [1, undefined],
  ]);
});

test("an unsigned message opens with the signature none, a stranger's with unknown-key", async () => {
  const bob = await keyholder("bob@b.example");
  const alice = await keyholder("alice@a.example");
  const message = await createMessage({ binary: payload, date: new Date(NOW) });
  const unsigned = await encrypt({
    message,
    encryptionKeys: bob.certificate.key,
    format: "binary",
    date: new Date(NOW),
  });
  const stranger = await signAndEncrypt({ payload, signer: alice.privateKey, reader: bob.certificate, now: NOW });
  const states = [];
  for (const ciphertext of [unsigned, stranger])
    states.push((await decryptAndVerify({ ciphertext, reader: bob.privateKey, senders: [], now: NOW }))?.signature);
  assert.deepEqual(states, ["none", "unknown-key"]);
});

function read(bytes: Uint8Array, address = "alice@a.example"): ReturnType<typeof readCertificate> {
  return readCertificate({ bytes, address, now: NOW });
}
