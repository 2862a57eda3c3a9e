// The registered claims of RFC 7519 §4.1, and how the text of any claim may look that a certificate will carry.
import { SealyardError } from '../ground/errors.ts';
import type { JsonObject } from '../ground/json.ts';

const SKEW_SECONDS = 60;
/** GitLab's tokens live as long as the job may run, which can be a month. */
const MAX_LIFETIME_SECONDS = 31 * 24 * 3600;
const MAX_AUDIENCES = 16;
const MAX_TEXT = 2048;

/**
 * `exp` and `iat` are required, `nbf` is judged where present (CircleCI and others leave it out).
 * @returns when the token ends
 */
export function checkTimes(claims: JsonObject, now: Date): Date {
  const seconds = now.getTime() / 1000;
  const expires = numericDate(claims, 'exp');
  const issued = numericDate(claims, 'iat');
  const notBefore = claims['nbf'] === undefined ? issued : numericDate(claims, 'nbf');
  if (expires <= issued || expires <= notBefore || expires - issued > MAX_LIFETIME_SECONDS)
    throw new SealyardError('SY-IDENTITY-CLAIMS', 'exp, nbf and iat make no sense together');
  if (seconds >= expires + SKEW_SECONDS) throw new SealyardError('SY-IDENTITY-EXPIRED');
  if (Math.max(issued, notBefore) > seconds + SKEW_SECONDS)
    throw new SealyardError('SY-IDENTITY-NOT-YET-VALID');
  return new Date(expires * 1000);
}

function numericDate(claims: JsonObject, name: string): number {
  const value = claims[name];
  // The upper bound is what a Date can hold.
  if (typeof value !== 'number' || !(value >= 0 && value <= 8.64e12))
    throw new SealyardError('SY-IDENTITY-CLAIMS', name);
  return value;
}

export function checkAudience(claims: JsonObject, accepted: readonly string[]): void {
  const claim = claims['aud'];
  const audiences = Array.isArray(claim) ? claim : [claim];
  if (audiences.length > MAX_AUDIENCES) throw new SealyardError('SY-IDENTITY-AUDIENCE', 'too many');
  // Exactly ours: a token that also names somebody else could be replayed by them.
  const ours = audiences.every((one) => typeof one === 'string' && accepted.includes(one));
  if (audiences.length === 0 || !ours) throw new SealyardError('SY-IDENTITY-AUDIENCE');
}

export function readSubject(claims: JsonObject): string {
  const subject = claims['sub'];
  if (typeof subject !== 'string' || subject === '') throw refused('sub');
  return acceptText(subject, 'sub');
}

/** The claim as text where it is a string or an integer, `undefined` where it is absent or empty. */
export function claimText(claims: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value !== 'string') throw refused(name);
  return acceptText(value, name);
}

export function requiredClaimText(claims: JsonObject, name: string): string {
  const text = claimText(claims, name);
  if (text === undefined) throw refused(name);
  return text;
}

// Control characters, NUL among them, and whatever changes how text looks without being seen: format characters
// (bidi controls, zero width, BOM), private use, unassigned, lone surrogates, line separators.
const PLAIN = /^[\x20-\x7e]*$/;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/u;
// RFC 3986 characters, without `*`, which a matcher might take for a wildcard, and without an empty or dot segment.
const URI = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()+,;=%]+$/;

/** Text that may stand in an extension: visible, normalised (NFC), bounded. */
export function acceptText(value: string, name: string): string {
  // Nearly every claim is plain ASCII, and the classes of Unicode are slow to look up.
  if (value.length <= MAX_TEXT && PLAIN.test(value)) return value;
  if (value.length > MAX_TEXT || INVISIBLE.test(value) || value.normalize('NFC') !== value)
    throw refused(name);
  return value;
}

/** Text that may stand in a URI name or extension: RFC 3986 characters only, no wildcard, no `.` or `..` segment. */
export function acceptUri(value: string, name: string): string {
  const path = value.replace(/^[a-z]+:\/\/[^/]*/, '');
  if (
    value.length > MAX_TEXT ||
    !URI.test(value) ||
    path.split('/').some((part) => part === '.' || part === '..')
  )
    throw refused(name);
  return value;
}

function refused(name: string): SealyardError {
  return new SealyardError('SY-IDENTITY-CLAIMS', name);
}
