/**
 * Which buffers of a message to another thread change hands. What is not handed over is copied while the sender waits, and
 * the sender may be the thread whose ticks must not shift (docs/spec/04-traffic.md §6).
 */

/** Every buffer in `value` worth it, each once. Who sent them cannot read them any more. */
export function largeBuffersIn(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  collect(value, found);
  return [...found];
}

function collect(value: unknown, found: Set<ArrayBuffer>): void {
  if (typeof value !== "object" || value === null) return;
  if (ArrayBuffer.isView(value)) {
    const { buffer } = value;
    if (buffer instanceof ArrayBuffer && isWorthIt(value, buffer)) found.add(buffer);
  } else if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (value instanceof Map) for (const item of value.values()) collect(item, found);
  else for (const item of Object.values(value)) collect(item, found);
}

/** Never the pool in which Node puts small buffers side by side: handing it over would take a buffer's neighbours along. */
function isWorthIt(view: ArrayBufferView, buffer: ArrayBuffer): boolean {
  const isWhole = view.byteLength === buffer.byteLength;
  return buffer.byteLength >= (isWhole ? WHOLE_BYTES_MIN : SHARED_BYTES_MIN);
}

/** Below this a copy costs less than handing over. */
const WHOLE_BYTES_MIN = 16 * 1024;
/** Larger than any pool (`Buffer.poolSize`). */
const SHARED_BYTES_MIN = 4 * Buffer.poolSize;
