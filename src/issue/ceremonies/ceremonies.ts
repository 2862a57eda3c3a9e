// What can be done with authorities while the yard runs, one after the other: each sees what the one before it made.
import type { Certificate } from '../../formats/x509/certificate.ts';
import { type CeremoniesDeps, type CreateOrder, createAuthority, type Made } from './create.ts';
import { type CrossOrder, crossSign } from './cross.ts';
import { type Imported, type ImportOrder, importAuthority } from './import.ts';
import { type OnRecord, type RecordOrder, recordCertificates } from './record-external.ts';
import { type RotateOrder, rotateAuthority } from './rotate.ts';

/** Every method returns when its outcome is on disk and the directory shows it; errors are those of its ceremony. */
export interface Ceremonies {
  create(o: CreateOrder): Promise<Made>;
  importAuthority(o: ImportOrder): Promise<Imported>;
  crossSign(o: CrossOrder): Promise<Certificate>;
  rotate(o: RotateOrder): Promise<Made>;
  record(o: RecordOrder): Promise<readonly OnRecord[]>;
}

/**
 * Ceremonies are rare and take their time; queueing them makes generation numbers and states certain within a process.
 * Between processes the preconditions of each commit do (`SY-STORE-CONFLICT`, and nothing was made).
 */
export function createCeremonies(deps: CeremoniesDeps): Ceremonies {
  let last: Promise<unknown> = Promise.resolve();
  const queued = <T>(ceremony: () => Promise<T>): Promise<T> => {
    const next = last.then(ceremony);
    last = next.catch(() => undefined);
    return next;
  };
  return {
    create: (o) => queued(() => createAuthority(deps, o)),
    importAuthority: (o) => queued(() => importAuthority(deps, o)),
    crossSign: (o) => queued(() => crossSign(deps, o)),
    rotate: (o) => queued(() => rotateAuthority(deps, o)),
    record: (o) => queued(() => recordCertificates(deps, o)),
  };
}
