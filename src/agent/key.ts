// The workload's own key: made here, never sent; what leaves is the request that it signs.
import type { KeyObject } from 'node:crypto';
import type { KeyAlgorithm } from '../formats/algorithms.ts';
import { encodeName, extensions } from '../formats/x509/build.ts';
import type { GeneralName } from '../formats/x509/certificate.ts';
import { assembleCsr, buildCsrInfo } from '../formats/x509/csr-build.ts';
import { SealyardError } from '../ground/errors.ts';
import { generatePrivateKey, localSign, spkiOf } from '../keys/local-key.ts';
import type { KeyKind, RequestedName } from '../policy/issuance.ts';
import { parseIp } from '../verify/ip.ts';
import { defaultAlgorithm, OWN_KEYS, readPublicKey } from '../verify/key.ts';

/** Of each kind that a profile may allow. */
export const KEY_KINDS: readonly KeyKind[] = [
  'ec-p256',
  'ec-p384',
  'ec-p521',
  'ed25519',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
];

export function newKey(kind: KeyKind): Promise<KeyObject> {
  if (kind === 'rsa-2048') return generatePrivateKey('rsa', 2048);
  if (kind === 'rsa-3072') return generatePrivateKey('rsa', 3072);
  if (kind === 'rsa-4096') return generatePrivateKey('rsa', 4096);
  return generatePrivateKey(kind satisfies KeyAlgorithm);
}

/** A request for these names, DER; the subject is empty, since names are in the extension (RFC 6125 §1.5). */
export async function requestFor(key: KeyObject, names: readonly RequestedName[]): Promise<Uint8Array> {
  const spki = spkiOf(key);
  const algorithm = defaultAlgorithm(readPublicKey(spki, OWN_KEYS));
  const alternative = extensions.subjectAltName(names.map(generalName), { critical: true });
  const info = buildCsrInfo({ subject: encodeName([]), spki, extensions: [alternative] });
  return assembleCsr(info, algorithm, await localSign(key)(algorithm, info));
}

function generalName(name: RequestedName): GeneralName {
  if (name.type !== 'ip') return { type: name.type, value: name.value };
  const value = parseIp(name.value);
  if (value === undefined) throw new SealyardError('SY-AGENT-CONFIG', `${name.value} is not an IP address`);
  return { type: 'ip', value };
}

export function pkcs8Of(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));
}
