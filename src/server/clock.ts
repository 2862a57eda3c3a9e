// The real clock and random source; with the command line, the only readers of either.
import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../ground/ports.ts';

export const REAL_CLOCK: Clock = { now: () => new Date() };

export const REAL_RANDOM: Random = {
  bytes(size) {
    const { buffer, byteOffset, length } = randomBytes(size);
    return new Uint8Array(buffer, byteOffset, length);
  },
};
