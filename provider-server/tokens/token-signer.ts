/**
 * Evaluates blinded elements with this provider's keys: for its own clients, and for other providers that answer for theirs.
 * A batch at a time with pauses, since the same thread passes packets on. Spec: docs/spec/13-tokens.md §5
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { milliseconds, type NodeId } from "#transport/core/units.ts";
import { evaluateBlinded } from "#transport/crypto/blind-tokens.ts";
import { isSame } from "#transport/directory/alive.ts";
import { decodeServiceRequest } from "#transport/sphinx/service-payload.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { SignedBatch } from "#transport/tokens/order.ts";
import {
  batchesPerRequest,
  encodeSignedBatches,
  readSigningRequest,
  type SigningRequest,
  TOKENS_SERVICE,
} from "#transport/tokens/signing.ts";
import { isDiskError } from "../database/disk-error.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { BATCH_INTERVAL, BATCHES_PER_ISSUER_MAX, BATCHES_WAITING_MAX } from "./limits.ts";
import type { TokenKeys } from "./token-keys.ts";
import type { TokenTables } from "./token-tables.ts";

export interface TokenSignerDependencies {
  readonly clock: Clock;
  readonly sphinx: Sphinx;
  readonly nodeId: NodeId;
  readonly keys: TokenKeys;
  readonly tables: TokenTables;
  readonly random: RandomSource;
  /** The identity key of a provider in the list of nodes. */
  readonly signingKey: (provider: NodeId) => Uint8Array | undefined;
  readonly send: (firstHop: NodeId, packet: Uint8Array) => void;
  readonly onDrop: (reason: DropReason) => void;
}

type Elements = readonly Uint8Array[];

interface Job {
  readonly period: number;
  readonly waiting: Elements[];
  readonly done: SignedBatch[];
  readonly settle: (batches: readonly SignedBatch[] | undefined) => void;
}

export class TokenSigner {
  readonly #deps: TokenSignerDependencies;
  /** By issuer; the first one's oldest job is next, and then it is the last's turn. */
  readonly #jobs = new Map<string, Job[]>();
  #batches = 0;
  #cancel: Cancel | undefined;

  constructor(deps: TokenSignerDependencies) {
    this.#deps = deps;
  }

  /** For an own client. `settle` gets the batches, or undefined when they cannot be signed. */
  sign(o: { period: number; issuer: NodeId; batches: readonly Elements[] }, settle: Job["settle"]): void {
    if (!this.#mayBegin(o)) return settle(undefined);
    const issuer = toHex(o.issuer);
    const job: Job = { period: o.period, waiting: [...o.batches], done: [], settle };
    this.#jobs.set(issuer, [...(this.#jobs.get(issuer) ?? []), job]);
    this.#batches += o.batches.length;
    this.#arm();
  }

  /** A packet for the service `tokens`. Whatever is wrong with it, nothing is answered. */
  handle(payload: Uint8Array): void {
    const { sphinx, random, send, onDrop, nodeId } = this.#deps;
    const asked = this.#read(payload);
    if (asked === undefined) return onDrop("SERVICE_MALFORMED");
    const { request, surb } = asked;
    if (!isSame(request.signer, nodeId)) return onDrop("SERVICE_MALFORMED");
    this.sign(request, (batches) => {
      if (batches === undefined) return onDrop("TOKENS_BUSY");
      try {
        const { firstHop, packet } = sphinx.wrapReply({ surb, body: encodeSignedBatches(batches), random });
        send(firstHop, packet);
      } catch {
        onDrop("SERVICE_MALFORMED"); // the SURB is none
      }
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#jobs.clear();
  }

  #read(payload: Uint8Array): { request: SigningRequest; surb: Uint8Array } | undefined {
    const { sphinx, signingKey } = this.#deps;
    try {
      const { service, surb, body } = decodeServiceRequest(sphinx.geometry, payload);
      if (service !== TOKENS_SERVICE) return undefined;
      const request = readSigningRequest({ bytes: body, suite: sphinx.suite, signingKey });
      return request.batches.length <= batchesPerRequest(sphinx.geometry) ? { request, surb } : undefined;
    } catch (error) {
      if (error instanceof TransportError) return undefined;
      throw error;
    }
  }

  #mayBegin({ period, issuer, batches }: { period: number; issuer: NodeId; batches: readonly Elements[] }): boolean {
    if (this.#deps.keys.signing(period) === undefined) return false;
    if (this.#batches + batches.length > BATCHES_WAITING_MAX) return false;
    const own = this.#jobs.get(toHex(issuer))?.reduce((sum, { waiting }) => sum + waiting.length, 0) ?? 0;
    if (own + batches.length > BATCHES_PER_ISSUER_MAX) return false;
    const count = batches.reduce((sum, batch) => sum + batch.length, 0);
    try {
      return this.#deps.tables.sign({ period, issuer, count });
    } catch (error) {
      if (isDiskError(error)) return false;
      throw error;
    }
  }

  #arm(): void {
    const { clock } = this.#deps;
    this.#cancel ??= clock.at(milliseconds(clock.now() + BATCH_INTERVAL), () => {
      this.#cancel = undefined;
      this.#work();
      if (this.#jobs.size > 0) this.#arm();
    });
  }

  /** One batch of one issuer's oldest job: who asks for much must not hold up the others. */
  #work(): void {
    const [turn] = this.#jobs;
    if (turn === undefined) return;
    const [issuer, [job, ...later]] = turn;
    this.#jobs.delete(issuer);
    const batch = job?.waiting.shift();
    if (job === undefined || batch === undefined) return;
    this.#batches--;
    const signed = this.#evaluate(job.period, batch);
    if (signed === undefined) this.#batches -= job.waiting.length;
    else job.done.push(signed);
    const isOver = signed === undefined || job.waiting.length === 0;
    const left = isOver ? later : [job, ...later];
    if (left.length > 0) this.#jobs.set(issuer, left);
    if (isOver) job.settle(signed === undefined ? undefined : job.done);
  }

  #evaluate(period: number, elements: Elements): SignedBatch | undefined {
    const keys = this.#deps.keys.signing(period);
    if (keys === undefined) return undefined;
    try {
      return evaluateBlinded({ keys, elements, random: this.#deps.random });
    } catch (error) {
      if (error instanceof TransportError) return undefined; // not an element of the group
      throw error;
    }
  }
}
