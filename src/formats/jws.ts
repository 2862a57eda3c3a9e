// The flattened JSON Web Signature (RFC 7515 §7.2.2), read without believing it: shape, sizes, alphabet, repeated members.
import { fromBase64Url, fromUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';

/** Octets of a whole JWS: a CSR of 64 KiB, encoded twice, and its header. */
export const MAX_JWS_BYTES = 192 * 1024;
const BODY_BOUNDS = { maxLength: MAX_JWS_BYTES, maxDepth: 4 };
/** An RSA key of 8192 bits takes 1,400 characters. */
const HEADER_BOUNDS = { maxLength: 8192, maxDepth: 4 };
/** Header parameters that would change what is signed or how it is read (RFC 7515 §4.1.11, RFC 7797). */
const EXTENSIONS = ['crit', 'b64', 'zip', 'enc'];

/** The parts of a JWS that nobody has verified yet. */
export interface Jws {
  readonly header: JsonObject;
  /** Decoded; empty for POST-as-GET (RFC 8555 §6.3). */
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** `protected.payload`: the octets that are signed (RFC 7515 §5.1). */
  readonly signingInput: string;
}

/**
 * Reads a request body. Verifies nothing.
 * @throws SealyardError `SY-JWS-MALFORMED`
 */
export function parseJws(body: Uint8Array): Jws {
  if (body.length > MAX_JWS_BYTES) throw malformed('too large');
  const text = fromUtf8(body);
  if (text === undefined) throw malformed('not UTF-8');
  return readJws(strictJson(text, BODY_BOUNDS, 'the body'));
}

/**
 * Reads a JWS that is a value within another document (RFC 8555 §7.3.4, §7.3.5). Verifies nothing.
 * @throws SealyardError `SY-JWS-MALFORMED`
 */
export function readJws(value: Json | undefined): Jws {
  if (!isObject(value)) throw malformed('not an object');
  // RFC 8555 §6.2: one signature, and nothing beside the protected header.
  if (value['header'] !== undefined) throw malformed('an unprotected header');
  if (value['signatures'] !== undefined) throw malformed('several signatures');
  const header = textMember(value, 'protected');
  const payload = textMember(value, 'payload');
  return {
    header: readHeader(header),
    payload: decode(payload, 'payload'),
    signature: decode(textMember(value, 'signature'), 'signature'),
    signingInput: `${header}.${payload}`,
  };
}

function readHeader(encoded: string): JsonObject {
  const text = fromUtf8(decode(encoded, 'protected'));
  if (text === undefined) throw malformed('protected is not UTF-8');
  const header = strictJson(text, HEADER_BOUNDS, 'protected');
  if (!isObject(header)) throw malformed('protected is not an object');
  for (const name of EXTENSIONS) if (header[name] !== undefined) throw malformed(`the header has ${name}`);
  return header;
}

function textMember(value: JsonObject, name: string): string {
  const member = value[name];
  // RFC 8555 §6.2: a detached payload is none; `""` is one.
  if (typeof member !== 'string') throw malformed(`${name} is not a string`);
  return member;
}

function decode(encoded: string, name: string): Uint8Array {
  const bytes = fromBase64Url(encoded);
  // RFC 8555 §6.1: padding is refused as well.
  if (bytes === undefined) throw malformed(`${name} is not base64url`);
  return bytes;
}

function strictJson(text: string, bounds: { maxLength: number; maxDepth: number }, name: string): Json {
  try {
    return parseJson(text, bounds);
  } catch (error) {
    const why = error instanceof SealyardError ? error.detail : undefined;
    throw malformed(why === undefined ? `${name} is not JSON` : `${name}: ${why}`);
  }
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-JWS-MALFORMED', detail);
}
