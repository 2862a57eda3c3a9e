// A key store in memory: real keys, no file and no scrypt, for tests that are not about sealing.
import type { KeyObject } from 'node:crypto';
import { SealyardError } from '../../src/ground/errors.ts';
import { guardSigner } from '../../src/keys/guarded-signer.ts';
import { adoptable, generatePrivateKey, localSign, spkiOf } from '../../src/keys/local-key.ts';
import type { KeyDescription, KeyStore, Signer } from '../../src/keys/signer.ts';
import { readPublicKey } from '../../src/verify/key.ts';

export function createMemoryKeyStore(): KeyStore {
  const keys = new Map<string, { readonly description: KeyDescription; readonly privateKey: KeyObject }>();
  const find = (ref: string) => {
    const key = keys.get(ref);
    if (key === undefined) throw new SealyardError('SY-KEYS-NOT-FOUND', ref);
    return key;
  };
  const signerOf = (ref: string): Signer => {
    const { description, privateKey } = find(ref);
    const { purpose, spki } = description;
    return guardSigner({ ref, purpose, publicKey: readPublicKey(spki), rawSign: localSign(privateKey) });
  };
  const keep = (privateKey: KeyObject, kind: Omit<KeyDescription, 'ref'>): Signer => {
    const ref = `memory:${keys.size + 1}`;
    keys.set(ref, { description: { ref, ...kind }, privateKey });
    return signerOf(ref);
  };
  return {
    async create({ purpose, algorithm, bits }) {
      const privateKey = await generatePrivateKey(algorithm, bits);
      return keep(privateKey, { purpose, algorithm, spki: spkiOf(privateKey) });
    },
    adopt: async ({ purpose, privateKey }) => keep(privateKey, { purpose, ...adoptable(privateKey) }),
    open: async (ref) => signerOf(ref),
    list: async () => [...keys.values()].map(({ description }) => description),
    async exportPrivate(ref, purpose) {
      const { description, privateKey } = find(ref);
      if (description.purpose !== purpose) throw new SealyardError('SY-KEYS-PURPOSE');
      return privateKey;
    },
  };
}
