// Which nonces of which process were used: a bit each, so that an hour of them fits into a few megabytes.

const CHUNK_BITS = 65_536;
/** 64 million nonces: an hour of 18,000 requests a second. */
const MAX_CHUNKS = 1024;

/**
 * Nonces are numbered by the process that made them, so a chunk is dense. Chunks that are beyond the bound are
 * forgotten oldest first; what was in them counts as used from then on.
 */
export class UsedNonces {
  readonly #chunks = new Map<string, Uint8Array>();
  /** For each process the first number that is not yet forgotten. */
  readonly #floors = new Map<string, number>();
  readonly #maxChunks: number;

  constructor(maxChunks = MAX_CHUNKS) {
    this.#maxChunks = maxChunks;
  }

  /** Marks a nonce as used; `false` where it was already. */
  use(process: string, number: number): boolean {
    if (number < (this.#floors.get(process) ?? 0)) return false;
    const chunk = this.#chunk(process, Math.floor(number / CHUNK_BITS));
    const bit = number % CHUNK_BITS;
    const at = bit >> 3;
    const mask = 1 << (bit & 7);
    const octet = chunk[at] ?? 0;
    if ((octet & mask) !== 0) return false;
    chunk[at] = octet | mask;
    return true;
  }

  #chunk(process: string, index: number): Uint8Array {
    const name = `${process} ${index}`;
    const known = this.#chunks.get(name);
    if (known !== undefined) return known;
    if (this.#chunks.size >= this.#maxChunks) this.#forgetOldest();
    const chunk = new Uint8Array(CHUNK_BITS / 8);
    this.#chunks.set(name, chunk);
    return chunk;
  }

  // A map keeps the order of insertion: the first chunk is that of the oldest use.
  #forgetOldest(): void {
    const [name] = this.#chunks.keys();
    if (name === undefined) return;
    this.#chunks.delete(name);
    const [process = '', index] = name.split(' ');
    const floor = (Number(index) + 1) * CHUNK_BITS;
    this.#floors.set(process, Math.max(floor, this.#floors.get(process) ?? 0));
    // One floor a process that made nonces within the hour; more are those of processes that are long gone.
    const [oldest] = this.#floors.keys();
    if (this.#floors.size > this.#maxChunks && oldest !== undefined) this.#floors.delete(oldest);
  }
}
