/** What the demo sends: a mail of its own, or one from a file. Its digests are taken here, from what goes in. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import PostalMime from "postal-mime";

export interface DemoAttachment {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface DemoMail {
  readonly subject: string;
  /** text/plain where there is one, else text/html; UTF-8 with LF. */
  readonly body: string;
  readonly attachments: readonly DemoAttachment[];
  /** The file as it is, when it came from one. */
  readonly source: Uint8Array | undefined;
}

export function ownMail(): DemoMail {
  const licence = fileURLToPath(new URL("../../LICENSE", import.meta.url));
  return {
    subject: "Where we meet on Thursday",
    body: `Dear Bob,

the reading room closes at six, so come by the side door; the porter knows.
I attach what we agreed on. Nobody between us can tell that I wrote to you,
nor that I wrote at all.

Alice
`,
    attachments: [{ name: "agreement.txt", type: "text/plain", bytes: readFileSync(licence) }],
    source: undefined,
  };
}

export const ANSWER = `Dear Alice,

I have it, and I will be there.

Bob
`;

/** Throws an Error with one sentence when the file cannot be read. */
export async function mailFromFile(file: string): Promise<DemoMail> {
  let source: Uint8Array;
  try {
    source = readFileSync(file);
  } catch {
    throw new Error(`${file} cannot be read.`);
  }
  const mail = await PostalMime.parse(source, { attachmentEncoding: "arraybuffer" });
  return {
    subject: mail.subject ?? "",
    body: withLineFeeds(mail.text ?? mail.html ?? ""),
    attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
      name: filename ?? "",
      type: mimeType,
      bytes: typeof content === "string" ? Buffer.from(content, "utf8") : new Uint8Array(content),
    })),
    source,
  };
}

export const withLineFeeds = (text: string): string => text.replaceAll("\r\n", "\n");

export const sha256 = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");
