// The two spellings of a timestamp request: DER (RFC 3161 §2.4.1), and the JSON that Sigstore's JavaScript client sends.
import { HASH_SIZES, type HashAlgorithm } from '../../formats/algorithms.ts';
import {
  MAX_TIMESTAMP_REQUEST_BYTES,
  parseTimestampRequest,
  type TimestampRequest,
} from '../../formats/timestamp.ts';
import { fromBase64, fromUtf8 } from '../../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../ground/json.ts';

export const BODY_LIMIT_BYTES = MAX_TIMESTAMP_REQUEST_BYTES;
const KNOWN = ['artifactHash', 'certificates', 'hashAlgorithm', 'nonce', 'tsaPolicyOID'];
// As written, since a 64-bit nonce does not survive as a JavaScript number. A quote inside a string is escaped, so
// this finds the member itself.
const NONCE = /"nonce"\s*:\s*(\d{1,77})\s*[,}]/;

/** @throws SealyardError `SY-TIMESTAMP-MALFORMED`, `SY-ALGORITHM-UNKNOWN` */
export function readDerRequest(body: Uint8Array): TimestampRequest {
  return parseTimestampRequest(body);
}

/**
 * `{artifactHash, hashAlgorithm, certificates?, nonce?, tsaPolicyOID?}`, the hash in base64.
 * @throws SealyardError `SY-TIMESTAMP-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function readJsonRequest(body: Uint8Array): TimestampRequest {
  const text = fromUtf8(body);
  if (text === undefined) throw malformed('not UTF-8');
  const json = readObject(text);
  const unknown = Object.keys(json).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw malformed('a member that is not known');
  const hashAlgorithm = hashOf(json['hashAlgorithm']);
  const artifactHash = json['artifactHash'];
  const hashedMessage = typeof artifactHash === 'string' ? fromBase64(artifactHash) : undefined;
  if (hashedMessage?.length !== HASH_SIZES[hashAlgorithm]) throw malformed('artifactHash');
  const nonce = nonceOf(json['nonce'], text);
  const policy = policyOf(json['tsaPolicyOID']);
  return {
    hashAlgorithm,
    hashedMessage,
    certReq: flag(json['certificates']),
    ...(nonce === undefined ? {} : { nonce }),
    ...(policy === undefined ? {} : { policy }),
  };
}

function readObject(text: string): JsonObject {
  try {
    const json = parseJson(text, { maxLength: BODY_LIMIT_BYTES, maxDepth: 2 });
    if (isObject(json)) return json;
  } catch (error) {
    if (!isSealyardError(error, 'SY-JSON-MALFORMED', 'SY-JSON-TOO-LARGE')) throw error;
  }
  throw malformed('not a JSON object');
}

function hashOf(value: Json | undefined): HashAlgorithm {
  const name = typeof value === 'string' ? value.toLowerCase().replace('-', '') : undefined;
  if (name === 'sha256' || name === 'sha384' || name === 'sha512') return name;
  throw new SealyardError('SY-ALGORITHM-UNKNOWN', 'hashAlgorithm');
}

function flag(value: Json | undefined): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw malformed('certificates');
}

function nonceOf(value: Json | undefined, text: string): bigint | undefined {
  if (value === undefined) return undefined;
  const digits = typeof value === 'number' ? NONCE.exec(text)?.[1] : undefined;
  const nonce = digits === undefined ? undefined : BigInt(digits);
  if (nonce === undefined || Number(nonce) !== value) throw malformed('nonce');
  return nonce;
}

function policyOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && /^[0-9.]{3,128}$/.test(value)) return value;
  throw malformed('tsaPolicyOID');
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-TIMESTAMP-MALFORMED', detail);
}
