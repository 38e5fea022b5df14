/** What travels beside the port: bytes of attachments, and mail files that become drafts. Named by handle and draft id only. */

import type { Clock, RandomSource } from "#transport";
import type { Accounts } from "./account/accounts.ts";
import type { Attachment, Draft } from "./contract/contract.ts";
import { MainError } from "./error.ts";
import { contractDraft } from "./handlers.ts";
import { FILE_NAME_CHARACTERS_MAX, SUBJECT_CHARACTERS_MAX, TYPE_CHARACTERS_MAX } from "./mime/limits.ts";
import { newId } from "./store/ids.ts";
import type { NamedAttachment } from "./store/records.ts";

export class Files {
  readonly #accounts: Accounts;
  readonly #clock: Clock;
  readonly #random: RandomSource;

  constructor(o: { accounts: Accounts; clock: Clock; random: RandomSource }) {
    this.#accounts = o.accounts;
    this.#clock = o.clock;
    this.#random = o.random;
  }

  /** Throws LOCKED, NOT_FOUND. */
  async attachment(handle: string): Promise<NamedAttachment> {
    const file = await this.#accounts.session.store.attachment(handle);
    if (file === undefined) throw new MainError("NOT_FOUND");
    return file;
  }

  /** How large a file may be: base64 makes three bytes four, and the rest of a mail takes its part. Throws LOCKED. */
  get bytesMax(): number {
    return Math.floor(this.#accounts.session.network.parameters.messageBytesMax * 0.7);
  }

  /** Throws LOCKED, NOT_FOUND, MESSAGE_TOO_LARGE, DISK_FULL. */
  async attach(o: { draftId: string; name: string; type: string; bytes: Uint8Array }): Promise<Attachment> {
    if (o.bytes.length > this.bytesMax) throw new MainError("MESSAGE_TOO_LARGE");
    const file = {
      handle: newId(this.#random),
      name: (o.name.replace(/[\p{Cc}/\\]/gu, "_") || "unnamed").slice(0, FILE_NAME_CHARACTERS_MAX),
      type: o.type.slice(0, TYPE_CHARACTERS_MAX),
      bytes: o.bytes,
    };
    return this.#accounts.session.store.addDraftAttachment(o.draftId, file);
  }

  /** A mail file as a draft: its readers, subject, text, HTML and attachments. Throws LOCKED, BAD_INPUT, DISK_FULL. */
  async importMail(bytes: Uint8Array): Promise<Draft> {
    const { store, mailWork } = this.#accounts.session;
    if (bytes.length > this.bytesMax / 0.7) throw new MainError("MESSAGE_TOO_LARGE");
    const parsed = await mailWork.parseFile({ bytes, receivedAt: this.#clock.now() });
    if (parsed === undefined) throw new MainError("BAD_INPUT");
    const { mail } = parsed;
    const id = newId(this.#random);
    const to = mail.to.map(({ address }) => address);
    const subject = mail.subject.slice(0, SUBJECT_CHARACTERS_MAX);
    await store.saveDraft({
      id,
      to,
      subject,
      text: mail.text,
      html: mail.html,
      savedAt: Math.floor(this.#clock.now()),
    });
    for (const file of mail.attachments) await store.addDraftAttachment(id, { ...file, handle: newId(this.#random) });
    return contractDraft(await store.draft(id));
  }
}
