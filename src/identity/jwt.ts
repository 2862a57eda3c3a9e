// Reads a compact JWS without believing it: size, alphabet, nesting and repeated members, before any key is sought.
import { fromBase64Url, fromUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';

/** Octets of a whole token. GitHub's are about 2 KiB, GitLab's 1.5 KiB. */
export const MAX_TOKEN_BYTES = 16 * 1024;
const HEADER_BOUNDS = { maxLength: 4096, maxDepth: 3 };
const CLAIMS_BOUNDS = { maxLength: MAX_TOKEN_BYTES, maxDepth: 8 };

/** The parts of a token that nobody has verified. */
export interface UnverifiedToken {
  readonly header: JsonObject;
  /** base64url, as it was signed. */
  readonly payload: string;
}

/**
 * Splits a token and decodes its header (RFC 7515 §3.1, §7.1). Verifies nothing.
 * @throws SealyardError `SY-IDENTITY-TOKEN-TOO-LARGE`, `SY-IDENTITY-TOKEN-MALFORMED`
 */
export function readUnverifiedToken(token: string): UnverifiedToken {
  if (token.length > MAX_TOKEN_BYTES) throw new SealyardError('SY-IDENTITY-TOKEN-TOO-LARGE');
  const parts = token.split('.', 4);
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || payload === undefined || signature === undefined)
    throw malformed('not a compact JWS');
  // `alg: none` has an empty signature; it is the header that refuses it, with the clearer answer.
  if (fromBase64Url(signature) === undefined) throw malformed('the signature is not base64url');
  return { header: decodePart(header, 'header', HEADER_BOUNDS), payload };
}

/**
 * The claims of a token, still unverified: only `iss` may be looked at before the signature.
 * @throws SealyardError `SY-IDENTITY-TOKEN-MALFORMED`
 */
export function readUnverifiedClaims(token: UnverifiedToken): JsonObject {
  return decodePart(token.payload, 'payload', CLAIMS_BOUNDS);
}

function decodePart(part: string, name: string, bounds: { maxLength: number; maxDepth: number }): JsonObject {
  const bytes = fromBase64Url(part);
  const text = bytes === undefined ? undefined : fromUtf8(bytes);
  if (text === undefined) throw malformed(`${name} is not base64url of UTF-8`);
  const value = readJson(text, name, bounds);
  if (!isObject(value)) throw malformed(`${name} is not an object`);
  return value;
}

function readJson(text: string, name: string, bounds: { maxLength: number; maxDepth: number }): Json {
  try {
    return parseJson(text, bounds);
  } catch {
    // RFC 7515 §4, RFC 7519 §4: names must be unique as well.
    throw malformed(`${name} is not JSON within bounds, each member once`);
  }
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-IDENTITY-TOKEN-MALFORMED', detail);
}
