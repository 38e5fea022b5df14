/** Ids of the contract: UUIDs of version 4 (RFC 9562 §5.4), as text outside and 16 bytes in the database. */

import { fromHex, type RandomSource, toHex } from "#transport";

export function newId(random: RandomSource): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return idText(bytes);
}

export const idBytes = (id: string): Uint8Array => fromHex(id.replaceAll("-", "").toLowerCase());

export const idText = (bytes: Uint8Array): string =>
  toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
