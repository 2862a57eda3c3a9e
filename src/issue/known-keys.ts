// Keys that we have seen before: blocked ones, RSA keys that share a prime, and the certificates that have a key.
import { readSpki } from '../formats/algorithms.ts';
import type { Put, Records } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import type { KeyKind } from '../policy/issuance.ts';
import type { PublicKey } from '../verify/key.ts';
import { isBlockedKey } from './blocked-keys.ts';
import { sharedPrimesOf } from './shared-primes.ts';
import { CERTIFICATES } from './tables.ts';
import { modulusOf } from './weak-keys.ts';

/**
 * Refuses a key for what is on record: about 10 µs, and a millisecond for RSA.
 * @param spkiSha256 lower-case hex
 * @throws SealyardError `SY-ISSUE-KEY-BLOCKED`, `SY-ISSUE-KEY-SHARED-PRIME`
 */
export function refuseKnownKey(key: PublicKey, spkiSha256: string, records: Records): void {
  if (isBlockedKey(records, spkiSha256)) throw new SealyardError('SY-ISSUE-KEY-BLOCKED');
  if (key.algorithm === 'rsa' && sharedPrimesOf(records).isShared(modulusOf(readSpki(key.spki))))
    throw new SealyardError('SY-ISSUE-KEY-SHARED-PRIME');
}

/** What makes an RSA key known, in the commit of its certificate. */
export function knownKeyPuts(key: PublicKey, timeMs: number, records: Records): readonly Put[] {
  if (key.algorithm !== 'rsa') return [];
  return sharedPrimesOf(records).put(modulusOf(readSpki(key.spki)), timeMs);
}

/** After that commit. */
export function rememberKey(key: PublicKey, records: Records): void {
  if (key.algorithm === 'rsa') sharedPrimesOf(records).remember(modulusOf(readSpki(key.spki)));
}

/** Serials found in one call. */
const MOST_SERIALS = 10_000;

/**
 * Every certificate on record with this key (SHA-256 of the SubjectPublicKeyInfo), keyless ones excepted: they live for
 * minutes, and a blocked key gets no others.
 */
export function serialsWithKey(records: Records, spkiSha256: Uint8Array): readonly Serial[] {
  const rows = records.find(CERTIFICATES, { where: { spki_sha256: spkiSha256 }, limit: MOST_SERIALS });
  return rows.flatMap(({ serial }) => (typeof serial === 'string' ? (asSerial(serial) ?? []) : []));
}

/** The kind of a key as profiles name it; sizes of RSA are rounded down to the next that has a name. */
export function keyKindOf(key: PublicKey): KeyKind {
  if (key.algorithm !== 'rsa') return key.algorithm;
  const bits = key.keyObject.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits >= 4096) return 'rsa-4096';
  return bits >= 3072 ? 'rsa-3072' : 'rsa-2048';
}
