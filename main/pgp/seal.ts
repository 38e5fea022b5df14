/**
 * Signs and encrypts in one layer, for one reader, in binary. The key ids are left out (wildcard), so that the ciphertext
 * does not say whose it is. Spec: RFC 9580 §5.1, §10.3; docs/spec/12-mail.md
 */

import { createMessage, encrypt, type PrivateKey } from "openpgp";
import { dateAt } from "../date.ts";
import { MainError } from "../error.ts";
import type { Certificate } from "./certificate.ts";
import { PGP } from "./config.ts";

/** Throws KEY_EXPIRED or NOT_PRIVATE instead of ever returning something less than encrypted. */
export async function signAndEncrypt(o: {
  payload: Uint8Array;
  signer: PrivateKey;
  reader: Certificate;
  now: number;
}): Promise<Uint8Array> {
  if (o.reader.usability === "expired") throw new MainError("KEY_EXPIRED");
  if (o.reader.usability !== "usable") throw new MainError("NOT_PRIVATE");
  const date = dateAt(o.now);
  try {
    return await encrypt({
      message: await createMessage({ binary: o.payload, date }),
      encryptionKeys: [o.reader.key],
      signingKeys: [o.signer],
      wildcard: true,
      format: "binary",
      date,
      config: PGP,
    });
  } catch (cause) {
    throw new MainError("NOT_PRIVATE", { cause });
  }
}
