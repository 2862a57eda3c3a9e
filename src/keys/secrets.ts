// Secrets that are no signing keys: sealed and derived under one random data key, which lies sealed beside the keys.
import { hkdfSync } from 'node:crypto';
import { join } from 'node:path';
import { fromBase64, fromUtf8, toBase64, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, parseJson } from '../ground/json.ts';
import type { Random } from '../ground/ports.ts';
import { readIfThere, writeDurably } from './durable-file.ts';
import { seal, unseal } from './unlock.ts';

/** Seals, opens and derives. A label names the use and the row: what was sealed under one does not open under another. */
export interface Secrets {
  /** AES-256-GCM with a key of the label's own: nonce ‖ ciphertext ‖ tag. */
  seal(label: string, plain: Uint8Array): Uint8Array;
  /** @throws SealyardError `SY-KEYS-DAMAGED` where the bytes, the label or the data key are not those of `seal` */
  open(label: string, sealed: Uint8Array): Uint8Array;
  /** Always the same for the label, e.g. a MAC key; 32 bytes where nothing else is said (RFC 5869). */
  derive(label: string, length?: number): Uint8Array;
}

const FILE = 'data-key.json';
const KEY_BYTES = 32;
const MAX_FILE_BYTES = 4096;
const BOUND_TO = toUtf8('sealyard data key');

/**
 * The secrets of a key directory; makes the data key on first use.
 * `SealedFileStore.openSecrets` calls this: the directory's key is the store's.
 * @throws SealyardError `SY-KEYS-DAMAGED`, `SY-KEYS-UNAVAILABLE`
 */
export async function openSecrets(o: {
  readonly directory: string;
  readonly directoryKey: Uint8Array;
  readonly random: Random;
}): Promise<Secrets> {
  const path = join(o.directory, FILE);
  const wrapping = hkdf(o.directoryKey, 'sealyard data key', KEY_BYTES);
  const existing = await readIfThere(path);
  if (existing !== undefined) return secretsOf(openDataKey(existing, wrapping), o.random);
  const dataKey = o.random.bytes(KEY_BYTES);
  const sealed = toBase64(seal(wrapping, dataKey, BOUND_TO, o.random));
  await writeDurably(path, toUtf8(`${JSON.stringify({ version: 1, sealed }, undefined, 2)}\n`), o.random);
  return secretsOf(dataKey, o.random);
}

function openDataKey(file: Uint8Array, wrapping: Uint8Array): Uint8Array {
  const json = readJson(file);
  const sealed = isObject(json) && json['version'] === 1 ? fromBase64(String(json['sealed'])) : undefined;
  const dataKey = sealed === undefined ? undefined : unseal(wrapping, sealed, BOUND_TO);
  if (dataKey?.length !== KEY_BYTES) throw new SealyardError('SY-KEYS-DAMAGED', FILE);
  return dataKey;
}

function readJson(bytes: Uint8Array): Json | undefined {
  const text = bytes.length > MAX_FILE_BYTES ? undefined : fromUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** The secrets under a data key that the caller holds; stores that keep it elsewhere, and tests, begin here. */
export function secretsOf(dataKey: Uint8Array, random: Random): Secrets {
  if (dataKey.length !== KEY_BYTES) throw new TypeError('a data key has 32 bytes');
  // Two domains, so that no derived value is ever a key that seals.
  const sealingKey = (label: string): Uint8Array => hkdf(dataKey, `sealyard seal ${label}`, KEY_BYTES);
  return {
    seal: (label, plain) => seal(sealingKey(label), plain, toUtf8(label), random),
    open(label, sealed) {
      const plain = unseal(sealingKey(label), sealed, toUtf8(label));
      if (plain === undefined) throw new SealyardError('SY-KEYS-DAMAGED', `a secret for ${label}`);
      return plain;
    },
    derive: (label, length = KEY_BYTES) => hkdf(dataKey, `sealyard derive ${label}`, length),
  };
}

function hkdf(key: Uint8Array, info: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), toUtf8(info), length));
}
