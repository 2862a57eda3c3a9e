// From the unlock secret to the key that seals keys: scrypt once per start, with a check that the secret is right.
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBase64, fromUtf8, toBase64, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { canonicalJson, isObject, type JsonObject, parseJson } from '../ground/json.ts';
import type { Random } from '../ground/ports.ts';
import { available, readIfThere, writeDurably } from './durable-file.ts';

/** How the directory is unlocked: a secret that somebody keeps, or one that the yard makes beside the keys. */
export type Unlock =
  | { readonly kind: 'secret'; readonly bytes: Uint8Array }
  /** For development: whoever can read the file can read the keys. */
  | { readonly kind: 'development'; readonly file: string };

export const HEADER_FILE = 'header.json';
const MIN_SECRET_BYTES = 16;
const KEY_BYTES = 32;
/**
 * scrypt's N, once per start. A secret that somebody chose may be guessable: 2^17 · 8 · 128 bytes = 128 MiB and about
 * half a second for each guess. One that the yard made has 256 random bits, which no cost makes harder to guess.
 * A header of another cost is a forged one; to change between the two takes the secret, since `check` is bound to it.
 */
const COSTS = { chosen: 2 ** 17, random: 2 ** 14 } as const;
const R = 8;
const P = 1;
const CHECK_TEXT = toUtf8('sealyard key directory');

/**
 * The key-encryption key of a directory; writes the header on first use.
 * @throws SealyardError `SY-KEYS-SECRET`, `SY-KEYS-UNLOCK`, `SY-KEYS-DAMAGED`, `SY-KEYS-UNAVAILABLE`
 */
export async function unlockDirectory(o: {
  readonly directory: string;
  readonly unlock: Unlock;
  readonly random: Random;
}): Promise<{ readonly key: Uint8Array; readonly notices: readonly string[] }> {
  const path = join(o.directory, HEADER_FILE);
  const existing = await readIfThere(path);
  const { secret, notices } = await secretOf(o.unlock, existing !== undefined, o.random);
  if (existing !== undefined) return { key: await open(existing, secret), notices };
  const salt = o.random.bytes(32);
  const n = o.unlock.kind === 'development' ? COSTS.random : COSTS.chosen;
  const key = await derive(secret, salt, n);
  const parameters: JsonObject = { version: 1, kdf: 'scrypt', n, r: R, p: P, salt: toBase64(salt) };
  const check = toBase64(seal(key, CHECK_TEXT, toUtf8(canonicalJson(parameters)), o.random));
  await writeDurably(path, toUtf8(`${JSON.stringify({ ...parameters, check }, undefined, 2)}\n`), o.random);
  return { key, notices };
}

async function open(header: Uint8Array, secret: Uint8Array): Promise<Uint8Array> {
  const { check, ...parameters } = readHeader(header);
  const salt = fromBase64(String(parameters['salt']));
  const sealed = fromBase64(String(check));
  if (salt?.length !== 32 || sealed === undefined) throw damagedHeader();
  const key = await derive(secret, salt, parameters['n'] === COSTS.random ? COSTS.random : COSTS.chosen);
  const opened = unseal(key, sealed, toUtf8(canonicalJson(parameters)));
  if (opened === undefined) throw new SealyardError('SY-KEYS-UNLOCK');
  return key;
}

function readHeader(bytes: Uint8Array): JsonObject {
  const text = bytes.length > 4096 ? undefined : fromUtf8(bytes);
  if (text === undefined) throw damagedHeader();
  let header: unknown;
  try {
    header = parseJson(text);
  } catch {
    throw damagedHeader();
  }
  const object = header as JsonObject;
  if (!isObject(object) || object['version'] !== 1 || object['kdf'] !== 'scrypt') throw damagedHeader();
  const isKnownCost = Object.values(COSTS).some((n) => n === object['n']);
  if (!isKnownCost || object['r'] !== R || object['p'] !== P) throw damagedHeader();
  return object;
}

function damagedHeader(): SealyardError {
  return new SealyardError('SY-KEYS-DAMAGED', HEADER_FILE);
}

async function secretOf(
  unlock: Unlock,
  keysExist: boolean,
  random: Random,
): Promise<{ secret: Uint8Array; notices: readonly string[] }> {
  if (unlock.kind === 'secret') return { secret: longEnough(unlock.bytes), notices: [] };
  const notice = `the keys are sealed with a secret that lies beside them (${unlock.file}): for development; set an unlock secret for anything else`;
  const existing = await readIfThere(unlock.file);
  if (existing !== undefined) {
    await refuseExposed(unlock.file);
    return { secret: longEnough(existing), notices: [notice] };
  }
  // Making a new secret beside keys of the old one could only fail later, with a worse message.
  if (keysExist) throw new SealyardError('SY-KEYS-SECRET', `${unlock.file} is missing beside existing keys`);
  const secret = toUtf8(toBase64(random.bytes(32)));
  await writeDurably(unlock.file, secret, random);
  return { secret, notices: [notice] };
}

async function refuseExposed(file: string): Promise<void> {
  const { mode } = await available(() => stat(file));
  if ((mode & 0o077) !== 0)
    throw new SealyardError('SY-KEYS-SECRET', `${file} has mode ${(mode & 0o777).toString(8)}: chmod 600 it`);
}

function longEnough(secret: Uint8Array): Uint8Array {
  if (secret.length < MIN_SECRET_BYTES)
    throw new SealyardError('SY-KEYS-SECRET', `shorter than ${MIN_SECRET_BYTES} bytes`);
  return secret;
}

/** scrypt (RFC 7914) in the thread pool: it may hold one of four threads for half a second, at start only. */
function derive(secret: Uint8Array, salt: Uint8Array, n: number): Promise<Uint8Array> {
  const options = { N: n, r: R, p: P, maxmem: 160 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM with a random nonce: nonce ‖ ciphertext ‖ tag. */
export function seal(key: Uint8Array, plain: Uint8Array, aad: Uint8Array, random: Random): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(aad);
  return new Uint8Array(Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

/** `undefined` where the key, the data or what it is bound to (`aad`) is not what was sealed. */
export function unseal(key: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return new Uint8Array(
      Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]),
    );
  } catch {
    return undefined;
  }
}
