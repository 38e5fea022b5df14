/** Between Uint8Arrays and the Buffers that node:crypto takes and gives, over the same memory. */

/** A Buffer over the same memory: a copy would stay in Node's pool, where nobody wipes it. */
export const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** A Uint8Array over the same memory: Buffers do not leave this folder. */
export const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
