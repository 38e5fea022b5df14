/** What crosses between the program and its mail thread: plain data only. */

import type { Mail } from "../mime/mail.ts";
import type { Parsed } from "../mime/parse.ts";
import type { Certificate } from "../pgp/certificate.ts";
import type { Opened as Verified } from "../pgp/open.ts";
import type { OuterHeader } from "../mime/outer-header.ts";

/** A certificate without what only the thread can use. */
export type ReadCertificate = Omit<Certificate, "key">;

export interface SealJob {
  readonly mail: Mail;
  /** One sealed form for each; none of them shows that the others exist. */
  readonly copies: readonly {
    readonly outer: OuterHeader;
    readonly address: string;
    readonly certificate: Uint8Array;
    /** As many as BOUNDARIES. */
    readonly boundaries: readonly string[];
  }[];
  readonly messageBytesMax: number;
  readonly now: number;
}

/** `message` is what was given: it comes back, because buffers change hands. */
export type Inspected = { readonly message: Uint8Array } & (
  | { readonly kind: "encrypted"; readonly from: string | undefined }
  | { readonly kind: "open"; readonly parsed: Parsed | undefined }
  | { readonly kind: "broken" }
);

export interface OpenJob {
  readonly message: Uint8Array;
  /** Whose signature counts. */
  readonly senders: readonly { readonly address: string; readonly certificate: Uint8Array }[];
  readonly now: number;
  readonly receivedAt: number;
}

export interface Opened {
  readonly message: Uint8Array;
  /** Undefined when it is not for us, was changed, or is no mail: one outcome, whatever the cause. */
  readonly content: OpenedContent | undefined;
}

export type OpenedContent = Parsed & Omit<Verified, "payload">;
