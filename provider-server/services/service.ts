/** What a service behind the mixnet is: a name, and an answer to some bytes from nobody in particular. Spec: docs/spec/07-mailbox.md §7 */

import type { Milliseconds } from "#transport/core/units.ts";

export interface Service {
  /** Lower-case letters, digits and hyphens, at most 32. */
  readonly name: string;
  /**
   * The answer's body, or undefined for bytes that are no request: then nothing is answered. The same request may come more
   * than once: whoever asked repeats one whose answer was lost.
   */
  answer(request: Uint8Array): Answer | Promise<Answer>;
  /** Whether there is room for the work that this request makes. One that is refused is as one that finds no place; any is taken unless given. */
  readonly takes?: (request: Uint8Array) => boolean;
  /** How long an answer may take; every answer waits so long, whatever it took. ANSWER_TIME unless given. */
  readonly answerTime?: Milliseconds;
  /** Requests in work at a time; more are dropped. ANSWERS_WAITING_MAX unless given. */
  readonly waitingMax?: number;
}

/** At most `replyBytes` of the network's geometry (docs/spec/03-sphinx.md §8); longer ones are not sent. */
export type Answer = Uint8Array | undefined;

/**
 * What a module of an operator's own exports as `createService`, called once in a thread of its own with the options of the
 * configuration. docs/integrate.md
 */
export type CreateService = (options: never) => OwnService | Promise<OwnService>;

export type OwnService = Pick<Service, "answer">;
