import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { composeMessage, composePayload } from "#main/mime/compose.ts";
import { DATE_SHIFT_MAX_MS, mixedOuterHeader } from "#main/mime/outer-header.ts";
import { readEnvelope } from "#main/mime/envelope.ts";
import { TEXT_CHARACTERS_MAX } from "#main/mime/limits.ts";
import { parseMail } from "#main/mime/parse.ts";
import { boundary, mailFrom, NOW, outerFor, random } from "#test/support/mail-keys.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";

const ALICE = "alice@a.example";
const BOB = "bob@b.example";
const anyText = fc.string({ unit: "binary", maxLength: 300 }).map((text) => text.toWellFormed());
const lf = (text: string): string => text.replace(/\r\n|\r/g, "\n");

test("every text, HTML and attachment comes back exactly", async () => {
  const attachment = fc.record({
    name: fc.constantFrom("a.txt", 'quo"te.pdf', "ünï.png", "x".repeat(200), "雪".repeat(60)),
    type: fc.constantFrom("text/plain", "image/png", "application/x-y.z+json"),
    bytes: fc.uint8Array({ maxLength: 400 }),
  });
  await fc.assert(
    fc.asyncProperty(
      anyText,
      fc.option(anyText, { nil: undefined }),
      fc.array(attachment, { maxLength: 3 }),
      async (text, html, files) => {
        const mail = mailFrom(ALICE, BOB, { text, html: html === "" ? undefined : html, attachments: files });
        const parsed = await parseMail(compose(mail), { receivedAt: 0 });
        assert.equal(parsed?.protection, "cipher");
        if (text !== "" || mail.html === undefined) assert.equal(parsed?.mail.text, withoutMark(lf(text)));
        if (mail.html !== undefined) assert.equal(parsed?.mail.html, withoutMark(lf(mail.html)));
        assert.deepEqual(
          parsed?.mail.attachments.map((file) => ({
            name: file.name,
            type: file.type,
            bytes: new Uint8Array(file.bytes),
          })),
          files.map((file) => ({ ...file })),
        );
      },
    ),
    { numRuns: 150 },
  );
});

test("every subject and name comes back on one line, and none can add a header field", async () => {
  await fc.assert(
    fc.asyncProperty(anyText, anyText, async (subject, name) => {
      const payload = compose(mailFrom(ALICE, BOB, { subject, from: { address: ALICE, name } }));
      const parsed = await parseMail(payload, { receivedAt: 0 });
      assert.equal(parsed?.mail.from.address, ALICE);
      assert.deepEqual(parsed?.mail.to, [{ address: BOB, name: "" }]);
      assert.ok(!/[\r\n]/.test(parsed.mail.subject));
      const fields = Buffer.from(payload).toString("latin1").split("\r\n\r\n")[0] ?? "";
      const names = fields.split("\r\n").flatMap((line) => (/^[ \t]/.test(line) ? [] : [line.split(":")[0]]));
      const once = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
      ];
      assert.deepEqual(new Set(names.filter((field) => field !== "HP-Outer")), new Set(once));
      for (const line of fields.split("\r\n")) assert.ok(line.length <= 998, "a line over the limit of RFC 5322");
    }),
    { numRuns: 200 },
  );
});

test("protected headers: all fields inside with hp=cipher, one HP-Outer for each field outside (RFC 9788 §2.2)", () => {
  const outer = outerFor(ALICE);
  const payload = composePayload({
    mail: mailFrom(ALICE, BOB, { references: ["<1@x.example>"], inReplyTo: "<1@x.example>" }),
    outer,
    boundaries: boundary,
  });
  const head = Buffer.from(payload).toString("latin1").split("\r\n\r\n")[0]?.replaceAll("\r\n ", " ") ?? "";
  assert.match(head, /^Content-Type: text\/plain; charset=utf-8; hp="cipher"$/m);
  assert.deepEqual(
    [...head.matchAll(/^HP-Outer: (.*)$/gm)].map((match) => match[1]),
    [
      `From: <${ALICE}>`,
      'To: "hidden-recipients": ;',
      "Subject: [...]",
      `Date: ${outer.date}`,
      `Message-ID: ${outer.messageId}`,
    ],
  );
  assert.match(head, /^In-Reply-To: <1@x\.example>$/m);
  const message = composeMessage({ outer, ciphertext: new Uint8Array(9), boundary: boundary() });
  const outside = Buffer.from(message).toString("latin1").split("\r\n\r\n")[0] ?? "";
  assert.ok(!/In-Reply-To|References|Reply-To|User-Agent/i.test(outside));
});

test("the outer date lies at random within the six days before sending, in UTC", () => {
  const dates = Array.from({ length: 500 }, () => Date.parse(mixedOuterHeader({ from: ALICE, now: NOW, random }).date));
  for (const date of dates) assert.ok(date <= NOW && date >= NOW - DATE_SHIFT_MAX_MS - 1000);
  const middle = dates.filter((date) => date > NOW - DATE_SHIFT_MAX_MS / 2).length;
  assert.ok(middle > 200 && middle < 300, `${middle} of 500 in the newer half`);
});

