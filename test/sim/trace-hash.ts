/** Two 32-bit FNV lanes over what was seen on a line: enough to tell traces of one seed apart, whatever their length. */
export class TraceHash {
  #a = 0x811c9dc5;
  #b = 0x01000193;
  #count = 0;

  add(...values: readonly number[]): void {
    for (const value of values) {
      this.#a = Math.imul(this.#a ^ Math.trunc(value), 0x01000193);
      this.#b = Math.imul(this.#b ^ Math.trunc(value) ^ (this.#a >>> 15), 0x85ebca6b);
    }
    this.#count++;
  }

  get text(): string {
    return `${this.#count} frames, ${hex(this.#a)}${hex(this.#b)}`;
  }
}

const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0");
