// Certificates for tests, made with the product's own builder and node:crypto keys that live in memory alone.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { encodeAlgorithm, type SignatureAlgorithm } from '../../src/formats/algorithms.ts';
import { der } from '../../src/formats/der.ts';
import {
  assembleCertificate,
  buildTbs,
  encodeExtension,
  encodeName,
  extensions,
} from '../../src/formats/x509/build.ts';
import { type Certificate, type Extension, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { asSerial, type Serial } from '../../src/ground/ids.ts';

export interface Key {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
  readonly id: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
}

export type KeyKind = 'P-256' | 'P-384' | 'P-521' | 'ed25519' | 'rsa' | 'ml-dsa-44';

const ALGORITHMS: Readonly<Record<KeyKind, SignatureAlgorithm>> = {
  'P-256': 'ecdsa-sha256',
  'P-384': 'ecdsa-sha384',
  'P-521': 'ecdsa-sha512',
  ed25519: 'ed25519',
  rsa: 'rsa-pkcs1-sha256',
  'ml-dsa-44': 'ml-dsa-44',
};

function pair(kind: KeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'ml-dsa-44') return generateKeyPairSync('ml-dsa-44');
  return generateKeyPairSync('ec', { namedCurve: kind });
}

export function makeKey(kind: KeyKind = 'P-256'): Key {
  const { publicKey, privateKey } = pair(kind);
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const id = new Uint8Array(createHash('sha256').update(spki).digest().subarray(0, 20));
  return { privateKey, spki, id, algorithm: ALGORITHMS[kind] };
}

export function signWith(key: Key, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign(/sha\d+$/.exec(key.algorithm)?.[0] ?? null, message, key.privateKey));
}

export function serialOf(text: string): Serial {
  const serial = asSerial(text);
  if (serial === undefined) throw new TypeError('not a serial');
  return serial;
}

export interface Party {
  readonly key: Key;
  readonly certificate: Certificate;
}

export interface Wish {
  readonly name?: string;
  readonly issuer?: Party;
  readonly key?: Key;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly serial?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Added to the usual ones; one with the same OID replaces it. */
  readonly with?: readonly Extension[];
  readonly without?: readonly string[];
}

export const START = new Date('2026-01-01T00:00:00Z');
export const END = new Date('2027-01-01T00:00:00Z');
export const NOW = new Date('2026-06-01T00:00:00Z');
let serials = 0x1000;

/** A certificate as asked; without an issuer it signs itself. */
export function makeParty(wish: Wish = {}): Party {
  const key = wish.key ?? makeKey();
  const issuer = wish.issuer;
  const signer = issuer?.key ?? key;
  const subject = encodeName(wish.name === '' ? [] : [{ oid: OID.commonName, value: wish.name ?? 'root' }]);
  const tbs = buildTbs({
    serial: serialOf(wish.serial ?? (serials++).toString(16)),
    issuer: issuer?.certificate.subject.der ?? subject,
    subject,
    notBefore: wish.notBefore ?? START,
    notAfter: wish.notAfter ?? END,
    spki: key.spki,
    signatureAlgorithm: signer.algorithm,
    extensions: usual(wish, key, signer),
  });
  return {
    key,
    certificate: parseCertificate(assembleCertificate(tbs, signer.algorithm, signWith(signer, tbs))),
  };
}

function usual(wish: Wish, key: Key, signer: Key): Extension[] {
  const ca = wish.ca ?? wish.issuer === undefined;
  const base = [
    extensions.basicConstraints(wish.pathLength === undefined ? { ca } : { ca, pathLength: wish.pathLength }),
    extensions.keyUsage(ca ? ['keyCertSign', 'crlSign'] : ['digitalSignature']),
    extensions.subjectKeyId(key.id),
    extensions.authorityKeyId(signer.id),
  ];
  const replaced = new Set([...(wish.with ?? []).map(({ oid }) => oid), ...(wish.without ?? [])]);
  return [...base.filter(({ oid }) => !replaced.has(oid)), ...(wish.with ?? [])];
}

/** CertificationRequestInfo: what the requester signs. */
export function buildCsrInfo(o: {
  /** Name DER. */
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}): Uint8Array {
  const attributes =
    o.extensions.length === 0
      ? new Uint8Array(0)
      : der.sequence(
          der.oid(OID.extensionRequest),
          der.set(der.sequence(...o.extensions.map(encodeExtension))),
        );
  return der.sequence(der.integer(0), o.subject, o.spki, der.context(0, attributes));
}

/** The request from its signed parts. */
export function assembleCsr(
  info: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Uint8Array {
  return der.sequence(info, encodeAlgorithm(algorithm), der.bitString(signature));
}
