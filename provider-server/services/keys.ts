/** Looks up the mailbox record of an address, without knowing who asks. Spec: docs/spec/07-mailbox.md §7.2 */

import { Reader, Writer } from "#transport/core/bytes.ts";
import { ADDRESS_BYTES_MAX } from "#transport/link/control-limits.ts";
import type { Service } from "./service.ts";

/** Unknown names are answered too; replies are padded to one size, so both look alike to everybody but the asker. */
export function keysService(records: { record(address: string): Uint8Array | undefined }): Service {
  return {
    name: "keys",
    answer(request) {
      const address = decode(request);
      if (address === undefined) return undefined;
      const record = records.record(address);
      return record === undefined ? new Writer().u8(0).finish() : new Writer().u8(1).bytes32(record).finish();
    },
  };
}

function decode(request: Uint8Array): string | undefined {
  try {
    const reader = new Reader(request);
    const address = reader.text16(ADDRESS_BYTES_MAX);
    reader.end();
    return address;
  } catch {
    return undefined;
  }
}
