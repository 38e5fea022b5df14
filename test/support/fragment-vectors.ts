/** Builds the fragment vectors of test/vectors from seeds, with the portable implementation (docs/spec/02-fragment.md §6). */

import { toHex } from "#transport/core/bytes.ts";
import { messageId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeFragment, type FragmentKind } from "#transport/fragment/fragment.ts";
import { fragmentHash, seal } from "#transport/fragment/seal.ts";
import { split } from "#transport/fragment/split.ts";
import { geometryForPayload } from "#transport/sphinx/geometry.ts";
import { SeededRandom } from "./seeded-random.ts";

export interface FragmentVectors {
  readonly provenance: string;
  readonly payloadBytes: number;
  readonly step: number;
  readonly mailbox: { readonly privateKey: string; readonly publicKey: string };
  readonly messages: readonly MessageVector[];
}

export interface MessageVector {
  readonly seed: string;
  readonly kind: FragmentKind;
  readonly messageId: string;
  readonly body: string;
  readonly fragments: readonly { readonly plaintext: string; readonly sealed: string; readonly hash: string }[];
}

/** 424 bytes of plaintext, 395 of them message: small, so that the file is. */
const PAYLOAD_BYTES = 1624;
const STEP = 2;
const MESSAGES: readonly { kind: FragmentKind; bytes: number }[] = [
  { kind: "message", bytes: 0 },
  { kind: "receipt", bytes: 363 },
  { kind: "message", bytes: 364 },
  { kind: "loop", bytes: 1000 },
];

export async function fragmentVectors(): Promise<FragmentVectors> {
  const suite = await loadSuite("xwing", "portable");
  const geometry = geometryForPayload({ suite: "xwing", payloadBytes: PAYLOAD_BYTES });
  const mailbox = suite.sealKem.generate(new SeededRandom("vectors mailbox"));
  return {
    provenance:
      "Made by `node test/support/generate-vectors.ts` from the seeds in this file; test/support/fragment-vectors.ts.",
    payloadBytes: PAYLOAD_BYTES,
    step: STEP,
    mailbox: { privateKey: toHex(mailbox.privateKey), publicKey: toHex(mailbox.publicKey) },
    messages: MESSAGES.map(({ kind, bytes }) => {
      const seed = `vectors ${kind} of ${bytes}`;
      const input = new SeededRandom(`${seed} input`);
      const random = new SeededRandom(seed);
      const id = messageId(input.bytes(16));
      const body = input.bytes(bytes);
      const fragments = split({ suite, geometry, step: STEP, kind, messageId: id, body }).map((fragment) => {
        const plaintext = encodeFragment(geometry, fragment, random);
        const sealed = seal({ suite, geometry, mailboxKey: mailbox.publicKey, plaintext, random });
        return { plaintext: toHex(plaintext), sealed: toHex(sealed), hash: toHex(fragmentHash(suite, sealed)) };
      });
      return { seed, kind, messageId: toHex(id), body: toHex(body), fragments };
    }),
  };
}
