/** Which body of a message to the other thread changes hands: copying a large one would hold a thread up while ticks are due. */

/** The body in `said`, if there is a large one. Whoever sends it cannot read it any more: it must be theirs alone. */
export function buffersToHandOver(said: object): ArrayBuffer[] {
  const found: ArrayBuffer[] = [];
  collect(said, found);
  return found;
}

function collect(value: unknown, found: ArrayBuffer[]): void {
  if (typeof value !== "object" || value === null) return;
  if (!ArrayBuffer.isView(value)) for (const part of Object.values(value)) collect(part, found);
  else if (value.buffer instanceof ArrayBuffer && value.byteLength >= BYTES_MIN) found.push(value.buffer);
}

/** Larger than a key in a record that is kept, and than the pool in which Node puts small buffers side by side. */
const BYTES_MIN = 4 * Buffer.poolSize;
