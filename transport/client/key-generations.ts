/**
 * Which mailbox key is in force when, and how one follows from another: every device of an account makes the same keys, each
 * for itself, and none can go back. Spec: docs/spec/01-message.md §5
 */

import { utf8 } from "../core/bytes.ts";
import type { Parameters } from "../core/parameters.ts";
import { withSecret } from "../core/secret.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import { RECORD_UPLOADS_PER_LIFETIME } from "./limits.ts";

/** A key's lifetime has seven parts; its successor begins when two are left, so that no record runs out unreplaced. */
const PARTS_ALONE = RECORD_UPLOADS_PER_LIFETIME - 2;

/** One part of a key's lifetime, in whole milliseconds. */
export function partOf({ mailboxKeyLifetime }: Parameters): number {
  return Math.floor(mailboxKeyLifetime / RECORD_UPLOADS_PER_LIFETIME);
}

export function generationAt(parameters: Parameters, time: Milliseconds): number {
  return Math.floor(time / (PARTS_ALONE * partOf(parameters)));
}

/** A message queued at the last moment is sealed to its key until its deadline, and may lie in the mailbox as long again. */
export function periodOf(
  parameters: Parameters,
  generation: number,
): { validFrom: Milliseconds; validUntil: Milliseconds; eraseAt: Milliseconds } {
  const part = partOf(parameters);
  const validFrom = generation * PARTS_ALONE * part;
  const validUntil = validFrom + RECORD_UPLOADS_PER_LIFETIME * part;
  return {
    validFrom: milliseconds(validFrom),
    validUntil: milliseconds(validUntil),
    eraseAt: milliseconds(validUntil + 2 * parameters.retention),
  };
}

/** The private key of one generation, and the secret of the next; wipes the secret it is given. Each 32 bytes. */
export function stepRatchet(suite: Primitives, secret: Uint8Array): { seed: Uint8Array; next: Uint8Array } {
  return withSecret(secret, (bytes) => {
    const derive = (label: string): Uint8Array =>
      suite.hkdf({ secret: bytes, salt: new Uint8Array(0), info: utf8(label), length: 32 });
    return { seed: derive("starling/mailbox-key/v1"), next: derive("starling/mailbox-next/v1") };
  });
}
