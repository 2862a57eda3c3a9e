// The entries of one shard as the DER that goes into its CRL: appended in place, found and dropped in one pass.
import { encodeSerial } from '../formats/x509/build.ts';
import { encodeRevokedEntry } from '../formats/x509/crl.ts';
import type { Serial } from '../ground/ids.ts';
import type { RevocationRecord } from './record.ts';

/** Two octets of header: an entry is shorter than 128 octets. */
const HEADER = 2;

export function entryOf(record: RevocationRecord): Uint8Array {
  return encodeRevokedEntry({
    serial: record.serial,
    revokedAt: new Date(record.revokedMs),
    reason: record.reason,
    invalidityDate: record.invalidityMs === undefined ? undefined : new Date(record.invalidityMs),
  });
}

/**
 * A million entries as objects would be several hundred megabytes; as bytes they are sixty, and the list is signed over
 * them as they lie. Owned by one shard.
 */
export class EntryBuffer {
  #bytes = new Uint8Array(256);
  #used = 0;
  #ends = new Uint32Array(4);
  #until = new Float64Array(4);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** A view that the next change spoils. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  append(record: RevocationRecord): void {
    const entry = entryOf(record);
    this.#bytes = grown(this.#bytes, this.#used + entry.length, (size) => new Uint8Array(size));
    this.#ends = grown(this.#ends, this.#count + 1, (size) => new Uint32Array(size));
    this.#until = grown(this.#until, this.#count + 1, (size) => new Float64Array(size));
    this.#bytes.set(entry, this.#used);
    this.#used += entry.length;
    this.#ends[this.#count] = this.#used;
    this.#until[this.#count] = record.retainedUntilMs;
    this.#count++;
  }

  /** Takes the entry of this serial out, where there is one. */
  remove(serial: Serial): void {
    const wanted = encodeSerial(serial);
    this.#keep((_, start) => !this.#hasSerial(start, wanted));
  }

  /** Takes out what needed to stay until before this time. */
  expire(beforeMs: number): void {
    for (let i = 0; i < this.#count; i++)
      if ((this.#until[i] ?? 0) < beforeMs) {
        this.#keep((k) => (this.#until[k] ?? 0) >= beforeMs);
        return;
      }
  }

  #hasSerial(start: number, wanted: Uint8Array): boolean {
    for (let k = 0; k < wanted.length; k++) if (this.#bytes[start + HEADER + k] !== wanted[k]) return false;
    return true;
  }

  #keep(stays: (i: number, start: number) => boolean): void {
    let used = 0;
    let count = 0;
    let start = 0;
    for (let i = 0; i < this.#count; i++) {
      const end = this.#ends[i] ?? start;
      if (stays(i, start)) {
        this.#bytes.copyWithin(used, start, end);
        used += end - start;
        this.#ends[count] = used;
        this.#until[count] = this.#until[i] ?? 0;
        count++;
      }
      start = end;
    }
    this.#used = used;
    this.#count = count;
  }
}

/** Twice as large where it no longer fits, with what was in it. */
function grown<T extends Uint8Array | Uint32Array | Float64Array>(
  from: T,
  least: number,
  make: (size: number) => T,
): T {
  if (least <= from.length) return from;
  const larger = make(Math.max(least, 2 * from.length));
  larger.set(from);
  return larger;
}
