/** One mail as people know it, before it is MIME and after. */

export interface Person {
  readonly address: string;
  readonly name: string;
}

export interface Attachment {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface Mail {
  readonly from: Person;
  readonly to: readonly Person[];
  readonly subject: string;
  /** Milliseconds since the Unix epoch, whole seconds: mail knows no smaller. */
  readonly at: number;
  /** With angle brackets. */
  readonly messageId: string;
  readonly inReplyTo: string | undefined;
  readonly references: readonly string[];
  /** Lines end in LF. */
  readonly text: string;
  readonly html: string | undefined;
  readonly attachments: readonly Attachment[];
}
