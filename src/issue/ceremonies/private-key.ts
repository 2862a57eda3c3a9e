// Reads the private key of an authority that is brought along: PEM of PKCS #8, plain or encrypted, at a bounded cost.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { DerCursor, type DerNode, readDer, TAG } from '../../formats/der.ts';
import { readOctetString, readOid, readSmallInteger } from '../../formats/der-values.ts';
import { decodePem, type PemBlock } from '../../formats/pem.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';

const MAX_TEXT = 64 * 1024;
const MAX_PASSPHRASE = 1024;

/** RFC 8018 appendices A.2, A.4; RFC 7914 §7. */
const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';
/** The file says how long opening it takes: a second at most. */
const MAX_ITERATIONS = 1_000_000;
const MAX_SCRYPT_COST = 2 ** 20;

type Form = 'pkcs8' | 'sec1' | 'pkcs1';

/** What programs write; the last two are what `openssl ec` and `openssl rsa` still do. */
const FORM_OF: Readonly<Record<string, Form>> = {
  'PRIVATE KEY': 'pkcs8',
  'ENCRYPTED PRIVATE KEY': 'pkcs8',
  'EC PRIVATE KEY': 'sec1',
  'RSA PRIVATE KEY': 'pkcs1',
};

/**
 * @param text one PEM block; the `EC PARAMETERS` that openssl writes before a key are passed over
 * @param passphrase for an encrypted key
 * @throws SealyardError `SY-AUTHORITY-KEY`; nothing of key or passphrase is in it
 */
export function readPrivateKey(text: string, passphrase: string | undefined): KeyObject {
  const block = keyBlock(text);
  const form = FORM_OF[block.label];
  if (form === undefined) throw unreadable('it is no private key');
  const encrypted = block.label.startsWith('ENCRYPTED');
  if (encrypted) refuseCostly(block.der);
  if (encrypted && (passphrase === undefined || passphrase === '')) throw unreadable('it needs a passphrase');
  if (!encrypted && passphrase !== undefined)
    throw unreadable('it is not encrypted, and a passphrase was given');
  if ((passphrase?.length ?? 0) > MAX_PASSPHRASE) throw unreadable('the passphrase is too long');
  const key = Buffer.from(block.der.buffer, block.der.byteOffset, block.der.byteLength);
  try {
    return createPrivateKey({ key, format: 'der', type: form, ...(encrypted ? { passphrase } : {}) });
  } catch {
    // What OpenSSL says may quote its input.
    throw unreadable(encrypted ? 'the passphrase does not open it, or it is damaged' : 'it is damaged');
  } finally {
    key.fill(0);
  }
}

function keyBlock(text: string): PemBlock {
  if (text.length > MAX_TEXT) throw unreadable('it is too long');
  try {
    const [block, ...more] = decodePem(text).filter(({ label }) => label !== 'EC PARAMETERS');
    if (block !== undefined && more.length === 0) return block;
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw unreadable(error.detail ?? 'not PEM');
  }
  throw unreadable('one private key was expected');
}

/** EncryptedPrivateKeyInfo (RFC 5958 §3): the cost of its key derivation, before anything is derived. */
function refuseCostly(bytes: Uint8Array): void {
  try {
    const outer = new DerCursor(readDer(bytes));
    const algorithm = outer.open();
    if (readOid(algorithm.next()) !== PBES2) throw unreadable('its encryption is not PBES2 (RFC 8018)');
    const parameters = algorithm.open();
    const derivation = parameters.open();
    const scheme = readOid(derivation.next());
    if (costOf(scheme, derivation.next(TAG.sequence)) > 1) throw unreadable('its encryption costs too much');
  } catch (error) {
    if (isSealyardError(error, 'SY-DER-MALFORMED')) throw unreadable('it is damaged');
    throw error;
  }
}

/** In parts of what we bear. */
function costOf(scheme: string, parameters: DerNode): number {
  const cursor = new DerCursor(parameters);
  readOctetString(cursor.next());
  const number = () => readSmallInteger(cursor.next(), Number.MAX_SAFE_INTEGER);
  if (scheme === PBKDF2) return number() / MAX_ITERATIONS;
  if (scheme === SCRYPT) return (number() * number() * number()) / MAX_SCRYPT_COST;
  throw unreadable('its key derivation is neither PBKDF2 nor scrypt');
}

function unreadable(detail: string): SealyardError {
  return new SealyardError('SY-AUTHORITY-KEY', detail);
}
