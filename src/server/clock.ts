// The real clock and random source; with the command line, the only readers of either.
import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../ground/ports.ts';

export const REAL_CLOCK: Clock = { now: () => new Date() };

/** Asking the generator costs microseconds whatever the size: one request serves many serial numbers. */
const POOL_BYTES = 4096;
let pool = new Uint8Array(0);

export const REAL_RANDOM: Random = {
  bytes(size) {
    if (size > POOL_BYTES) return new Uint8Array(randomBytes(size));
    if (size > pool.length) pool = new Uint8Array(randomBytes(POOL_BYTES));
    // A copy, and wiped behind it: what was given out is nowhere else.
    const taken = pool.slice(0, size);
    pool.fill(0, 0, size);
    pool = pool.subarray(size);
    return taken;
  },
};
