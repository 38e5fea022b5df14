/** The SQL of tokens: what was asked for, what was signed, what was spent. Spec: docs/spec/13-tokens.md §6 */

import type { StatementSync } from "node:sqlite";
import { equalBytes } from "#transport/core/bytes.ts";
import type { NodeId } from "#transport/core/units.ts";
import type { ProviderDatabase } from "../database/database.ts";
import { DEVICES_PER_PERIOD_MAX, ORDER_ATTEMPTS_MAX, SIGNED_PER_ISSUER_MAX } from "./limits.ts";

/** One provider's part of a device's order. */
export interface OrderedPart {
  readonly provider: NodeId;
  /** 32 bytes over its elements: asking twice for the same is asking once. */
  readonly digest: Uint8Array;
}

export class TokenTables {
  readonly #database: ProviderDatabase;
  readonly #sql: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  constructor(database: ProviderDatabase) {
    this.#database = database;
    this.#sql = database.prepareAll(STATEMENTS);
  }

  /**
   * Notes an order within its account's budget: of which providers it may be carried out, all but those that were asked often
   * enough. Undefined when it is past the budget. On the disk before this returns.
   */
  order(o: {
    period: number;
    account: number;
    deviceKey: Uint8Array;
    parts: readonly OrderedPart[];
  }): readonly NodeId[] | undefined {
    try {
      return this.#database.transaction(() => this.#order(o));
    } catch (error) {
      if (error instanceof PastBudget) return undefined;
      throw error;
    }
  }

  #order(o: { period: number; account: number; deviceKey: Uint8Array; parts: readonly OrderedPart[] }): NodeId[] {
    const { period, account, deviceKey, parts } = o;
    const others = Number(this.#sql.otherDevices.get(period, account, deviceKey)?.["count"]);
    if (others >= DEVICES_PER_PERIOD_MAX) throw new PastBudget();
    const granted: NodeId[] = [];
    for (const { provider, digest } of parts) {
      const known = this.#sql.ordered.get(period, deviceKey, provider);
      if (known === undefined) {
        this.#sql.addOrder.run(period, deviceKey, provider, account, digest);
      } else {
        if (!equalBytes(known["digest"] as Uint8Array, digest)) throw new PastBudget();
        if (Number(known["attempts"]) >= ORDER_ATTEMPTS_MAX) continue;
        this.#sql.orderAgain.run(period, deviceKey, provider);
      }
      granted.push(provider);
    }
    // One that never answers must not cost the others.
    if (parts.length > 0 && granted.length === 0) throw new PastBudget();
    return granted;
  }

  /** Notes that so many tokens are signed for an issuer; false when that is more than one may have. */
  sign(o: { period: number; issuer: NodeId; count: number }): boolean {
    return this.#database.transaction(() => {
      const signed = Number(this.#sql.signed.get(o.period, o.issuer)?.["count"] ?? 0);
      if (signed + o.count > SIGNED_PER_ISSUER_MAX) return false;
      this.#sql.setSigned.run(o.period, o.issuer, signed + o.count);
      return true;
    });
  }

  isSpent(period: number, nonce: Uint8Array): boolean {
    return this.#sql.spent.get(period, mark(nonce)) !== undefined;
  }

  /** False when it was spent before. On the disk before this returns. */
  spend(period: number, nonce: Uint8Array): boolean {
    return Number(this.#sql.spend.run(period, mark(nonce)).changes) > 0;
  }

  /** Periods before this one are over: nothing of them is accepted any more. */
  forgetBefore(period: number): void {
    this.#database.transaction(() => {
      for (const sql of [this.#sql.forgetOrders, this.#sql.forgetSigned, this.#sql.forgetSpent]) sql.run(period);
    });
  }
}

/** Rolls an order back whole. */
class PastBudget extends Error {}

/** Half of a nonce tells tokens apart as well as all of it. */
const mark = (nonce: Uint8Array): Uint8Array => nonce.subarray(0, 16);

const STATEMENTS = {
  otherDevices:
    "SELECT COUNT(DISTINCT device_key) AS count FROM token_orders WHERE period = ? AND mailbox = ? AND device_key <> ?",
  ordered: "SELECT digest, attempts FROM token_orders WHERE period = ? AND device_key = ? AND provider = ?",
  addOrder:
    "INSERT INTO token_orders (period, device_key, provider, mailbox, digest, attempts) VALUES (?, ?, ?, ?, ?, 1)",
  orderAgain: "UPDATE token_orders SET attempts = attempts + 1 WHERE period = ? AND device_key = ? AND provider = ?",
  signed: "SELECT count FROM tokens_signed WHERE period = ? AND issuer = ?",
  setSigned:
    "INSERT INTO tokens_signed (period, issuer, count) VALUES (?, ?, ?) ON CONFLICT (period, issuer) DO UPDATE SET count = excluded.count",
  spent: "SELECT 1 FROM tokens_spent WHERE period = ? AND nonce = ?",
  spend: "INSERT INTO tokens_spent (period, nonce) VALUES (?, ?) ON CONFLICT DO NOTHING",
  forgetOrders: "DELETE FROM token_orders WHERE period < ?",
  forgetSigned: "DELETE FROM tokens_signed WHERE period < ?",
  forgetSpent: "DELETE FROM tokens_spent WHERE period < ?",
};
