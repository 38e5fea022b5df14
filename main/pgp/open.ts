/**
 * Decrypts and verifies in one step. Nothing comes out before the whole ciphertext is authenticated (RFC 9580 §5.13), and a
 * signature counts only for the very bytes that are returned. Spec: docs/spec/12-mail.md
 */

import { type DecryptMessageResult, decrypt, type Message, type PrivateKey, readMessage } from "openpgp";
import { dateAt } from "../date.ts";
import type { Certificate } from "./certificate.ts";
import { PGP } from "./config.ts";

type VerificationResult = DecryptMessageResult["signatures"][number];

/** `unknown-key`: signed, but not by any certificate that was given. */
export type SignatureState = "valid" | "none" | "invalid" | "unknown-key";

export interface Opened {
  readonly payload: Uint8Array;
  readonly signature: SignatureState;
  /** Lower-case hexadecimal fingerprint of the certificate whose signature is valid. */
  readonly signedBy: string | undefined;
}

/** Undefined when the ciphertext is not for us, was changed, or is too large: one outcome, whatever the cause. */
export async function decryptAndVerify(o: {
  ciphertext: Uint8Array;
  reader: PrivateKey;
  senders: readonly Certificate[];
  now: number;
}): Promise<Opened | undefined> {
  try {
    const message: Message<Uint8Array> = await readMessage({ binaryMessage: o.ciphertext, config: PGP });
    const { data, signatures } = await decrypt({
      message,
      decryptionKeys: [o.reader],
      verificationKeys: o.senders.map((sender) => sender.key),
      format: "binary",
      // Without a time: a signature would be broken for ever because the reader's clock was an hour behind when it came.
      date: null as unknown as Date,
      config: PGP,
    });
    return { payload: data as Uint8Array, ...(await judge(signatures, o)) };
  } catch {
    return undefined;
  }
}

/** One valid signature by a sender's certificate is enough; one broken by a sender's own key is `invalid`. */
async function judge(
  signatures: readonly VerificationResult[],
  { senders, now }: { senders: readonly Certificate[]; now: number },
): Promise<Pick<Opened, "signature" | "signedBy">> {
  let state: SignatureState = signatures.length === 0 ? "none" : "unknown-key";
  for (const signature of signatures) {
    const sender = senders.find(({ key }) => key.getKeys(signature.keyID).length > 0);
    try {
      await signature.verified;
      if (await hasRunOut(signature, now)) throw new RangeError("its maker let it run out");
      if (sender !== undefined) return { signature: "valid", signedBy: sender.fingerprint };
    } catch {
      if (sender !== undefined) state = "invalid";
    }
  }
  return { signature: state, signedBy: undefined };
}

/** RFC 9580 §5.2.3.18. By the reader's clock, but not before it was made. */
async function hasRunOut({ signature }: VerificationResult, now: number): Promise<boolean> {
  const { packets } = await signature;
  return packets.some((packet) => packet.isExpired(dateAt(Math.max(now, packet.created?.getTime() ?? now))));
}
