// The sealed-file key store: each private key in a file of its own, encrypted under the directory's key.
import { hkdfSync, type KeyObject } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyAlgorithm } from '../formats/algorithms.ts';
import { equalBytes, fromBase64, fromUtf8, toBase64, toHex, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { canonicalJson, isObject, type Json, parseJson } from '../ground/json.ts';
import type { Random } from '../ground/ports.ts';
import { readPublicKey } from '../verify/key.ts';
import { available, privateDirectory, readIfThere, writeDurably } from './durable-file.ts';
import { guardSigner } from './guarded-signer.ts';
import { adoptable, generatePrivateKey, localSign, privateKeyOf, spkiOf } from './local-key.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import type { ExportablePurpose, KeyDescription, KeyPurpose, KeyStore, Signer } from './signer.ts';
import { seal, type Unlock, unlockDirectory, unseal } from './unlock.ts';

const PREFIX = 'file:';
const SUFFIX = '.key.json';
// A ref is a file name: nothing that could leave the directory.
const NAME = /^[a-z]+(-[a-z]+)*-[0-9a-f]{24}$/;
const MAX_FILE_BYTES = 64 * 1024;
const EXPORTABLE: readonly string[] = ['listener', 'development-issuer'] satisfies ExportablePurpose[];

export interface SealedFileStore extends KeyStore {
  adopt: NonNullable<KeyStore['adopt']>;
  /**
   * The secrets that lie beside the keys, under the same unlock secret.
   * @throws SealyardError `SY-KEYS-DAMAGED`, `SY-KEYS-UNAVAILABLE`
   */
  openSecrets(): Promise<Secrets>;
  exportPrivate(ref: string, purpose: ExportablePurpose): ReturnType<NonNullable<KeyStore['exportPrivate']>>;
  /** What whoever started the yard should know, e.g. that the unlock secret lies beside the keys. */
  readonly notices: readonly string[];
}

/** A key as its file holds it. */
interface SealedKey extends KeyDescription {
  readonly sealed: Uint8Array;
}

/**
 * Opens (and on first use makes) a directory of sealed keys. Takes about half a second: scrypt, once.
 * @throws SealyardError `SY-KEYS-SECRET`, `SY-KEYS-UNLOCK`, `SY-KEYS-DAMAGED`, `SY-KEYS-UNAVAILABLE`
 */
export async function openSealedFileStore(o: {
  readonly directory: string;
  readonly unlock: Unlock;
  readonly random: Random;
}): Promise<SealedFileStore> {
  const { directory, random } = o;
  await privateDirectory(directory);
  const { key: directoryKey, notices } = await unlockDirectory(o);

  const load = async (ref: string): Promise<SealedKey> => {
    const bytes = await readIfThere(pathOf(directory, ref));
    if (bytes === undefined) throw new SealyardError('SY-KEYS-NOT-FOUND', ref);
    return readSealedKey(ref, bytes);
  };
  const openPrivate = (key: SealedKey) => {
    const pkcs8 = unseal(keyFor(directoryKey, key.ref), key.sealed, boundTo(key));
    if (pkcs8 === undefined) throw new SealyardError('SY-KEYS-DAMAGED', key.ref);
    try {
      const privateKey = privateKeyOf(pkcs8);
      if (!equalBytes(spkiOf(privateKey), key.spki)) throw new SealyardError('SY-KEYS-DAMAGED', key.ref);
      return privateKey;
    } finally {
      // Shortens how long the bytes lie about; JavaScript promises no more.
      pkcs8.fill(0);
    }
  };
  const signerOf = (key: SealedKey): Signer =>
    guardSigner({
      ref: key.ref,
      purpose: key.purpose,
      publicKey: readPublicKey(key.spki),
      rawSign: localSign(openPrivate(key)),
    });

  const keep = async (
    privateKey: KeyObject,
    kind: Pick<KeyDescription, 'purpose' | 'algorithm' | 'spki'>,
  ): Promise<Signer> => {
    const ref = `${PREFIX}${kind.purpose}-${toHex(random.bytes(12))}`;
    const description: KeyDescription = { ref, ...kind };
    const pkcs8 = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
    const sealed = seal(keyFor(directoryKey, ref), pkcs8, boundTo(description), random);
    pkcs8.fill(0);
    await writeDurably(pathOf(directory, ref), encodeSealedKey({ ...description, sealed }), random);
    // Opened from the file's form, so that a key which could not be opened again is never used.
    return signerOf({ ...description, sealed });
  };

  return {
    notices,
    async create({ purpose, algorithm, bits }) {
      const privateKey = await generatePrivateKey(algorithm, bits);
      return keep(privateKey, { purpose, algorithm, spki: spkiOf(privateKey) });
    },
    async adopt({ purpose, privateKey }) {
      return keep(privateKey, { purpose, ...adoptable(privateKey) });
    },
    openSecrets: () => openSecrets({ directory, directoryKey, random }),
    open: async (ref) => signerOf(await load(ref)),
    async list() {
      const names = await available(() => readdir(directory));
      const refs = names
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => `${PREFIX}${name.slice(0, -SUFFIX.length)}`);
      const keys = await Promise.all(refs.sort().map(load));
      return keys.map(({ ref, purpose, algorithm, spki }) => ({ ref, purpose, algorithm, spki }));
    },
    async exportPrivate(ref, purpose) {
      const key = await load(ref);
      if (!EXPORTABLE.includes(key.purpose) || key.purpose !== purpose)
        throw new SealyardError('SY-KEYS-PURPOSE', `export of a key for ${key.purpose}`);
      return openPrivate(key);
    },
  };
}

function pathOf(directory: string, ref: string): string {
  const name = ref.startsWith(PREFIX) ? ref.slice(PREFIX.length) : '';
  if (!NAME.test(name)) throw new SealyardError('SY-KEYS-NOT-FOUND');
  return join(directory, `${name}${SUFFIX}`);
}

/** A key of its own for each file, so that no nonce is ever used twice under one key. */
function keyFor(directoryKey: Uint8Array, ref: string): Uint8Array {
  return new Uint8Array(
    hkdfSync('sha256', directoryKey, new Uint8Array(0), toUtf8(`sealyard key ${ref}`), 32),
  );
}

/** What the ciphertext is bound to: a file that was renamed or relabelled does not open. */
function boundTo(key: KeyDescription): Uint8Array {
  const { ref, purpose, algorithm } = key;
  return toUtf8(canonicalJson({ ref, purpose, algorithm, spki: toBase64(key.spki) }));
}

function encodeSealedKey(key: SealedKey): Uint8Array {
  const { ref, purpose, algorithm } = key;
  const json = {
    version: 1,
    ref,
    purpose,
    algorithm,
    spki: toBase64(key.spki),
    sealed: toBase64(key.sealed),
  };
  return toUtf8(`${JSON.stringify(json, undefined, 2)}\n`);
}

function readSealedKey(ref: string, bytes: Uint8Array): SealedKey {
  const json = readJson(bytes);
  if (!isObject(json) || json['version'] !== 1 || json['ref'] !== ref)
    throw new SealyardError('SY-KEYS-DAMAGED', ref);
  const spki = fromBase64(String(json['spki']));
  const sealed = fromBase64(String(json['sealed']));
  if (spki === undefined || sealed === undefined) throw new SealyardError('SY-KEYS-DAMAGED', ref);
  // Purpose and algorithm are believed once the seal, which covers them, has opened.
  return {
    ref,
    purpose: json['purpose'] as KeyPurpose,
    algorithm: json['algorithm'] as KeyAlgorithm,
    spki,
    sealed,
  };
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
