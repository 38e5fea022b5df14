/**
 * Takes requests that end at this provider and sends the answers back by their SURBs. An answer leaves at a time that is fixed
 * before the service is asked, and no sooner than the service may take: how long the work took does not show.
 * Spec: docs/spec/07-mailbox.md §7.1
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { exponential, type RandomSource } from "#transport/core/random.ts";
import { milliseconds, type NodeId } from "#transport/core/units.ts";
import { decodeServiceRequest, type ServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import { needsToken } from "#transport/tokens/needs-token.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { ANSWER_DELAY_MAX, ANSWER_DELAY_MEAN, ANSWER_TIME, ANSWERS_WAITING_MAX } from "./limits.ts";
import type { Answer, Service } from "./service.ts";

export interface ServiceDeskDependencies {
  readonly clock: Clock;
  readonly sphinx: Sphinx;
  readonly services: readonly Service[];
  /** Spends the token of a request; or why it is worth nothing. */
  readonly spend: (token: Uint8Array) => DropReason | undefined;
  /** Waits of answers. */
  readonly delays: RandomSource;
  readonly padding: RandomSource;
  readonly send: (firstHop: NodeId, packet: Uint8Array) => void;
  readonly onDrop: (reason: DropReason) => void;
}

/** A request in work: why nothing would leave now, or what leaves when it is due. */
interface Work {
  outcome: DropReason | { readonly firstHop: NodeId; readonly packet: Uint8Array };
}

export class ServiceDesk {
  readonly #deps: ServiceDeskDependencies;
  /** By service id in hexadecimal. */
  readonly #services: ReadonlyMap<string, Service>;
  readonly #waiting = new Set<Cancel>();
  readonly #inWork = new Map<Service, number>();

  constructor(deps: ServiceDeskDependencies) {
    this.#deps = deps;
    this.#services = new Map(
      deps.services.map((service) => [toHex(serviceId(deps.sphinx.suite, service.name)), service]),
    );
  }

  /** A payload that arrived for `recipient`. */
  handle(recipient: Uint8Array, payload: Uint8Array): void {
    const { clock, delays, onDrop, send } = this.#deps;
    const service = this.#services.get(toHex(recipient));
    if (service === undefined) return onDrop("SERVICE_UNKNOWN");
    const inWork = this.#inWork.get(service) ?? 0;
    const isBusy = this.#waiting.size >= ANSWERS_WAITING_MAX || inWork >= (service.waitingMax ?? ANSWERS_WAITING_MAX);
    if (isBusy) return onDrop("SERVICE_BUSY");
    // Drawn and counted from the request's arrival, before anything is computed.
    const wait = Math.min(exponential(delays, ANSWER_DELAY_MEAN), ANSWER_DELAY_MAX);
    const due = milliseconds(clock.now() + (service.answerTime ?? ANSWER_TIME) + wait);
    const work = this.#begin(service, payload);
    if (typeof work.outcome === "string" && work.outcome !== "SERVICE_LATE") return onDrop(work.outcome);
    this.#inWork.set(service, inWork + 1);
    const cancel = clock.at(due, () => {
      this.#waiting.delete(cancel);
      this.#inWork.set(service, (this.#inWork.get(service) ?? 1) - 1);
      const { outcome } = work;
      // What is not ready by now never leaves: a later time would tell how long it took.
      if (typeof outcome === "string") onDrop(outcome);
      else send(outcome.firstHop, outcome.packet);
    });
    this.#waiting.add(cancel);
  }

  stop(): void {
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
  }

  #begin(service: Service, payload: Uint8Array): Work {
    const request = withoutThrow(() => decodeServiceRequest(this.#deps.sphinx.geometry, payload));
    if (request === undefined || request.service !== service.name) return { outcome: "SERVICE_MALFORMED" };
    const refused = needsToken(service.name, request.body) ? this.#deps.spend(request.token) : undefined;
    if (refused !== undefined) return { outcome: refused };
    if (service.takes?.(request.body) === false) return { outcome: "SERVICE_BUSY" };
    const body = withoutThrow(() => service.answer(request.body));
    if (!(body instanceof Promise)) return { outcome: this.#wrap(request, body) };
    const work: Work = { outcome: "SERVICE_LATE" };
    body.then(
      (answer) => {
        work.outcome = this.#wrap(request, answer);
      },
      () => {
        work.outcome = "SERVICE_MALFORMED";
      },
    );
    return work;
  }

  #wrap(request: ServiceRequest, body: Answer): Work["outcome"] {
    const { sphinx, padding } = this.#deps;
    if (body === undefined || body.length > sphinx.geometry.replyBytes) return "SERVICE_MALFORMED";
    // Throws when the SURB is none.
    const packet = withoutThrow(() => sphinx.wrapReply({ surb: request.surb, body, random: padding }));
    return packet ?? "SERVICE_MALFORMED";
  }
}

function withoutThrow<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
