/**
 * Questions to services behind the mix network, answered by SURB into the own mailbox. Reply keys live in memory only and
 * die with their key period. Spec: docs/spec/01-message.md §7
 */

import { toHex } from "../core/bytes.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { wipe } from "../core/secret.ts";
import {
  type MailboxId,
  type Milliseconds,
  milliseconds,
  type NodeId,
  SURB_ID_BYTES,
  type SurbId,
  surbId,
} from "../core/units.ts";
import type { Path } from "../sphinx/packet.ts";
import { encodeServiceRequest, NO_TOKEN, requestBytesMax, serviceId } from "../sphinx/service-payload.ts";
import type { Sphinx } from "../sphinx/sphinx.ts";
import { needsToken } from "../tokens/needs-token.ts";
import type { QuietTime } from "../traffic/quiet-time.ts";
import { REQUEST_ATTEMPTS, REQUESTS_MAX } from "./limits.ts";
import type { Payload, PayloadContender, PayloadSource } from "./payload.ts";
import type { ReplyBlockEvent } from "./types.ts";

export interface RequestsDeps {
  readonly clock: Clock;
  readonly quiet: QuietTime;
  readonly sphinx: Sphinx;
  readonly keys: RandomSource;
  readonly padding: RandomSource;
  readonly nextOrder: () => number;
  /** The way from a service's provider into the own mailbox, and when it stops working. Throws NO_PATH, NO_CONSENSUS. */
  readonly replyPath: (from: NodeId) => { path: Path; until: Milliseconds };
  /** Where answers come. */
  readonly replyTo: () => MailboxId;
  /** The key cover is sealed to: a request's slot does the same work as any other. */
  readonly coverKey: () => Uint8Array;
  readonly coverPlaintext: () => Uint8Array;
  readonly answerWait: () => Milliseconds;
  /** A token for one request to a provider, used up when it is given. Throws NO_TOKENS. */
  readonly token: (provider: NodeId) => Promise<Uint8Array>;
  readonly onReplyBlock?: (event: ReplyBlockEvent) => void;
}

export interface Question {
  readonly provider: NodeId;
  readonly service: string;
  readonly body: Uint8Array;
}

interface Attempt {
  readonly question: Question;
  readonly order: number;
  readonly surbId: SurbId;
  readonly replyKey: Uint8Array;
  /** The service payload, SURB inside. */
  readonly request: Uint8Array;
  /** After this the reply finds no keys: the SURB must not be used any more. */
  readonly until: Milliseconds;
  readonly done: (ended: Ended) => void;
  cancel: Cancel;
}

interface Ended {
  readonly reply: Uint8Array | undefined;
  /** Or may leave still, having been given to a slot. */
  readonly hasLeft: boolean;
}

