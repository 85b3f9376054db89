/**
 * Texts by text, without an object for each: some ten bytes beside the texts themselves, where a `Map`
 * takes a hundred. A key keeps its first value.
 */
export class TextMap {
  /** Keys and values one after the other, as UTF-8. */
  #bytes = Buffer.allocUnsafeSlow(1 << 16);
  #end = 0;
  /** Of entry n: at 2n where its key begins, at 2n + 1 where its value does; the next entry ends it. */
  #starts = new Int32Array(1 << 12);
  #entries = 0;
  /** Open addressing by the key's hash: number of the entry plus 1, 0 is free. At most half are taken. */
  #slots = new Int32Array(1 << 12);

  get size(): number {
    return this.#entries;
  }

  /** Memory that it takes. */
  get sizeBytes(): number {
    return this.#bytes.length + this.#starts.byteLength + this.#slots.byteLength;
  }

  get(key: string): string | undefined {
    this.#reserve(key.length * 3);
    // Behind the last entry there is room to lay the key in the form in which it is compared.
    const length = this.#bytes.write(key, this.#end);
    const entry = (this.#slots[this.#slotOf(this.#end, length)] ?? 0) - 1;
    if (entry < 0) return undefined;
    return this.#bytes.toString("utf8", this.#starts[2 * entry + 1], this.#starts[2 * entry + 2]);
  }

  /** Gives the value that the key has already, and undefined when this is its first. */
  add(key: string, value: string): string | undefined {
    const known = this.get(key);
    if (known !== undefined) return known;
    this.#reserve((key.length + value.length) * 3);
    if (2 * this.#entries + 2 >= this.#starts.length) this.#starts = grown(this.#starts);
    if (2 * this.#entries >= this.#slots.length) this.#rehash();
    const length = this.#bytes.write(key, this.#end);
    this.#slots[this.#slotOf(this.#end, length)] = this.#entries + 1;
    const valueStart = this.#end + length;
    this.#starts[2 * this.#entries] = this.#end;
    this.#starts[2 * this.#entries + 1] = valueStart;
    this.#end = valueStart + this.#bytes.write(value, valueStart);
    this.#entries++;
    this.#starts[2 * this.#entries] = this.#end;
    return undefined;
  }

  /** The slot of the key in these bytes, or the free one where it belongs. */
  #slotOf(start: number, length: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(this.#bytes, start, length) & mask;
    for (;;) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry < 0 || this.#isKey(entry, start, length)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isKey(entry: number, start: number, length: number): boolean {
    const from = this.#starts[2 * entry] ?? 0;
    const to = this.#starts[2 * entry + 1] ?? 0;
    return (
      to - from === length &&
      this.#bytes.compare(this.#bytes, from, to, start, start + length) === 0
    );
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let entry = 0; entry < this.#entries; entry++) {
      const start = this.#starts[2 * entry] ?? 0;
      const length = (this.#starts[2 * entry + 1] ?? 0) - start;
      this.#slots[this.#slotOf(start, length)] = entry + 1;
    }
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#end + bytes, this.#bytes.length * 1.5));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

const grown = (numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
};

/** FNV-1a, its upper bits folded in: numbers in a row differ only in their last digits. */
const hash = (bytes: Buffer, start: number, length: number): number => {
  let value = 0x811c9dc5;
  for (let index = start; index < start + length; index++) {
    value = Math.imul(value ^ (bytes[index] ?? 0), 0x01000193);
  }
  return (value ^ (value >>> 15)) >>> 0;
};
