/**
 * Takes requests that end at this provider and sends the answers back by their SURBs. An answer leaves a random time after
 * its request came, drawn before the service is asked: how long the work took does not show. Spec: docs/spec/07-mailbox.md §7.1
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { exponential, type RandomSource } from "#transport/core/random.ts";
import { milliseconds, type NodeId } from "#transport/core/units.ts";
import { decodeServiceRequest, type ServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { ANSWER_DELAY_MAX, ANSWER_DELAY_MEAN, ANSWERS_WAITING_MAX } from "./limits.ts";
import type { Service } from "./service.ts";

export interface ServiceDeskDependencies {
  readonly clock: Clock;
  readonly sphinx: Sphinx;
  readonly services: readonly Service[];
  /** Waits of answers. */
  readonly delays: RandomSource;
  readonly padding: RandomSource;
  readonly send: (firstHop: NodeId, packet: Uint8Array) => void;
  readonly onDrop: (reason: DropReason) => void;
}

export class ServiceDesk {
  readonly #deps: ServiceDeskDependencies;
  /** By service id in hexadecimal. */
  readonly #services: ReadonlyMap<string, Service>;
  readonly #waiting = new Set<Cancel>();

  constructor(deps: ServiceDeskDependencies) {
    this.#deps = deps;
    this.#services = new Map(
      deps.services.map((service) => [toHex(serviceId(deps.sphinx.suite, service.name)), service]),
    );
  }

  /** A payload that arrived for `recipient`. */
  handle(recipient: Uint8Array, payload: Uint8Array): void {
    const { clock, delays, onDrop } = this.#deps;
    const service = this.#services.get(toHex(recipient));
    if (service === undefined) return onDrop("SERVICE_UNKNOWN");
    if (this.#waiting.size >= ANSWERS_WAITING_MAX) return onDrop("SERVICE_BUSY");
    // Drawn and counted from the request's arrival, before anything is computed.
    const due = milliseconds(clock.now() + Math.min(exponential(delays, ANSWER_DELAY_MEAN), ANSWER_DELAY_MAX));
    const answer = this.#answer(service, payload);
    if (answer === undefined) return onDrop("SERVICE_MALFORMED");
    const cancel = clock.at(due, () => {
      this.#waiting.delete(cancel);
      this.#deps.send(answer.firstHop, answer.packet);
    });
    this.#waiting.add(cancel);
  }

  stop(): void {
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
  }

  #answer(service: Service, payload: Uint8Array): { firstHop: NodeId; packet: Uint8Array } | undefined {
    const request = this.#decode(payload);
    if (request === undefined || request.service !== service.name) return undefined;
    const body = service.answer(request.body);
    if (body === undefined || body.length > this.#deps.sphinx.geometry.replyBytes) return undefined;
    try {
      return this.#deps.sphinx.wrapReply({ surb: request.surb, body, random: this.#deps.padding });
    } catch {
      return undefined; // the SURB is none
    }
  }

  #decode(payload: Uint8Array): ServiceRequest | undefined {
    try {
      return decodeServiceRequest(this.#deps.sphinx.geometry, payload);
    } catch {
      return undefined;
    }
  }
}
