// Error codes of the room `store`.
import type { ErrorTable } from './shape.ts';

export const STORE_CODES = {
  'SY-STORE-CONFLICT': {
    kind: 'conflict',
    sentence: 'the record is not as the change expects it',
    cause: 'another change came first, or a record with this key exists',
    next: 'read the record again and decide anew',
  },
  'SY-STORE-UNAVAILABLE': {
    kind: 'unavailable',
    sentence: 'the store cannot write now',
    cause: 'the disk is full, the directory is read-only, or the device fails',
    next: 'free space or make the data directory writable; the yard goes on by itself when it can',
  },
  'SY-STORE-BUSY': {
    kind: 'unavailable',
    sentence: 'more is waiting to be written than the store takes at once',
    cause: 'requests come faster than the disk syncs',
    next: 'try again in a moment',
  },
  'SY-STORE-READ-ONLY': {
    kind: 'unavailable',
    sentence: 'this yard is read-only and records nothing',
    cause: 'it was restored from a backup, and a log never rewinds; or it was opened for reading',
    next: 'verify and read here; issue and append on the yard that the backup came from',
  },
  'SY-STORE-TOO-LARGE': {
    kind: 'too-large',
    sentence: 'the change is larger than the store takes in one piece',
    cause: 'its rows, leaves and events exceed 8 MiB together',
    next: 'send less at once',
  },
  'SY-STORE-NEWER': {
    kind: 'usage',
    sentence: 'the data directory was written by a newer release of Sealyard',
    cause: 'the store only migrates forward',
    next: 'run that release or a later one, or restore a backup that this release made',
  },
  'SY-STORE-SHAPE': {
    kind: 'usage',
    sentence: 'the tables in the data directory are not those of this release',
    cause: 'the database was changed by other hands, or by an unreleased version',
    next: 'run the release that wrote it, or start with an empty data directory',
  },
  'SY-STORE-LOCKED': {
    kind: 'usage',
    sentence: 'another process uses this data directory',
    cause: 'a yard is running there; only one may write',
    next: 'stop it, or name another directory with --data',
  },
  'SY-STORE-CORRUPT': {
    kind: 'internal',
    sentence: 'the database in the data directory is damaged',
    cause: 'its content contradicts itself or the log that it holds',
    next: 'keep the directory as it is for examination, and restore the last backup elsewhere',
  },
  'SY-STORE-CLOSED': {
    kind: 'unavailable',
    sentence: 'the store is closed',
    cause: 'the yard is stopping',
    next: 'try again when it has started',
  },
  'SY-STORE-NOT-EMPTY': {
    kind: 'usage',
    sentence: 'a backup is restored into an empty directory only',
    cause: 'the directory holds files',
    next: 'name a new directory',
  },
  'SY-STORE-BACKUP-INVALID': {
    kind: 'malformed',
    sentence: 'the backup cannot be used',
    cause: 'it is no backup of a yard, or it is damaged',
    next: 'take another one; `sealyard backup` checks each as it writes it',
  },
} as const satisfies ErrorTable;
