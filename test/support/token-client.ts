/** A client of the token office without the rest of a client: orders over a device's link and keeps what it gets. */

import assert from "node:assert/strict";
import type { RandomSource } from "#transport/core/random.ts";
import { type NodeId, seconds } from "#transport/core/units.ts";
import { type Blinded, blindInput, finishBlinded } from "#transport/crypto/blind-tokens.ts";
import type { ControlAnswer } from "#transport/link/control.ts";
import { decodeOrderResult, encodeOrder, type OrderResult, type SignedBatch } from "#transport/tokens/order.ts";
import { encodeToken, tokenValue } from "#transport/tokens/token.ts";
import type { SmallNetwork } from "./small-network.ts";
import type { TestDevice } from "./test-device.ts";

export interface DrawnToken {
  readonly nonce: Uint8Array;
  readonly blinded: Blinded;
}

export class TokenClient {
  readonly #net: SmallNetwork;
  readonly #device: TestDevice;
  readonly #random: RandomSource;

  constructor(o: { net: SmallNetwork; device: TestDevice; random: RandomSource }) {
    this.#net = o.net;
    this.#device = o.device;
    this.#random = o.random;
  }

  draw(): DrawnToken[] {
    const { perProvider } = this.#net.network.parameters.tokens;
    return Array.from({ length: perProvider }, () => {
      const nonce = this.#random.bytes(32);
      return { nonce, blinded: blindInput(nonce, this.#random) };
    });
  }

  /** One CONTROL frame. */
  ask(o: { period: number; provider: NodeId; drawn: readonly DrawnToken[] }): Promise<ControlAnswer> {
    const elements = o.drawn.map(({ blinded }) => blinded.element);
    const order = encodeOrder({ period: o.period, parts: [{ provider: o.provider, elements }] });
    return this.#device.control({ kind: "order-tokens", order });
  }

  /** Asks until there is a result; its batches, undefined when the provider did not answer. */
  async order(o: {
    period: number;
    provider: NodeId;
    drawn: readonly DrawnToken[];
  }): Promise<readonly SignedBatch[] | undefined> {
    for (let i = 0; i < 60; i++) {
      const answer = await this.ask(o);
      assert.equal(answer.result, "OK");
      const result = this.#read(answer.body);
      if (result !== "pending") return result[0];
      await this.#net.clock.runFor(seconds(5));
    }
    throw new Error("an order is pending for ever");
  }

  /** Tokens as a request carries them; throws when a proof does not hold. */
  async tokens({
    drawn = this.draw(),
    ...o
  }: {
    readonly period: number;
    readonly provider: NodeId;
    readonly publicKey: Uint8Array;
    readonly drawn?: readonly DrawnToken[];
  }): Promise<Uint8Array[]> {
    const batches = await this.order({ ...o, drawn });
    assert.ok(batches !== undefined, "the provider answered");
    const tokens: Uint8Array[] = [];
    for (const { evaluated, proof } of batches) {
      const part = drawn.slice(tokens.length, tokens.length + evaluated.length);
      const items = part.map(({ nonce, blinded }, i) => ({
        input: nonce,
        blinded,
        evaluated: evaluated[i] as Uint8Array,
      }));
      const outputs = finishBlinded({ publicKey: o.publicKey, proof, items });
      assert.ok(outputs !== undefined, "the proof holds");
      outputs.forEach((output, i) =>
        tokens.push(encodeToken({ period: o.period, nonce: part[i]?.nonce as Uint8Array, value: tokenValue(output) })),
      );
    }
    return tokens;
  }

  #read(body: Uint8Array): OrderResult {
    return decodeOrderResult(body, { parts: 1, perProvider: this.#net.network.parameters.tokens.perProvider });
  }
}
