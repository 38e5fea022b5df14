/** The one place where secrets are wiped. */

/** Lends a secret to `use` and wipes it on every way out. Synchronous on purpose: no await while it is in the clear. */
export function withSecret<T>(
  secret: Uint8Array,
  use: (secret: Uint8Array) => T extends Promise<unknown> ? never : T,
): T {
  try {
    return use(secret);
  } finally {
    wipe(secret);
  }
}

/**
 * Room for a secret outside the engine's heap. An array of up to 64 bytes would lie on it (V8), and every collection that moves
 * it leaves a copy behind which nobody can wipe.
 */
export const secretBytes = (length: number): Uint8Array => new Uint8Array(new ArrayBuffer(length));

/** Overwrites a secret that outlives one call, when its owner lets go of it. */
export function wipe(secret: Uint8Array): void {
  secret.fill(0);
}
