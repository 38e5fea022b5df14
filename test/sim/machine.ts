/**
 * A machine with one thread: while it works, what is due waits. Lets a simulation see what an observer of a real computer
 * sees: work that a mail sets off delays whatever comes next.
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Kem, Suite } from "#transport/crypto/suite.ts";

export class MachineClock implements Clock {
  readonly #clock: Clock;
  #busyUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): Milliseconds {
    return milliseconds(Math.ceil(Math.max(this.#clock.now(), this.#busyUntil)));
  }

  at(time: Milliseconds, task: () => void): Cancel {
    let cancel = NOTHING;
    const arm = (due: Milliseconds): void => {
      cancel = this.#clock.at(due, () => {
        if (this.#busyUntil > this.#clock.now()) arm(milliseconds(this.#busyUntil));
        else task();
      });
    };
    arm(time);
    return () => cancel();
  }

  /** The thread is busy for so long, from now or from the end of what it is busy with. */
  work(duration: number): void {
    this.#busyUntil = Math.max(this.#clock.now(), this.#busyUntil) + duration;
  }
}

const NOTHING: Cancel = () => undefined;

/** Milliseconds that the portable suite needs for X-Wing on a slow machine. */
const KEM_COST = 2;
const BYTES_PER_MILLISECOND = 200_000;
/** Less than this is done within a microsecond or two, which no line is steady enough to show. */
const SMALL_BYTES = 1024;

/** The suite, with its work charged to a machine. */
export function costly(suite: Suite, machine: MachineClock): Suite {
  const bytes = (length: number): void => {
    if (length >= SMALL_BYTES) machine.work(length / BYTES_PER_MILLISECOND);
  };
  const kem = (inner: Kem): Kem => ({
    ...inner,
    generate: (random) => {
      machine.work(KEM_COST);
      return inner.generate(random);
    },
    open: (privateKey) => {
      const decapsulator = inner.open(privateKey);
      return {
        publicKey: decapsulator.publicKey,
        decapsulate: (ciphertext) => {
          machine.work(KEM_COST);
          return decapsulator.decapsulate(ciphertext);
        },
        destroy: () => decapsulator.destroy(),
      };
    },
    encapsulate: (publicKey, random) => {
      machine.work(KEM_COST);
      return inner.encapsulate(publicKey, random);
    },
  });
  return {
    ...suite,
    kem: kem(suite.kem),
    sealKem: kem(suite.sealKem),
    blake2b: (message, key) => {
      bytes(message.length);
      return suite.blake2b(message, key);
    },
    chacha20InPlace: (key, block) => {
      bytes(block.length);
      suite.chacha20InPlace(key, block);
    },
  };
}
