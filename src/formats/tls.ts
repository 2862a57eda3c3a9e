// The TLS presentation language (RFC 8446 §3): big-endian numbers and vectors with a length before them.
import { concat } from '../ground/bytes.ts';
import type { SealyardError } from '../ground/errors.ts';

/** Reads from the front. What does not fit is the caller's own error, made by `malformed`. */
export class TlsReader {
  readonly #bytes: Uint8Array;
  readonly #malformed: (detail: string) => SealyardError;
  #offset = 0;

  constructor(bytes: Uint8Array, malformed: (detail: string) => SealyardError) {
    this.#bytes = bytes;
    this.#malformed = malformed;
  }

  /** How many octets were read. */
  get offset(): number {
    return this.#offset;
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** A view, not a copy. */
  take(size: number): Uint8Array {
    const end = this.#offset + size;
    if (end > this.#bytes.length) throw this.#malformed('it ends early');
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }

  number(size: number): number {
    const value = this.take(size).reduce((sum, octet) => sum * 256 + octet, 0);
    if (!Number.isSafeInteger(value)) throw this.#malformed('a number out of range');
    return value;
  }

  vector(lengthSize: number): Uint8Array {
    return this.take(this.number(lengthSize));
  }

  end(): void {
    if (!this.done) throw this.#malformed('trailing bytes');
  }
}

/** @throws TypeError for a number that `size` octets cannot hold */
export function tlsNumber(value: number, size: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * size))
    throw new TypeError('out of range');
  const out = new Uint8Array(size);
  for (let i = size - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) out[i] = rest % 256;
  return out;
}

export function tlsVector(bytes: Uint8Array, lengthSize: number): Uint8Array {
  return concat(tlsNumber(bytes.length, lengthSize), bytes);
}