export class Requests implements PayloadSource {
  readonly #deps: RequestsDeps;
  readonly #waiting = new Set<Attempt>();
  /** Those that left, by hexadecimal SURB id. */
  readonly #sent = new Map<string, Attempt>();
  #open = 0;
  #stopped = false;

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  /**
   * Waits for a slot as long as it takes. The service may see a request more than once. Throws SERVICE_TIMEOUT, NO_TOKENS, NO_PATH,
   * NO_CONSENSUS, REFUSED when too many wait.
   */
  async ask(question: Question): Promise<Uint8Array> {
    if (question.body.length > requestBytesMax(this.#deps.sphinx.geometry, question.service)) {
      throw new TransportError("MESSAGE_TOO_LARGE");
    }
    if (this.#open >= REQUESTS_MAX) throw new TransportError("REFUSED", "Too many requests wait for answers.");
    this.#open++;
    try {
      const order = this.#deps.nextOrder();
      let token: Uint8Array | undefined;
      // One that found no slot says nothing of the service: while the line is down none of them leaves.
      for (let left = 0; left < REQUEST_ATTEMPTS && !this.#stopped; ) {
        token ??= await this.#token(question);
        const { reply, hasLeft } = await this.#attempt(question, { order, token });
        if (reply !== undefined) return reply;
        if (!hasLeft) continue;
        left++;
        // The provider may have spent it.
        token = undefined;
      }
      throw new TransportError("SERVICE_TIMEOUT");
    } finally {
      this.#open--;
    }
  }

  /** A reply entry came. One that nobody waits for is dropped. */
  replied(id: SurbId, payload: Uint8Array): void {
    const attempt = this.#sent.get(toHex(id));
    this.#tell({ what: "came", surbId: id, isAwaited: attempt !== undefined });
    if (attempt === undefined) return;
    try {
      this.#finish(attempt, this.#deps.sphinx.openReply({ replyKey: attempt.replyKey, payload }));
    } catch {
      // Changed on the way, or made up: as if it had not come.
    }
  }

  *contenders(now: Milliseconds): Iterable<PayloadContender> {
    for (const attempt of this.#waiting) {
      if (attempt.until <= now) continue;
      const { order, question } = attempt;
      yield { left: 1, order, provider: question.provider, take: () => this.#take(attempt) };
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const attempt of [...this.#waiting, ...this.#sent.values()]) this.#finish(attempt, undefined);
  }

  async #token({ service, body, provider }: Question): Promise<Uint8Array> {
    if (!needsToken(service, body)) return NO_TOKEN;
    return this.#deps.token(provider);
  }

  /** The reply, or undefined when it did not come in time, or the request found no slot. */
  async #attempt(question: Question, { order, token }: { order: number; token: Uint8Array }): Promise<Ended> {
    const made = await this.#deps.quiet.run(() => this.#make(question, token));
    return new Promise((resolve) => {
      const attempt: Attempt = { ...made, question, order, done: resolve, cancel: () => undefined };
      if (this.#stopped) return this.#finish(attempt, undefined);
      // One that finds no slot while its SURB lives is made anew, with the next keys.
      attempt.cancel = this.#deps.clock.at(attempt.until, () => this.#finish(attempt, undefined));
      this.#waiting.add(attempt);
    });
  }

  #make(question: Question, token: Uint8Array): Pick<Attempt, "surbId" | "replyKey" | "request" | "until"> {
    const { sphinx, keys, padding, replyTo } = this.#deps;
    const { path, until } = this.#deps.replyPath(question.provider);
    const id = surbId(keys.bytes(SURB_ID_BYTES));
    const { surb, replyKey, tags } = sphinx.createSurb({ path, mailbox: replyTo(), surbId: id, random: keys });
    this.#tell({ what: "made", asks: "service", surbId: id, until, tags });
    const { service, body } = question;
    const request = encodeServiceRequest(sphinx.geometry, { service, surb, token, body, random: padding });
    return { surbId: id, replyKey, request, until };
  }

  #take(attempt: Attempt): Payload {
    const { sphinx, clock } = this.#deps;
    this.#waiting.delete(attempt);
    this.#sent.set(toHex(attempt.surbId), attempt);
    return {
      cargo: "request",
      content: {
        destination: { command: "service", recipient: serviceId(sphinx.suite, attempt.question.service) },
        plaintext: this.#deps.coverPlaintext(),
        mailboxKey: this.#deps.coverKey(),
        request: attempt.request,
      },
      settled: (sent) => {
        if (this.#sent.get(toHex(attempt.surbId)) !== attempt) return;
        if (sent === undefined) {
          this.#sent.delete(toHex(attempt.surbId));
          this.#waiting.add(attempt);
          return;
        }
        this.#tell({ what: "sent", surbId: attempt.surbId, tags: sent.tags });
        attempt.cancel();
        const patience = milliseconds(clock.now() + this.#deps.answerWait());
        attempt.cancel = clock.at(patience, () => this.#finish(attempt, undefined));
      },
    };
  }

  #finish(attempt: Attempt, reply: Uint8Array | undefined): void {
    attempt.cancel();
    this.#waiting.delete(attempt);
    const hasLeft = this.#sent.delete(toHex(attempt.surbId));
    wipe(attempt.replyKey);
    this.#tell({ what: "closed", surbId: attempt.surbId, isAnswered: reply !== undefined });
    attempt.done({ reply, hasLeft });
  }

  #tell(event: WithoutTime<ReplyBlockEvent>): void {
    this.#deps.onReplyBlock?.({ ...event, at: this.#deps.clock.now() });
  }
}

/** One by one, so that the kinds stay apart. */
type WithoutTime<T> = T extends unknown ? Omit<T, "at"> : never;
