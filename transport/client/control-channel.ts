/** Account requests over the link, one at a time, each with its answer. Spec: docs/spec/07-mailbox.md §2 */

import type { Clock } from "../core/clock.ts";
import { TransportError, type TransportErrorCode } from "../core/errors.ts";
import { milliseconds } from "../core/units.ts";
import {
  type ControlAccount,
  type ControlAnswer,
  type ControlRequest,
  type ControlResult,
  decodeControlAnswer,
  encodeControlRequest,
} from "../link/control.ts";
import { ANSWER_WAIT } from "./limits.ts";
import type { ProviderLink } from "./provider-link.ts";

/** A request without its number. */
export type ControlQuestion = ControlRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, "id">
    : never
  : never;

export class ControlChannel {
  readonly #clock: Clock;
  readonly #link: ProviderLink;
  readonly #onNoAccount: () => void;
  readonly #waiting = new Map<number, (answer: ControlAnswer) => void>();
  #lastId = 0;

  /** `onNoAccount`: the provider knows no account of this device. */
  constructor(options: { clock: Clock; link: ProviderLink; onNoAccount: () => void }) {
    this.#clock = options.clock;
    this.#link = options.link;
    this.#onNoAccount = options.onNoAccount;
  }

  /** The account the device has after the request. Throws as `request`. */
  async ask(question: ControlQuestion): Promise<ControlAccount | undefined> {
    return (await this.request(question)).account;
  }

  /** Throws PROVIDER_DOWN, or what the provider's refusal means. */
  async request(question: ControlQuestion): Promise<ControlAnswer> {
    const answer = await this.requestUnlessBusy(question);
    if (answer === undefined) throw new TransportError(REFUSALS.UNAVAILABLE);
    return answer;
  }

  /** Undefined when the provider cannot do it now and says to ask again later. Throws as `request` for all else. */
  async requestUnlessBusy(question: ControlQuestion): Promise<ControlAnswer | undefined> {
    const id = ++this.#lastId;
    const body = encodeControlRequest({ ...question, id });
    const since = this.#clock.now();
    if (!this.#link.send({ type: "control", body })) throw new TransportError("PROVIDER_DOWN");
    const answer = await this.#answerTo(id);
    if (answer === undefined) {
      this.#link.unheard(since);
      throw new TransportError("PROVIDER_DOWN");
    }
    if (answer.result === "NO_ACCOUNT") this.#onNoAccount();
    if (answer.result === "UNAVAILABLE") return undefined;
    if (answer.result !== "OK") throw new TransportError(REFUSALS[answer.result]);
    return answer;
  }

  /** An answer arrived; one that nobody waits for is ignored. */
  answered(body: Uint8Array): void {
    const answer = readAnswer(body);
    if (answer !== undefined) this.#waiting.get(answer.id)?.(answer);
  }

  #answerTo(id: number): Promise<ControlAnswer | undefined> {
    return new Promise((resolve) => {
      const finish = (answer: ControlAnswer | undefined): void => {
        cancel();
        this.#waiting.delete(id);
        resolve(answer);
      };
      const cancel = this.#clock.at(milliseconds(this.#clock.now() + ANSWER_WAIT), () => finish(undefined));
      this.#waiting.set(id, finish);
    });
  }
}

const REFUSALS: Readonly<Record<Exclude<ControlResult, "OK">, TransportErrorCode>> = {
  REFUSED: "REFUSED",
  BAD_INVITE: "BAD_INVITE",
  NAME_TAKEN: "NAME_TAKEN",
  TOO_MANY_NAMES: "TOO_MANY_NAMES",
  NAME_INVALID: "NAME_INVALID",
  NO_ACCOUNT: "NO_ACCOUNT",
  BAD_RECORD: "REFUSED",
  TOO_MANY_DEVICES: "TOO_MANY_DEVICES",
  UNAVAILABLE: "PROVIDER_DOWN",
  MALFORMED: "REFUSED",
};

function readAnswer(body: Uint8Array): ControlAnswer | undefined {
  try {
    return decodeControlAnswer(body);
  } catch {
    return undefined;
  }
}
