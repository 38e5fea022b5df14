/** Bytes of attachments: they travel as HTTP requests to the host that serves the page. Spec: docs/spec/10-contract.md */

import {
  ATTACHMENT_PATH,
  type Attachment,
  attachment,
  type Draft,
  draft,
  ERROR_CODES,
  type ErrorCode,
} from "#main/contract/contract.ts";
import { CallError } from "#main/contract/port.ts";

export interface Files {
  attach(draftId: string, file: File): Promise<Attachment>;
  fetch(file: Attachment): Promise<Blob>;
  /** Makes a draft of a mail file. */
  importMail(file: File): Promise<Draft>;
}

export interface FilesOptions {
  readonly request: typeof fetch;
  /** The browser host asks for the session token; under Electron there is none. */
  readonly session?: () => string;
}

/** Failures are CallErrors, as those of the port. */
export function createFiles({ request, session }: FilesOptions): Files {
  async function ask(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (session !== undefined) headers.set("Authorization", `Bearer ${session()}`);
    let answer: Response;
    try {
      answer = await request(`/${path}`, { ...init, headers, redirect: "error" });
    } catch {
      throw new CallError("REFUSED");
    }
    if (!answer.ok) throw new CallError(await codeOf(answer));
    return answer;
  }

  return {
    async attach(draftId, file) {
      const query = new URLSearchParams({ name: file.name, type: file.type || "application/octet-stream" });
      const answer = await ask(`draft/${draftId}/attachment?${query}`, { method: "PUT", body: file });
      return attachment.parse(await answer.json());
    },
    async fetch({ handle }) {
      const answer = await ask(ATTACHMENT_PATH + handle, { method: "GET" });
      // Never the sender's type: a page of theirs must not open at our origin.
      return new Blob([await answer.arrayBuffer()], { type: "application/octet-stream" });
    },
    async importMail(file) {
      const headers = { "Content-Type": "message/rfc822" };
      const answer = await ask("draft/import", { method: "PUT", body: file, headers });
      return draft.parse(await answer.json());
    },
  };
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: "REFUSED",
  403: "REFUSED",
  404: "NOT_FOUND",
  413: "MESSAGE_TOO_LARGE",
  507: "DISK_FULL",
};

async function codeOf(answer: Response): Promise<ErrorCode> {
  const body = (await answer.json().catch(() => undefined)) as { error?: { code?: unknown } } | undefined;
  const named = ERROR_CODES.find((code) => code === body?.error?.code);
  return named ?? CODE_OF_STATUS[answer.status] ?? "INTERNAL";
}
