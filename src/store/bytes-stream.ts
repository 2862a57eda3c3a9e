// A growing byte string and a reader over it: what crosses the thread boundary goes in one buffer, transferred.
import { Buffer } from 'node:buffer';

/** Writes numbers, texts and bytes one behind the other. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = Buffer.from(new ArrayBuffer(capacity));
  }

  get length(): number {
    return this.#length;
  }

  octet(value: number): void {
    this.#reserve(1);
    this.#length = this.#bytes.writeUInt8(value, this.#length);
  }

  count(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  number(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    // UTF-8 takes at most three octets per UTF-16 code unit.
    this.#reserve(4 + value.length * 3);
    const written = this.#bytes.write(value, this.#length + 4, 'utf8');
    this.#length = this.#bytes.writeUInt32LE(written, this.#length) + written;
  }

  bytes(value: Uint8Array): void {
    this.count(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** The octets written, in a buffer of their own that may be transferred; the writer is not used afterwards. */
  finish(): ArrayBuffer {
    const { buffer } = this.#bytes;
    if (!(buffer instanceof ArrayBuffer)) throw new TypeError('the buffer is shared');
    return buffer.byteLength === this.#length ? buffer : buffer.transfer(this.#length);
  }

  /** Takes back what was written since `length` octets. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.from(new ArrayBuffer(Math.max(needed, this.#bytes.length * 2)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Reads what a `ByteWriter` wrote; byte strings are views, not copies. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: ArrayBuffer) {
    this.#bytes = Buffer.from(bytes);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  octet(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  count(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  number(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  text(): string {
    const length = this.count();
    const start = this.#advance(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  bytes(): Uint8Array {
    return this.raw(this.count());
  }

  raw(length: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#advance(length), length);
  }

  #advance(size: number): number {
    const start = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length) throw new RangeError('the message ends early');
    return start;
  }
}
