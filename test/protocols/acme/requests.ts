// Certification requests for tests, sound and broken.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { encodeAlgorithm } from '../../../src/formats/algorithms.ts';
import { der } from '../../../src/formats/der.ts';
import { encodeExtension, encodeName, extensions } from '../../../src/formats/x509/build.ts';
import type { GeneralName } from '../../../src/formats/x509/certificate.ts';
import { parseIp } from '../../../src/verify/ip.ts';

export interface CsrOptions {
  readonly privateKey?: KeyObject;
  readonly publicKey?: KeyObject;
  readonly commonName?: string;
  readonly breakSignature?: boolean;
}

export function newCsrKey(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** PKCS #10 in DER with these names in its subjectAltName. */
export function csrFor(names: readonly string[], o: CsrOptions = {}): Uint8Array {
  const pair = newCsrKey();
  const privateKey = o.privateKey ?? pair.privateKey;
  const publicKey = o.publicKey ?? (o.privateKey === undefined ? pair.publicKey : undefined);
  if (publicKey === undefined) throw new TypeError('a private key without its public key');
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const subject = encodeName(o.commonName === undefined ? [] : [{ oid: '2.5.4.3', value: o.commonName }]);
  const attributes = names.length === 0 ? new Uint8Array(0) : extensionRequest(names);
  const info = der.sequence(der.integer(0), subject, spki, der.context(0, attributes));
  const signature = new Uint8Array(sign('sha256', info, privateKey));
  if (o.breakSignature === true) {
    // The last octet belongs to s.
    const last = signature.length - 1;
    signature[last] = (signature[last] ?? 0) ^ 1;
  }
  return der.sequence(info, encodeAlgorithm('ecdsa-sha256'), der.bitString(signature));
}

/** RFC 2985 §5.4.2. */
function extensionRequest(names: readonly string[]): Uint8Array {
  const extension = extensions.subjectAltName(names.map(generalName), { critical: false });
  return der.sequence(der.oid('1.2.840.113549.1.9.14'), der.set(der.sequence(encodeExtension(extension))));
}

function generalName(value: string): GeneralName {
  const octets = parseIp(value);
  return octets === undefined ? { type: 'dns', value } : { type: 'ip', value: octets };
}
