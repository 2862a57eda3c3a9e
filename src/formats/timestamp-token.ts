// Reading the CMS SignedData around a TSTInfo (RFC 3161 §2.4.2, RFC 5652 §5, RFC 5816).
import type { Serial } from '../ground/ids.ts';
import { decodeAlgorithm, decodeHash, type HashAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import { children, contextTag, DerCursor, type DerNode, explicit, malformed, readDer, TAG } from './der.ts';
import {
  readNamedBits,
  readOctetString,
  readOid,
  readSerial,
  readSmallInteger,
  readText,
  readTime,
} from './der-values.ts';
import { compareBytes } from './der-write.ts';
import { parseTstInfo, type TstInfo, timestamp } from './timestamp-info.ts';
import { type GeneralName, parseGeneralNames } from './x509/general-names.ts';
import { type Name, parseName } from './x509/names.ts';
import { OID } from './x509/oids.ts';

export interface TimestampSigner {
  readonly identifier:
    | { readonly kind: 'issuer-and-serial'; readonly issuer: Name; readonly serial: Serial }
    | { readonly kind: 'key-id'; readonly keyId: Uint8Array };
  readonly digestAlgorithm: HashAlgorithm;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  /** The SET OF attributes: what the signature is over (RFC 5652 §5.4). */
  readonly signedAttributes: Uint8Array;
  readonly messageDigest: Uint8Array;
  /** From signing-certificate(-v2): the certificate that the signer says it used. At least one where parsed. */
  readonly certificateHashes: readonly CertificateHash[];
  readonly signingTime?: Date;
}

export interface CertificateHash {
  readonly algorithm: HashAlgorithm | 'sha1';
  readonly hash: Uint8Array;
  readonly issuer?: readonly GeneralName[];
  readonly serial?: Serial;
}

export interface TimestampToken {
  /** ContentInfo. */
  readonly der: Uint8Array;
  readonly info: TstInfo;
  /** DER of the TSTInfo: what `messageDigest` is over. */
  readonly infoDer: Uint8Array;
  readonly signer: TimestampSigner;
  /** DER of the certificates that came along; unverified. */
  readonly certificates: readonly Uint8Array[];
}

export interface TimestampResponse {
  /** PKIStatus: 0 granted, 1 granted with modifications, 2 rejection, … */
  readonly status: number;
  readonly statusText?: string;
  /** PKIFailureInfo bits. */
  readonly failures: readonly number[];
  /** Present exactly where granted. */
  readonly token?: TimestampToken;
}

/** Larger answers hold nothing that a verifier needs. */
const MAX_RESPONSE_BYTES = 256 * 1024;
const MAX_CERTIFICATES = 16;

/**
 * Reads a TimeStampResp.
 * @throws SealyardError `SY-TIMESTAMP-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseTimestampResponse(bytes: Uint8Array): TimestampResponse {
  return timestamp(() => {
    if (bytes.length > MAX_RESPONSE_BYTES) throw malformed('a response that is too large');
    const cursor = new DerCursor(readDer(bytes));
    const status = parseStatus(cursor.open());
    const token = cursor.done ? undefined : parseContentInfo(cursor.next());
    cursor.end();
    // RFC 3161 §2.4.2: a token comes with status 0 and 1 and with no other.
    if (status.status <= 1 !== (token !== undefined)) throw malformed('a status that contradicts the token');
    return token === undefined ? status : { ...status, token };
  });
}

function parseStatus(cursor: DerCursor): {
  status: number;
  statusText?: string;
  failures: readonly number[];
} {
  const status = readSmallInteger(cursor.next(), 127);
  const text = cursor.optional(TAG.sequence);
  const bits = cursor.optional(TAG.bitString);
  cursor.end();
  const failures = bits === undefined ? [] : readNamedBits(bits);
  if (text === undefined) return { status, failures };
  return { status, failures, statusText: children(text, 16).map(readText).join(' ') };
}

/**
 * Reads a TimeStampToken by itself, as CMS attributes and some bundles hold it.
 * @throws SealyardError `SY-TIMESTAMP-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseTimestampToken(bytes: Uint8Array): TimestampToken {
  return timestamp(() => parseContentInfo(readDer(bytes)));
}

function parseContentInfo(node: DerNode): TimestampToken {
  const outer = new DerCursor(node);
  if (readOid(outer.next()) !== OID.signedData) throw malformed('not a SignedData');
  const signedData = new DerCursor(explicit(outer.next(contextTag(0))));
  outer.end();
  // RFC 5652 §5.1: version 3, since the content is no plain data.
  if (readSmallInteger(signedData.next(), 127) !== 3) throw malformed('a SignedData of another version');
  const digests = children(signedData.next(TAG.set), 8).map(decodeHash);
  const infoDer = parseContent(signedData.open());
  const certificates = parseCertificates(signedData.optional(contextTag(0)));
  signedData.optional(contextTag(1));
  const signers = children(signedData.next(TAG.set), 2);
  signedData.end();
  const [only] = signers;
  // RFC 3161 §2.4.2: the authority's signature and no other.
  if (only === undefined || signers.length !== 1) throw malformed('a timestamp has one signer');
  const signer = parseSigner(new DerCursor(only));
  if (!digests.includes(signer.digestAlgorithm)) throw malformed('a digest algorithm that is not announced');
  return { der: node.bytes, info: parseTstInfo(infoDer), infoDer, signer, certificates };
}

function parseContent(cursor: DerCursor): Uint8Array {
  if (readOid(cursor.next()) !== OID.tstInfo) throw malformed('content that is no TSTInfo');
  const content = readOctetString(explicit(cursor.next(contextTag(0))));
  cursor.end();
  return content;
}

function parseCertificates(field: DerNode | undefined): Uint8Array[] {
  if (field === undefined) return [];
  const found = children(field, MAX_CERTIFICATES);
  // CertificateChoices other than X.509 (RFC 5652 §10.2.2) are obsolete or attribute certificates.
  return found.filter(({ tag }) => tag === TAG.sequence).map(({ bytes }) => bytes);
}

function parseSigner(cursor: DerCursor): TimestampSigner {
  const version = readSmallInteger(cursor.next(), 127);
  const identifier = parseIdentifier(cursor.next());
  // RFC 5652 §5.3
  if (version !== (identifier.kind === 'key-id' ? 3 : 1)) throw malformed('a SignerInfo of another version');
  const digestAlgorithm = decodeHash(cursor.next(TAG.sequence));
  const signed = cursor.next(contextTag(0));
  const signatureAlgorithm = parseSignatureAlgorithm(cursor.next(TAG.sequence), digestAlgorithm);
  const signature = readOctetString(cursor.next());
  cursor.optional(contextTag(1));
  cursor.end();
  // RFC 5652 §5.4: signed as SET OF, sent with an implicit tag.
  const signedAttributes = signed.bytes.slice();
  signedAttributes[0] = TAG.set;
  const attributes = parseAttributes(children(signed, 32));
  return { identifier, digestAlgorithm, signatureAlgorithm, signature, signedAttributes, ...attributes };
}

function parseIdentifier(node: DerNode): TimestampSigner['identifier'] {
  if (node.tag === contextTag(0, false)) return { kind: 'key-id', keyId: node.content };
  const cursor = new DerCursor(node);
  const issuer = parseName(cursor.next());
  const serial = readSerial(cursor.next());
  cursor.end();
  return { kind: 'issuer-and-serial', issuer, serial };
}

/** Some authorities write the key's algorithm alone (RFC 3370 §3.2 allows rsaEncryption); the digest then says the rest. */
function parseSignatureAlgorithm(node: DerNode, digest: HashAlgorithm): SignatureAlgorithm {
  if (readOid(new DerCursor(node).next()) === RSA_ENCRYPTION) return `rsa-pkcs1-${digest}`;
  return decodeAlgorithm(node);
}

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

type SignedFields = Pick<TimestampSigner, 'messageDigest' | 'certificateHashes' | 'signingTime'>;

function parseAttributes(nodes: readonly DerNode[]): SignedFields {
  const values = new Map<string, DerNode>();
  nodes.forEach((node, i) => {
    const before = nodes[i - 1];
    // The signature covers the DER of the SET OF: an unsorted one would verify or not by the reader's mood.
    if (before !== undefined && compareBytes(before.bytes, node.bytes) >= 0)
      throw malformed('a SET OF out of order');
    const attribute = new DerCursor(node);
    const oid = readOid(attribute.next());
    const set = children(attribute.next(TAG.set), 16);
    attribute.end();
    const [value] = set;
    if (values.has(oid)) throw malformed('a signed attribute twice');
    if (value === undefined) throw malformed('an empty signed attribute');
    if (KNOWN_ATTRIBUTES.includes(oid) && set.length !== 1)
      throw malformed('a signed attribute with several values');
    values.set(oid, value);
  });
  return signedFields(values);
}

const KNOWN_ATTRIBUTES: readonly string[] = [
  OID.contentType,
  OID.messageDigest,
  OID.signingTime,
  OID.signingCertificate,
  OID.signingCertificateV2,
];

function signedFields(values: ReadonlyMap<string, DerNode>): SignedFields {
  const contentType = values.get(OID.contentType);
  const digest = values.get(OID.messageDigest);
  // RFC 5652 §11.1–11.2: both are mandatory, and the type is that of the content.
  if (contentType === undefined || readOid(contentType) !== OID.tstInfo)
    throw malformed('a wrong content type');
  if (digest === undefined) throw malformed('no message digest');
  const time = values.get(OID.signingTime);
  return {
    messageDigest: readOctetString(digest),
    certificateHashes: [
      ...parseV1(values.get(OID.signingCertificate)),
      ...parseV2(values.get(OID.signingCertificateV2)),
    ],
    ...(time && { signingTime: readTime(time) }),
  };
}

/** ESSCertID (RFC 2634 §5.4): SHA-1. */
function parseV1(node: DerNode | undefined): CertificateHash[] {
  return firstId(node, (cursor) => ({
    algorithm: 'sha1',
    hash: readOctetString(cursor.next()),
    ...issuerSerial(cursor),
  }));
}

/** ESSCertIDv2 (RFC 5035 §4): SHA-256 where nothing else is said. */
function parseV2(node: DerNode | undefined): CertificateHash[] {
  return firstId(node, (cursor) => {
    const algorithm = cursor.tag === TAG.sequence ? decodeHash(cursor.next()) : 'sha256';
    return { algorithm, hash: readOctetString(cursor.next()), ...issuerSerial(cursor) };
  });
}

/** The first identifier is the signer's own (RFC 5035 §3); the others only restrict the chain. */
function firstId(node: DerNode | undefined, read: (cursor: DerCursor) => CertificateHash): CertificateHash[] {
  if (node === undefined) return [];
  const list = new DerCursor(node).open();
  return [read(list.open())];
}

function issuerSerial(cursor: DerCursor): Pick<CertificateHash, 'issuer' | 'serial'> {
  if (cursor.done) return {};
  const inner = cursor.open();
  const issuer = parseGeneralNames(inner.open());
  const serial = readSerial(inner.next());
  inner.end();
  cursor.end();
  return { issuer, serial };
}
