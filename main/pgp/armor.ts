/** ASCII armour, which other programs put around ciphertext (RFC 9580 §6). */

import { unarmor } from "openpgp";

/** The bytes inside, or undefined when the text is no armoured OpenPGP message. */
export async function unarmoredMessage(text: string): Promise<Uint8Array | undefined> {
  if (!text.trimStart().startsWith("-----BEGIN PGP MESSAGE-----")) return undefined;
  try {
    const { data } = await unarmor(text);
    return data as Uint8Array;
  } catch {
    return undefined;
  }
}
