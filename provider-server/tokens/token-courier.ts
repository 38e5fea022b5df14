/**
 * Carries batches of blinded elements of own clients to other providers, over the mix network like everything else, and what
 * came of them back. Elements of many clients go in one packet. Spec: docs/spec/13-tokens.md §5
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { exponential, type RandomSource } from "#transport/core/random.ts";
import { wipe } from "#transport/core/secret.ts";
import {
  type KeyPeriod,
  mailboxId,
  type Milliseconds,
  milliseconds,
  type NodeId,
  SURB_ID_BYTES,
  type SurbId,
  surbId,
} from "#transport/core/units.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import type { Consensus } from "#transport/directory/model.ts";
import { choosePath, chooseReplyPath } from "#transport/directory/path.ts";
import type { WrappedPacket } from "#transport/sphinx/packet.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { SignedBatch } from "#transport/tokens/order.ts";
import {
  batchesPerRequest,
  decodeSignedBatches,
  signSigningRequest,
  TOKENS_SERVICE,
} from "#transport/tokens/signing.ts";
import { coverMeanDelay } from "#transport/traffic/delay-class.ts";
import { GATHER_MEAN, GATHERED_BATCHES_MAX, REQUEST_ATTEMPTS_MAX } from "./limits.ts";

export interface TokenCourierDependencies {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly sphinx: Sphinx;
  readonly nodeId: NodeId;
  /** Ed25519 seed: signs that this provider answers for what it asks. */
  readonly identitySeed: Uint8Array;
  readonly current: () => { consensus: Consensus; period: KeyPeriod; parameters: Parameters } | undefined;
  readonly send: (packet: WrappedPacket) => void;
  /** After this a request or its answer was lost. */
  readonly answerWait: Milliseconds;
}

type Settle = (batch: SignedBatch | undefined) => void;

/** One batch of one client. */
interface Item {
  readonly elements: readonly Uint8Array[];
  readonly settle: Settle;
}

interface Gathering {
  readonly provider: NodeId;
  readonly period: number;
  readonly items: Item[];
  /** How often they have been asked for. */
  readonly attempts: number;
  cancel: Cancel | undefined;
}

interface UnderWay {
  readonly gathering: Gathering;
  readonly items: readonly Item[];
  readonly replyKey: Uint8Array;
  readonly cancel: Cancel;
}

export class TokenCourier {
  readonly #deps: TokenCourierDependencies;
  /** By provider and period. */
  readonly #gathering = new Map<string, Gathering>();
  /** What was lost and waits to be asked for again: nothing is added to it. */
  readonly #again = new Set<Gathering>();
  /** By hexadecimal SURB id. */
  readonly #underWay = new Map<string, UnderWay>();

  constructor(deps: TokenCourierDependencies) {
    this.#deps = deps;
  }

  /** `settle` gets what became of the elements: undefined when the provider did not answer. */
  ask(
    { provider, period, elements }: { provider: NodeId; period: number; elements: readonly Uint8Array[] },
    settle: Settle,
  ): void {
    const key = keyOf({ provider, period });
    const gathering = this.#gathering.get(key) ?? { provider, period, items: [], attempts: 0, cancel: undefined };
    if (gathering.items.length >= GATHERED_BATCHES_MAX) return settle(undefined);
    this.#gathering.set(key, gathering);
    gathering.items.push({ elements, settle });
    gathering.cancel ??= this.#afterWait(gathering, () => this.#gathering.delete(key));
  }

  /** Requests for which something gathers. */
  get gathering(): number {
    return this.#gathering.size + this.#again.size;
  }

  /** Whether a reply belongs here; the others are for mailboxes. */
  replied(id: SurbId, payload: Uint8Array): boolean {
    const underWay = this.#underWay.get(toHex(id));
    if (underWay === undefined) return false;
    const batches = this.#open(underWay, payload);
    if (batches === undefined) return true; // made up or changed: as if it had not come
    this.#end(id, underWay);
    underWay.items.forEach((item, index) => item.settle(batches[index]));
    return true;
  }

