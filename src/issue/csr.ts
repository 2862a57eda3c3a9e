// A subscriber's certification request, read as a request and never as a template: a proven key, names, one wish.
import { decodePem } from '../formats/pem.ts';
import { MAX_CSR_BYTES, parseCsr } from '../formats/x509/csr.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { type ProvenKey, provePossessionByRequest, SUBSCRIBER_KEYS } from './caller-key.ts';
import { commonNameOf, readRequestedNames } from './names.ts';

export interface ReadRequest {
  readonly key: ProvenKey;
  /** Canonical, without duplicates: subjectAltName in its order, then a commonName that is a name and not among them. */
  readonly names: readonly RequestedName[];
  /** As it stands in the subject, for messages; where it is a name it is among `names`. */
  readonly commonName?: string;
  /** The request asks for RFC 7633's `status_request`. */
  readonly mustStaple: boolean;
}

// Base64 with line ends, and the two lines around it.
const MAX_PEM_CHARACTERS = 2 * MAX_CSR_BYTES;
/** The second is what old clients write. */
const LABELS: readonly string[] = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'];
/** TLS feature 5 is status_request (RFC 7633 §4.1, RFC 6066 §8). */
const STATUS_REQUEST = 5;

/**
 * Reads a PKCS #10 request and checks its signature. Whatever else it asks for (usages, lifetimes, subjects, other
 * extensions) is not looked at: a certificate is what its profile says.
 * @param input PEM text or DER
 * @throws SealyardError `SY-ISSUE-CSR`, `SY-ISSUE-PROOF`, `SY-ISSUE-KEY-…`, `SY-ISSUE-NAME`
 */
export function readRequest(input: string | Uint8Array): ReadRequest {
  const csr = parsed(typeof input === 'string' ? derOfPem(input) : input);
  const commonName = commonNameOf(csr);
  return {
    key: provePossessionByRequest(csr, SUBSCRIBER_KEYS),
    names: readRequestedNames(csr),
    ...(commonName === undefined ? {} : { commonName }),
    mustStaple: csr.requested.tlsFeatures?.includes(STATUS_REQUEST) === true,
  };
}

function derOfPem(text: string): Uint8Array {
  if (text.length > MAX_PEM_CHARACTERS) throw malformedRequest('it is too long');
  try {
    const [block, ...more] = decodePem(text);
    if (block !== undefined && more.length === 0 && LABELS.includes(block.label)) return block.der;
  } catch (error) {
    throw requestError(error);
  }
  throw malformedRequest('one CERTIFICATE REQUEST block was expected');
}

function parsed(der: Uint8Array): ReturnType<typeof parseCsr> {
  try {
    return parseCsr(der);
  } catch (error) {
    throw requestError(error);
  }
}

function requestError(error: unknown): unknown {
  if (isSealyardError(error, 'SY-X509-MALFORMED', 'SY-PEM-MALFORMED', 'SY-ALGORITHM-UNKNOWN'))
    return malformedRequest(error.detail ?? 'it cannot be read');
  return error;
}

function malformedRequest(detail: string): SealyardError {
  return new SealyardError('SY-ISSUE-CSR', detail);
}
