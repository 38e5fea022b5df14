/** Byte strings: joining, comparing, and one reader and one writer for every binary format in docs/spec. Big-endian. */

import { TransportError } from "./errors.ts";

/** Takes fixed and length-prefixed fields off a buffer. Every decoder ends with `end()`, so that one byte too many is an error. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A copy of the next `length` bytes. Throws MALFORMED when fewer are left. */
  take(length: number): Uint8Array {
    return new Uint8Array(this.view(length)); // not slice(): Node's Buffer answers that with a view
  }

  /** The next `length` bytes without copying: for callers that own the buffer. Throws MALFORMED when fewer are left. */
  view(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  /** An unsigned 64-bit integer that must fit a safe JavaScript integer. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#advance(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new TransportError("MALFORMED");
    return Number(value);
  }

  /** Bytes behind a 16-bit length of at most `max`. */
  bytes16(max: number): Uint8Array {
    const length = this.u16();
    if (length > max) throw new TransportError("MALFORMED");
    return this.take(length);
  }

  /** Bytes behind a 32-bit length of at most `max`. */
  bytes32(max: number): Uint8Array {
    const length = this.u32();
    if (length > max) throw new TransportError("MALFORMED");
    return this.take(length);
  }

  /** Well-formed UTF-8 behind a 16-bit length of at most `max` bytes. */
  text16(max: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes16(max));
    } catch {
      throw new TransportError("MALFORMED");
    }
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Throws MALFORMED when anything is left. */
  end(): void {
    if (this.remaining !== 0) throw new TransportError("MALFORMED");
  }

  #advance(length: number): number {
    if (length > this.remaining) throw new TransportError("MALFORMED");
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

/** Collects fields; `finish()` joins them. The counterpart of `Reader`. */
export class Writer {
  readonly #parts: Uint8Array[] = [];

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  u8(value: number): this {
    return this.#number(1, (view) => view.setUint8(0, value));
  }

  u16(value: number): this {
    return this.#number(2, (view) => view.setUint16(0, value));
  }

  u32(value: number): this {
    return this.#number(4, (view) => view.setUint32(0, value));
  }

  u64(value: number): this {
    return this.#number(8, (view) => view.setBigUint64(0, BigInt(value)));
  }

  bytes16(bytes: Uint8Array): this {
    if (bytes.length > 0xffff) throw new RangeError("field over 65,535 bytes");
    return this.u16(bytes.length).raw(bytes);
  }

  bytes32(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  text16(text: string): this {
    return this.bytes16(utf8(text));
  }

  finish(): Uint8Array {
    return concat(...this.#parts);
  }

  #number(length: number, write: (view: DataView) => void): this {
    const bytes = new Uint8Array(length);
    write(new DataView(bytes.buffer));
    this.#parts.push(bytes);
    return this;
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Equality in time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Lower-case hexadecimal: for map keys, logs of public values and vectors; never for secrets. */
export const toHex: (bytes: Uint8Array) => string =
  // A third of the time where there is Node: nodes name every packet's tag so.
  "Buffer" in globalThis
    ? (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")
    : (bytes) => portableHex(bytes);

/** What `toHex` is where there is no Buffer. */
export function portableHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX_PAIRS[byte];
  return text;
}

const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new TransportError("MALFORMED");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
