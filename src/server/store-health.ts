// Whether the store takes writes, as far as anybody has seen: for /readyz and status, without a write of its own.
import { accessSync, constants, statfsSync } from 'node:fs';
import type { Commit } from '../ground/change.ts';
import { isSealyardError } from '../ground/errors.ts';

const LEAST_FREE_BYTES = 16 * 1024 * 1024;

export interface StoreHealth {
  /** The same commit, watched. */
  readonly commit: Commit;
  isWritable(): boolean;
}

export function watchStore(commit: Commit, directory: string): StoreHealth {
  let failing = false;
  return {
    async commit(change) {
      try {
        const receipt = await commit(change);
        failing = false;
        return receipt;
      } catch (error) {
        if (isSealyardError(error, 'SY-STORE-UNAVAILABLE')) failing = true;
        throw error;
      }
    },
    // A yard that is not ready gets no work that could show that it recovered: the disk is asked instead.
    isWritable: () => hasRoom(directory) && (!failing || isDirectoryWritable(directory)),
  };
}

function hasRoom(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= LEAST_FREE_BYTES;
  } catch {
    return false;
  }
}

function isDirectoryWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