test("with hp on the root part, the fields outside are not looked at, not even for what is missing inside", async () => {
  const payload = 'From: <alice@a.example>\r\nTo: <bob@b.example>\r\nContent-Type: text/plain; hp="cipher"\r\n\r\nhi';
  const parsed = await parseMail(Buffer.from(payload), { receivedAt: 5 });
  assert.deepEqual([parsed?.mail.subject, parsed?.mail.messageId, parsed?.mail.at], ["", "", 5]);
});

test("a ciphertext of any bytes is found again where it was put", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (ciphertext) => {
      const envelope = await readEnvelope(composeMessage({ outer: outerFor(ALICE), ciphertext, boundary: boundary() }));
      assert.equal(envelope.kind, "encrypted");
      assert.ok(envelope.kind === "encrypted" && Buffer.from(envelope.ciphertext).equals(ciphertext));
      assert.equal(envelope.from, ALICE);
    }),
  );
});

test("parsers survive any bytes and any change to a real message", async () => {
  const seeds = new SeededRandom("mime fuzz");
  const real = Buffer.concat([
    composeMessage({ outer: outerFor(ALICE), ciphertext: seeds.bytes(60), boundary: "b".repeat(32) }),
    compose(
      mailFrom(ALICE, BOB, { html: "<p>x</p>", attachments: [{ name: "a", type: "a/b", bytes: seeds.bytes(40) }] }),
    ),
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ at: fc.nat(real.length - 1), byte: fc.nat(255), cut: fc.nat(40) }), { maxLength: 8 }),
      fc.uint8Array({ maxLength: 200 }),
      async (changes, junk) => {
        const bytes = Buffer.from(real);
        for (const { at, byte, cut } of changes) bytes.fill(byte, at, Math.min(at + (cut % 3), bytes.length));
        for (const input of [bytes, junk, bytes.subarray(changes[0]?.at ?? 0)]) {
          await readEnvelope(input);
          await parseMail(input, { receivedAt: 0 });
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("mails made to exhaust the parser are no mails: too deep, too many parts, too large a header", async () => {
  const deep = Array.from(
    { length: 60 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  ).join("");
  const many = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${"--b\r\n\r\n".repeat(30_000)}--b--`;
  const wide = `X: ${"x ".repeat(200_000)}\r\n\r\n`;
  for (const bomb of [deep, many, wide])
    assert.equal(await parseMail(Buffer.from(`From: <a@b.example>\r\n${bomb}`), { receivedAt: 0 }), undefined);
});

test("names that pretend to be empty or turn the writing direction, and file names with folders, are made harmless", async () => {
  const mail = mailFrom(ALICE, BOB, {
    from: { address: ALICE, name: "\u2800\u202eevil\u200b" },
    attachments: [{ name: "../../etc/passwd", type: "text/plain", bytes: new Uint8Array() }],
  });
  const parsed = await parseMail(compose(mail), { receivedAt: 0 });
  assert.equal(parsed?.mail.from.name, "evil");
  assert.equal(parsed?.mail.attachments[0]?.name, "__.._etc_passwd");
});

test("a header named __proto__ changes nothing", async () => {
  const parsed = await parseMail(Buffer.from("From: <a@b.example>\r\n__proto__: x\r\nconstructor: y\r\n\r\nhi"), {
    receivedAt: 0,
  });
  assert.equal(parsed?.mail.text.trim(), "hi");
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

function compose(mail: ReturnType<typeof mailFrom>): Uint8Array {
  return composePayload({ mail, outer: outerFor(mail.from.address), boundaries: boundary });
}

/** A byte order mark at the front is no text (RFC 3629 §6). */
const withoutMark = (text: string): string => text.replace(/^\ufeff/, "");

test("a file's name leads into no other folder and does not turn its end around", async () => {
  assert.equal(await nameRead("../../.bashrc"), "__.._.bashrc");
  assert.equal(await nameRead("C:\\x\\run.exe"), "C:_x_run.exe");
  assert.equal(await nameRead("invoice\u202efdp.exe"), "invoicefdp.exe");
  assert.equal(await nameRead(".."), "_");
  assert.equal(await nameRead("a\u0000b\r\nX: y"), "a b X: y");
  assert.equal(await nameRead("\u2066\u200b "), "unnamed");
});

test("a text too long to show is cut, and comes whole as a file", async () => {
  const text = "x".repeat(TEXT_CHARACTERS_MAX + 10);
  const bytes = Buffer.from(`From: <a@a.example>\r\nContent-Type: text/plain\r\n\r\n${text}`);
  const mail = (await parseMail(bytes, { receivedAt: NOW }))?.mail;
  assert.equal(mail?.text.length, TEXT_CHARACTERS_MAX);
  assert.deepEqual(
    mail.attachments.map(({ name, bytes: { length } }) => [name, length]),
    [["text.txt", text.length + 1]],
  );
});

async function nameRead(written: string): Promise<string | undefined> {
  const header = `attachment; filename*=utf-8''${encodeURIComponent(written)}`;
  const bytes = Buffer.from(
    `From: <a@a.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\nContent-Disposition: ${header}\r\n\r\nx\r\n--b--\r\n`,
  );
  return (await parseMail(bytes, { receivedAt: NOW }))?.mail.attachments[0]?.name;
}
