/** Everything about a provider's boxes. Spec: docs/spec/17-boxes.md */

import { collectDelayMax, lostAfter } from "#transport/box/limits.ts";
import { BOX_SERVICE, type CollectShape, decodeBoxRequest, encodeOpened } from "#transport/box/requests.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import { serviceId } from "#transport/sphinx/service-payload.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { ProviderDatabase } from "../database/database.ts";
import type { MailboxStore } from "../mailbox/mailbox-store.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import type { Gauges } from "../observe/figures.ts";
import type { Service } from "../services/service.ts";
import { BoxDesk } from "./box-desk.ts";
import { BoxStore } from "./box-store.ts";
import { BOXES_MAX, BOXES_STEP, COLLECT_ANSWERS_STEP, COLLECT_ANSWERS_WAITING_MAX } from "./limits.ts";

export interface BoxOfficeDependencies {
  readonly clock: Clock;
  readonly parameters: Parameters;
  readonly sphinx: Sphinx;
  readonly database: ProviderDatabase;
  readonly mailboxes: MailboxStore;
  readonly knownTime: () => Milliseconds | undefined;
  readonly padding: RandomSource;
  readonly send: (firstHop: NodeId, packet: Uint8Array) => void;
  readonly onDrop: (reason: DropReason) => void;
}

export class BoxOffice {
  readonly store: BoxStore;
  /** By which a box is opened; none in a network without boxes. */
  readonly services: readonly Service[];
  readonly #desk: BoxDesk | undefined;
  readonly #serviceId: Uint8Array;

  constructor(deps: BoxOfficeDependencies) {
    const { parameters, sphinx } = deps;
    const { boxReplies, mailboxKeyLifetime, retention } = parameters;
    this.#serviceId = serviceId(sphinx.suite, BOX_SERVICE);
    this.store = new BoxStore({
      ...deps,
      primitives: sphinx.suite,
      lifetime: milliseconds(2 * mailboxKeyLifetime),
      retention,
      lostAfter: lostAfter(parameters),
    });
    const delayMax = collectDelayMax(parameters);
    // A network that had boxes once deletes them in their time.
    this.#desk = boxReplies === 0 ? undefined : new BoxDesk({ ...deps, boxReplies, delayMax, boxes: this.store });
    const shape = { boxReplies, surbBytes: sphinx.geometry.surbBytes, delayMax };
    this.services = boxReplies === 0 ? [] : [openingService(this.store, shape)];
  }

  start(): void {
    this.store.start();
  }

  stop(): void {
    this.#desk?.stop();
    this.store.stop();
  }

  /** A payload for a service. False when it collects from no box: then nothing was done. */
  handle(recipient: Uint8Array, payload: Uint8Array): boolean {
    return this.#desk !== undefined && equalBytes(recipient, this.#serviceId) && this.#desk.handle(payload);
  }

  /** For whoever runs this provider; rounded up, so that no single box or collect shows. */
  get gauges(): Gauges {
    if (this.#desk === undefined) return {};
    return {
      boxes: roundedUp(this.store.count, BOXES_STEP),
      boxes_max: BOXES_MAX,
      collect_answers_waiting: roundedUp(this.#desk.waiting, COLLECT_ANSWERS_STEP),
      collect_answers_waiting_max: COLLECT_ANSWERS_WAITING_MAX,
    };
  }
}

/** Opens boxes; collects are the desk's, which has answers of its own times. */
function openingService(boxes: Pick<BoxStore, "open">, shape: CollectShape): Service {
  return {
    name: BOX_SERVICE,
    answer(body) {
      const request = decodeBoxRequest(body, shape);
      return request.kind === "open" ? encodeOpened(boxes.open(request.secret)) : undefined;
    },
  };
}

const roundedUp = (count: number, step: number): number => Math.ceil(count / step) * step;
