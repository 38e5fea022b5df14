/**
 * Takes the orders of own clients' devices: holds each account to its budget, has every provider evaluate its part, and keeps
 * the result until the client asks again. Spec: docs/spec/13-tokens.md §4
 */

import { concat, toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { milliseconds, type NodeId } from "#transport/core/units.ts";
import { isElement } from "#transport/crypto/blind-tokens.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { isSame } from "#transport/directory/alive.ts";
import type { Network } from "#transport/directory/model.ts";
import type { ControlResult } from "#transport/link/control.ts";
import {
  batchSizes,
  decodeOrder,
  encodeOrderResult,
  type OrderPart,
  type SignedBatch,
  type TokenOrder,
} from "#transport/tokens/order.ts";
import { tokenPeriodAt } from "#transport/tokens/period.ts";
import { isDiskError } from "../database/disk-error.ts";
import { ORDER_KEPT_FOR, ORDERS_KEPT_MAX, ORDERS_PER_ACCOUNT_MAX, ORDERS_PER_DEVICE_MAX } from "./limits.ts";
import type { TokenCourier } from "./token-courier.ts";
import type { TokenSigner } from "./token-signer.ts";
import type { TokenTables } from "./token-tables.ts";

export interface TokenIssuerDependencies {
  readonly clock: Clock;
  readonly network: Network;
  readonly suite: Suite;
  readonly nodeId: NodeId;
  readonly tables: TokenTables;
  readonly signer: TokenSigner;
  readonly courier: TokenCourier;
  /** Whether there is such a provider: what names another takes no place on the disk. */
  readonly isListed: (provider: NodeId) => boolean;
  /** The account of a device, by a number of its own; undefined for a stranger. */
  readonly accountOf: (deviceKey: Uint8Array) => number | undefined;
}

interface Order {
  readonly owner: Owner;
  readonly parts: (readonly SignedBatch[] | undefined)[];
  left: number;
  readonly cancel: Cancel;
}

interface Owner {
  readonly account: number;
  /** Its key in hexadecimal. */
  readonly device: string;
}

type Decision = { readonly result: ControlResult; readonly body?: Uint8Array };

export class TokenIssuer {
  readonly #deps: TokenIssuerDependencies;
  /** In work or ready, by device and the order's digest. */
  readonly #orders = new Map<string, Order>();

  constructor(deps: TokenIssuerDependencies) {
    this.#deps = deps;
  }

  /** The same order again asks what became of it; the result is given once. */
  order(deviceKey: Uint8Array, bytes: Uint8Array): Decision {
    const key = toHex(deviceKey) + toHex(this.#deps.suite.blake2b(bytes));
    const known = this.#orders.get(key);
    if (known !== undefined && known.left > 0) return { result: "OK", body: encodeOrderResult("pending") };
    if (known !== undefined) {
      this.#forget(key);
      return { result: "OK", body: encodeOrderResult(known.parts) };
    }
    return this.#accept(deviceKey, { key, bytes });
  }

  /** How many are in work or ready. */
  get orders(): number {
    return this.#orders.size;
  }

  stop(): void {
    for (const key of this.#orders.keys()) this.#forget(key);
  }

  #accept(deviceKey: Uint8Array, { key, bytes }: { key: string; bytes: Uint8Array }): Decision {
    const { tables, accountOf, isListed } = this.#deps;
    const account = accountOf(deviceKey);
    if (account === undefined) return { result: "NO_ACCOUNT" };
    const order = this.#read(bytes);
    if (order === undefined) return { result: "MALFORMED" };
    if (this.#orders.size >= ORDERS_KEPT_MAX) return { result: "UNAVAILABLE" };
    const parts = order.parts
      .filter(({ provider }) => isListed(provider))
      .map(({ provider, elements }) => ({ provider, digest: this.#digest(elements) }));
    let granted: readonly NodeId[] | undefined;
    try {
      granted = tables.order({ period: order.period, account, deviceKey, parts });
    } catch (error) {
      if (!isDiskError(error)) throw error;
      return { result: "UNAVAILABLE" };
    }
    if (granted === undefined) return { result: "REFUSED" };
    const owner = { account, device: toHex(deviceKey) };
    this.#makeRoom(owner);
    this.#begin(key, { order, granted, owner });
    return { result: "OK", body: encodeOrderResult("pending") };
  }

  #read(bytes: Uint8Array): TokenOrder | undefined {
    const { network, clock } = this.#deps;
    const { perProvider } = network.parameters.tokens;
    if (perProvider === 0) return undefined;
    try {
      const order = decodeOrder(bytes, perProvider);
      const now = tokenPeriodAt(network, clock.now());
      return order.period === now || order.period === now + 1 ? order : undefined;
    } catch {
      return undefined;
    }
  }

  /** A device, or an account, that orders on and on loses its own orders, and takes no place of others. */
  #makeRoom({ device, account }: Owner): void {
    this.#keep(ORDERS_PER_DEVICE_MAX - 1, (owner) => owner.device === device);
    this.#keep(ORDERS_PER_ACCOUNT_MAX - 1, (owner) => owner.account === account);
  }

  /** The newest. */
  #keep(most: number, isOwn: (owner: Owner) => boolean): void {
    const own = [...this.#orders].flatMap(([key, { owner }]) => (isOwn(owner) ? [key] : []));
    for (const key of own.slice(0, Math.max(0, own.length - most))) this.#forget(key);
  }

  #begin(key: string, o: { order: TokenOrder; granted: readonly NodeId[]; owner: Owner }): void {
    const { granted, owner } = o;
    const { period, parts } = o.order;
    const { clock } = this.#deps;
    const cancel = clock.at(milliseconds(clock.now() + ORDER_KEPT_FOR), () => this.#forget(key));
    const order: Order = { owner, parts: parts.map(() => undefined), left: parts.length, cancel };
    this.#orders.set(key, order);
    parts.forEach((part, index) => {
      const settle = (batches: readonly SignedBatch[] | undefined): void => {
        order.parts[index] = batches;
        order.left--;
      };
      if (granted.some((provider) => isSame(provider, part.provider))) this.#carry(period, part, settle);
      else settle(undefined);
    });
  }

  /** Own keys are here; everybody else's are asked for. */
  #carry(
    period: number,
    { provider, elements }: OrderPart,
    settle: (batches: readonly SignedBatch[] | undefined) => void,
  ): void {
    const { nodeId, signer, courier } = this.#deps;
    const batches = inBatches(elements);
    if (isSame(provider, nodeId)) return signer.sign({ period, issuer: nodeId, batches }, settle);
    // They travel with other customers': one that is none would have all of them refused.
    if (!elements.every(isElement)) return settle(undefined);
    const signed: (SignedBatch | undefined)[] = [];
    let left = batches.length;
    batches.forEach((batch, index) =>
      courier.ask({ provider, period, elements: batch }, (answer) => {
        signed[index] = answer;
        if (--left === 0) settle(signed.every((one) => one !== undefined) ? signed : undefined);
      }),
    );
  }

  #digest(elements: readonly Uint8Array[]): Uint8Array {
    return this.#deps.suite.blake2b(concat(...elements));
  }

  #forget(key: string): void {
    this.#orders.get(key)?.cancel();
    this.#orders.delete(key);
  }
}

function inBatches(elements: readonly Uint8Array[]): Uint8Array[][] {
  let at = 0;
  return batchSizes(elements.length).map((size) => elements.slice(at, (at += size)));
}
