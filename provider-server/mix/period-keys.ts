/**
 * The mix keys of a node, one for each period, each with the tags of the packets it has opened: made ahead, published, used,
 * kept for the overlap, erased. Spec: docs/spec/06-mix.md §5
 */

import type { RandomSource } from "#transport/core/random.ts";
import { wipe } from "#transport/core/secret.ts";
import { type KeyPeriod, REPLAY_TAG_BYTES, type ReplayTag, replayTag } from "#transport/core/units.ts";
import type { Decapsulator, Suite } from "#transport/crypto/suite.ts";
import type { MixKeys } from "#transport/sphinx/packet.ts";
import type { PeriodLog, PeriodStore } from "./period-store.ts";
import { ReplaySet } from "./replay-set.ts";

export class PeriodKeys implements MixKeys {
  readonly #deps: PeriodKeysDependencies;
  readonly #periods = new Map<KeyPeriod, PeriodKey>();

  /** Takes over what survived of an earlier run. */
  constructor(deps: PeriodKeysDependencies) {
    this.#deps = deps;
    for (const { period, privateKey, tags, log } of deps.store.load()) {
      const seen = this.#newReplaySet();
      for (let at = 0; at < tags.length; at += REPLAY_TAG_BYTES) {
        seen.add(replayTag(tags.subarray(at, at + REPLAY_TAG_BYTES)));
      }
      this.#periods.set(period, { key: deps.suite.kem.open(privateKey), seen, log });
      deps.holder?.putKey(period, privateKey);
      wipe(privateKey);
    }
  }

  get(period: KeyPeriod): Decapsulator | undefined {
    return this.#periods.get(period)?.key;
  }

  /** The public key of a period; makes the key when there is none yet. */
  ensure(period: KeyPeriod): Uint8Array {
    return (this.#periods.get(period) ?? this.#generate(period)).key.publicKey;
  }

  /**
   * Remembers a packet. "added" means that no later run of this node accepts it again. "full" means that the key is gone,
   * early: a packet that cannot be remembered must not be accepted, nor any packet that might be it again.
   */
  record(period: KeyPeriod, tag: ReplayTag): "added" | "seen" | "full" {
    const entry = this.#periods.get(period);
    if (entry === undefined) return "full";
    const result = entry.seen.add(tag);
    if (result === "added" && !appended(entry.log, tag)) return this.#eraseFull(period);
    return result === "full" ? this.#eraseFull(period) : result;
  }

  /** Erases the keys and tags of all periods before `period`. */
  eraseBefore(period: KeyPeriod): void {
    for (const held of this.#periods.keys()) if (held < period) this.#erase(held);
  }

  /** The periods whose keys are held, in order. */
  periods(): KeyPeriod[] {
    return [...this.#periods.keys()].toSorted((a, b) => a - b);
  }

  /** How many packets the key of a period has opened. */
  recorded(period: KeyPeriod): number {
    return this.#periods.get(period)?.seen.size ?? 0;
  }

  /** Lets go of the files; keys and tags stay in them for the next run. */
  close(): void {
    for (const { key, log } of this.#periods.values()) {
      key.destroy();
      log.close();
    }
    this.#periods.clear();
  }

  #generate(period: KeyPeriod): PeriodKey {
    const { suite, random, store } = this.#deps;
    const { privateKey } = suite.kem.generate(random);
    try {
      // First the file: where it cannot be written there is no key.
      const log = store.create(period, privateKey);
      const entry = { key: suite.kem.open(privateKey), seen: this.#newReplaySet(), log };
      this.#deps.holder?.putKey(period, privateKey);
      this.#periods.set(period, entry);
      return entry;
    } finally {
      wipe(privateKey);
    }
  }

  #newReplaySet(): ReplaySet {
    return new ReplaySet({ capacity: this.#deps.replayCapacity, random: this.#deps.random });
  }

  #eraseFull(period: KeyPeriod): "full" {
    this.#erase(period);
    this.#deps.onErasedEarly(period);
    return "full";
  }

  #erase(period: KeyPeriod): void {
    const entry = this.#periods.get(period);
    if (entry === undefined) return;
    this.#periods.delete(period);
    this.#deps.holder?.eraseKey(period);
    entry.key.destroy();
    entry.log.erase();
  }
}

export interface PeriodKeysDependencies {
  readonly suite: Suite;
  readonly random: RandomSource;
  readonly store: PeriodStore;
  /** Tags that one period's set holds at most. */
  readonly replayCapacity: number;
  readonly onErasedEarly: (period: KeyPeriod) => void;
  /** Who else needs the private keys: threads that unwrap. Gets a copy of each, and is told when it is to be gone. */
  readonly holder?: KeyHolder | undefined;
}

export interface KeyHolder {
  putKey(period: KeyPeriod, privateKey: Uint8Array): void;
  eraseKey(period: KeyPeriod): void;
}

interface PeriodKey {
  readonly key: Decapsulator;
  readonly seen: ReplaySet;
  readonly log: PeriodLog;
}

/** False when the memory-backed directory is full. */
function appended(log: PeriodLog, tag: ReplayTag): boolean {
  try {
    log.append(tag);
    return true;
  } catch {
    return false;
  }
}