  stop(): void {
    for (const { cancel } of [...this.#gathering.values(), ...this.#again]) cancel?.();
    for (const { cancel, replyKey } of this.#underWay.values()) {
      cancel();
      wipe(replyKey);
    }
    this.#gathering.clear();
    this.#again.clear();
    this.#underWay.clear();
  }

  #afterWait(gathering: Gathering, forget: () => void): Cancel {
    const { clock, random } = this.#deps;
    return clock.at(milliseconds(clock.now() + exponential(random, GATHER_MEAN)), () => {
      forget();
      this.#send(gathering);
    });
  }

  /** One packet after the other until nothing waits. */
  #send(gathering: Gathering): void {
    const most = batchesPerRequest(this.#deps.sphinx.geometry);
    while (gathering.items.length > 0) {
      const items = gathering.items.splice(0, most);
      const made = this.#make(gathering, items);
      if (made === undefined) {
        for (const item of items) item.settle(undefined);
        continue;
      }
      const { id, replyKey, packet } = made;
      const { clock, answerWait, send } = this.#deps;
      const cancel = clock.at(milliseconds(clock.now() + answerWait), () => this.#lost(id));
      this.#underWay.set(toHex(id), { gathering, items, replyKey, cancel });
      send(packet);
    }
  }

  #make(
    { provider, period }: Gathering,
    items: readonly Item[],
  ): { id: SurbId; replyKey: Uint8Array; packet: WrappedPacket } | undefined {
    const { random, sphinx, nodeId, identitySeed } = this.#deps;
    const current = this.#deps.current();
    if (current === undefined) return undefined;
    const { suite, geometry } = sphinx;
    const batches = items.map(({ elements }) => elements);
    const request = { period, issuer: nodeId, signer: provider, batches };
    try {
      const draw = (): { meanDelay: Milliseconds; paths: RandomSource; delays: RandomSource } => ({
        meanDelay: coverMeanDelay(random, current.parameters),
        paths: random,
        delays: random,
      });
      const back = chooseReplyPath({ ...current, ...draw(), from: provider, to: nodeId });
      const id = surbId(random.bytes(SURB_ID_BYTES));
      // A mailbox of nobody: the provider takes the reply by its SURB's id before it looks for one.
      const { surb, replyKey } = sphinx.createSurb({
        path: back,
        mailbox: mailboxId(random.bytes(32)),
        surbId: id,
        random,
      });
      const body = signSigningRequest({ request, identitySeed, suite });
      const payload = encodeServiceRequest(geometry, { service: TOKENS_SERVICE, surb, body, random });
      const path = choosePath({ ...current, ...draw(), destination: provider, from: nodeId });
      const destination = { command: "service", recipient: serviceId(suite, TOKENS_SERVICE) } as const;
      return { id, replyKey, packet: sphinx.wrap({ path, destination, payload, random }) };
    } catch (error) {
      if (error instanceof TransportError) return undefined; // not in the list, or too few nodes
      throw error;
    }
  }

  #open({ items, replyKey }: UnderWay, payload: Uint8Array): SignedBatch[] | undefined {
    try {
      const body = this.#deps.sphinx.openReply({ replyKey, payload });
      return decodeSignedBatches(
        body,
        items.map(({ elements }) => elements.length),
      );
    } catch (error) {
      if (error instanceof TransportError) return undefined;
      throw error;
    }
  }

  #lost(id: SurbId): void {
    const underWay = this.#underWay.get(toHex(id));
    if (underWay === undefined) return;
    this.#end(id, underWay);
    const { gathering, items } = underWay;
    const attempts = gathering.attempts + 1;
    if (attempts >= REQUEST_ATTEMPTS_MAX) {
      for (const { settle } of items) settle(undefined);
      return;
    }
    // It may have been refused for the sake of one client's elements: half of the others are rid of them, and nobody new is with them.
    const half = Math.ceil(items.length / 2);
    for (const part of [items.slice(0, half), items.slice(half)]) {
      if (part.length === 0) continue;
      const again: Gathering = { ...gathering, items: part, attempts, cancel: undefined };
      this.#again.add(again);
      again.cancel = this.#afterWait(again, () => this.#again.delete(again));
    }
  }

  #end(id: SurbId, { cancel, replyKey }: UnderWay): void {
    cancel();
    wipe(replyKey);
    this.#underWay.delete(toHex(id));
  }
}

const keyOf = ({ provider, period }: { provider: NodeId; period: number }): string => `${toHex(provider)}/${period}`;
