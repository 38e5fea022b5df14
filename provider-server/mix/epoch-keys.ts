/**
 * The mix keys of a node, one for each epoch, each with the tags of the packets it has opened: made ahead, published, used,
 * kept for the overlap, erased. Spec: docs/spec/06-mix.md §5
 */

import type { RandomSource } from "#transport/core/random.ts";
import { wipe } from "#transport/core/secret.ts";
import { type Epoch, REPLAY_TAG_BYTES, type ReplayTag, replayTag } from "#transport/core/units.ts";
import type { Decapsulator, Suite } from "#transport/crypto/suite.ts";
import type { MixKeys } from "#transport/sphinx/packet.ts";
import type { EpochLog, EpochStore } from "./epoch-store.ts";
import { ReplaySet } from "./replay-set.ts";

export class EpochKeys implements MixKeys {
  readonly #deps: EpochKeysDependencies;
  readonly #epochs = new Map<Epoch, EpochKey>();

  /** Takes over what survived of an earlier run. */
  constructor(deps: EpochKeysDependencies) {
    this.#deps = deps;
    for (const { epoch, privateKey, tags, log } of deps.store.load()) {
      const seen = this.#newReplaySet();
      for (let at = 0; at < tags.length; at += REPLAY_TAG_BYTES) {
        seen.add(replayTag(tags.subarray(at, at + REPLAY_TAG_BYTES)));
      }
      this.#epochs.set(epoch, { key: deps.suite.kem.open(privateKey), seen, log });
      deps.holder?.putKey(epoch, privateKey);
      wipe(privateKey);
    }
  }

  get(epoch: Epoch): Decapsulator | undefined {
    return this.#epochs.get(epoch)?.key;
  }

  /** The public key of an epoch; makes the key when there is none yet. */
  ensure(epoch: Epoch): Uint8Array {
    return (this.#epochs.get(epoch) ?? this.#generate(epoch)).key.publicKey;
  }

  /**
   * Remembers a packet. "added" means that no later run of this node accepts it again. "full" means that the key is gone,
   * early: a packet that cannot be remembered must not be accepted, nor any packet that might be it again.
   */
  record(epoch: Epoch, tag: ReplayTag): "added" | "seen" | "full" {
    const entry = this.#epochs.get(epoch);
    if (entry === undefined) return "full";
    const result = entry.seen.add(tag);
    if (result === "added" && !appended(entry.log, tag)) return this.#eraseFull(epoch);
    return result === "full" ? this.#eraseFull(epoch) : result;
  }

  /** Erases the keys and tags of all epochs before `epoch`. */
  eraseBefore(epoch: Epoch): void {
    for (const held of this.#epochs.keys()) if (held < epoch) this.#erase(held);
  }

  /** The epochs whose keys are held, in order. */
  epochs(): Epoch[] {
    return [...this.#epochs.keys()].toSorted((a, b) => a - b);
  }

  /** How many packets the key of an epoch has opened. */
  recorded(epoch: Epoch): number {
    return this.#epochs.get(epoch)?.seen.size ?? 0;
  }

  /** Lets go of the files; keys and tags stay in them for the next run. */
  close(): void {
    for (const { key, log } of this.#epochs.values()) {
      key.destroy();
      log.close();
    }
    this.#epochs.clear();
  }

  #generate(epoch: Epoch): EpochKey {
    const { suite, random, store } = this.#deps;
    const { privateKey } = suite.kem.generate(random);
    try {
      // First the file: where it cannot be written there is no key.
      const log = store.create(epoch, privateKey);
      const entry = { key: suite.kem.open(privateKey), seen: this.#newReplaySet(), log };
      this.#deps.holder?.putKey(epoch, privateKey);
      this.#epochs.set(epoch, entry);
      return entry;
    } finally {
      wipe(privateKey);
    }
  }

  #newReplaySet(): ReplaySet {
    return new ReplaySet({ capacity: this.#deps.replayCapacity, random: this.#deps.random });
  }

  #eraseFull(epoch: Epoch): "full" {
    this.#erase(epoch);
    this.#deps.onErasedEarly(epoch);
    return "full";
  }

  #erase(epoch: Epoch): void {
    const entry = this.#epochs.get(epoch);
    if (entry === undefined) return;
    this.#epochs.delete(epoch);
    this.#deps.holder?.eraseKey(epoch);
    entry.key.destroy();
    entry.log.erase();
  }
}

export interface EpochKeysDependencies {
  readonly suite: Suite;
  readonly random: RandomSource;
  readonly store: EpochStore;
  /** Tags that one epoch's set holds at most. */
  readonly replayCapacity: number;
  readonly onErasedEarly: (epoch: Epoch) => void;
  /** Who else needs the private keys: threads that unwrap. Gets a copy of each, and is told when it is to be gone. */
  readonly holder?: KeyHolder | undefined;
}

export interface KeyHolder {
  putKey(epoch: Epoch, privateKey: Uint8Array): void;
  eraseKey(epoch: Epoch): void;
}

interface EpochKey {
  readonly key: Decapsulator;
  readonly seen: ReplaySet;
  readonly log: EpochLog;
}

/** False when the memory-backed directory is full. */
function appended(log: EpochLog, tag: ReplayTag): boolean {
  try {
    log.append(tag);
    return true;
  } catch {
    return false;
  }
}
