// The clock and the random source as values, so that the pure rooms read neither.

/** The wall clock. Only `server/` and `cli/` build the real one. */
export interface Clock {
  /** The present time; never cached by the clock. */
  now(): Date;
}

/** A cryptographically strong random source. */
export interface Random {
  /** `size` fresh random bytes. */
  bytes(size: number): Uint8Array;
}
