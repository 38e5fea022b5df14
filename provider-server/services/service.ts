/** What a service behind the mixnet is: a name, and an answer to some bytes from nobody in particular. Spec: docs/spec/07-mailbox.md §7 */

export interface Service {
  readonly name: string;
  /** The answer's body, or undefined for bytes that are no request: then nothing is answered. */
  answer(request: Uint8Array): Uint8Array | undefined;
}
