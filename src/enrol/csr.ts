// Certification requests as enrolment refuses them: one code for all that is wrong with the request itself.
import { type Code, isSealyardError } from '../ground/errors.ts';
import { type ReadRequest, readRequest } from '../issue/csr.ts';
import { EnrolError } from './problem.ts';

const CSR_CODES: readonly Code[] = ['SY-ISSUE-CSR', 'SY-ISSUE-PROOF', 'SY-ISSUE-NAME'];

/** @throws EnrolError `SY-ENROL-CSR`; SealyardError `SY-ISSUE-KEY-…` for keys that get no certificate */
export function readCsr(input: string | Uint8Array): ReadRequest {
  try {
    return readRequest(input);
  } catch (error) {
    if (isSealyardError(error, ...CSR_CODES))
      throw new EnrolError('SY-ENROL-CSR', error.message, { cause: error });
    throw error;
  }
}
