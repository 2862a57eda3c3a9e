// The identity token as its bearer sees it: which claim proves possession of the key. The yard verifies the token.
import { fromBase64Url, fromUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';

const MAX_TOKEN_LENGTH = 16 * 1024;

/**
 * The text that the fresh key signs to prove possession: `email` where the token has one, else `sub` (Fulcio).
 * @throws SealyardError `SY-SIGN-TOKEN`; the token is never repeated
 */
export function challengeOf(token: string): string {
  const claims = readUnverifiedClaims(token);
  const email = claims['email'];
  if (typeof email === 'string' && email !== '') return email;
  const subject = claims['sub'];
  if (typeof subject !== 'string' || subject === '')
    throw new SealyardError('SY-SIGN-TOKEN', 'it has no subject');
  return subject;
}

function readUnverifiedClaims(token: string): JsonObject {
  if (token.length > MAX_TOKEN_LENGTH) throw new SealyardError('SY-SIGN-TOKEN', 'too long');
  // A final newline is the usual reason, from a file written with echo.
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new SealyardError('SY-SIGN-TOKEN', 'not a compact JWS');
  const payload = fromBase64Url(token.split('.')[1] ?? '');
  const claims = parsed(payload === undefined ? undefined : fromUtf8(payload));
  if (!isObject(claims)) throw new SealyardError('SY-SIGN-TOKEN', 'its payload is not a JSON object');
  return claims;
}

function parsed(text: string | undefined): Json | undefined {
  if (text === undefined) return undefined;
  try {
    return parseJson(text, { maxLength: MAX_TOKEN_LENGTH, maxDepth: 16 });
  } catch (error) {
    if (isSealyardError(error)) return undefined;
    throw error;
  }
}
