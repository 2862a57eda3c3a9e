// The certificate extensions that path validation reads, decoded (RFC 5280 §4.2.1).
import type { Serial } from '../../ground/ids.ts';
import { contextTag, DerCursor, type DerNode, explicit, malformed, readDer, TAG } from '../der.ts';
import {
  readBoolean,
  readNamedBits,
  readOctetString,
  readOid,
  readSerial,
  readSmallInteger,
} from '../der-values.ts';
import type { Extension } from './certificate.ts';
import { type GeneralName, parseGeneralName, parseGeneralNames } from './general-names.ts';
import { KEY_USAGES, type KeyUsage, OID } from './oids.ts';

/** Subtrees; minimum and maximum are always 0 and absent (RFC 5280 §4.2.1.10). */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface AuthorityKeyId {
  readonly keyId?: Uint8Array;
  readonly issuer?: readonly GeneralName[];
  readonly serial?: Serial;
}

export interface PolicyConstraints {
  readonly requireExplicitPolicy?: number;
  readonly inhibitPolicyMapping?: number;
}

/** Decoded extensions; a member is absent where its extension is. */
export interface DecodedExtensions {
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number };
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** OIDs. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectAltNames?: readonly GeneralName[];
  readonly subjectKeyId?: Uint8Array;
  /** keyIdentifier of authorityKeyIdentifier. */
  readonly authorityKeyId?: Uint8Array;
  /** The whole authorityKeyIdentifier. */
  readonly authority?: AuthorityKeyId;
  readonly nameConstraints?: NameConstraints;
  readonly policyConstraints?: PolicyConstraints;
  readonly policyMappings?: readonly { readonly issuer: string; readonly subject: string }[];
  readonly inhibitAnyPolicy?: number;
  /** OIDs of certificatePolicies; qualifiers are not kept. */
  readonly policies?: readonly string[];
  /** URLs of CRLs, from the fullName fields. */
  readonly crlUrls?: readonly string[];
  readonly ocspUrls?: readonly string[];
  readonly caIssuersUrls?: readonly string[];
  /** URLs of delta CRLs, from the fullName fields of freshestCRL. */
  readonly deltaCrlUrls?: readonly string[];
  /** TLS extension numbers (RFC 7633); 5 is must-staple. */
  readonly tlsFeatures?: readonly number[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Decode = (node: DerNode, into: Mutable<DecodedExtensions>) => void;

const DECODERS: Readonly<Record<string, Decode>> = {
  [OID.basicConstraints]: (node, into) => {
    into.basicConstraints = basicConstraints(new DerCursor(node));
  },
  [OID.keyUsage]: (node, into) => {
    into.keyUsage = keyUsage(node);
  },
  [OID.extendedKeyUsage]: (node, into) => {
    into.extendedKeyUsage = oidList(node);
  },
  [OID.subjectAltName]: (node, into) => {
    into.subjectAltNames = subjectAltNames(new DerCursor(node));
  },
  [OID.subjectKeyIdentifier]: (node, into) => {
    into.subjectKeyId = readOctetString(node);
  },
  [OID.authorityKeyIdentifier]: (node, into) => {
    into.authority = authorityKeyId(new DerCursor(node));
    if (into.authority.keyId !== undefined) into.authorityKeyId = into.authority.keyId;
  },
  [OID.nameConstraints]: (node, into) => {
    into.nameConstraints = nameConstraints(new DerCursor(node));
  },
  [OID.policyConstraints]: (node, into) => {
    into.policyConstraints = policyConstraints(new DerCursor(node));
  },
  [OID.policyMappings]: (node, into) => {
    into.policyMappings = policyMappings(new DerCursor(node));
  },
  [OID.inhibitAnyPolicy]: (node, into) => {
    into.inhibitAnyPolicy = readSmallInteger(node, MAX_SKIP);
  },
  [OID.certificatePolicies]: (node, into) => {
    into.policies = policies(new DerCursor(node));
  },
  [OID.crlDistributionPoints]: (node, into) => {
    into.crlUrls = crlUrls(new DerCursor(node));
  },
  [OID.freshestCrl]: (node, into) => {
    into.deltaCrlUrls = crlUrls(new DerCursor(node));
  },
  [OID.tlsFeature]: (node, into) => {
    into.tlsFeatures = tlsFeatures(new DerCursor(node));
  },
  [OID.authorityInfoAccess]: (node, into) => {
    const access = accessDescriptions(new DerCursor(node));
    into.ocspUrls = access.filter(({ method }) => method === OID.ocsp).map(({ url }) => url);
    into.caIssuersUrls = access.filter(({ method }) => method === OID.caIssuers).map(({ url }) => url);
  },
};

/** Counters of skipped certificates: longer than any path, so that larger values change nothing. */
const MAX_SKIP = 0xffff_ffff;
const MAX_LIST = 4096;

/**
 * Decodes what it knows and leaves the rest to whoever asks for it by OID.
 * @throws SealyardError `SY-DER-MALFORMED` where a known extension breaks its syntax
 */
export function decodeExtensions(extensions: readonly Extension[]): DecodedExtensions {
  const decoded: Mutable<DecodedExtensions> = {};
  for (const { oid, value } of extensions) DECODERS[oid]?.(readDer(value), decoded);
  return decoded;
}

function basicConstraints(cursor: DerCursor): { ca: boolean; pathLength?: number } {
  const flag = cursor.optional(TAG.boolean);
  if (flag !== undefined && !readBoolean(flag)) throw malformed('a default cA that is written out');
  const length = cursor.optional(TAG.integer);
  cursor.end();
  const ca = flag !== undefined;
  // RFC 5280 §4.2.1.9: pathLenConstraint means something for CAs alone.
  if (length !== undefined && !ca) throw malformed('a path length on a certificate that is no CA');
  return length === undefined ? { ca } : { ca, pathLength: readSmallInteger(length, MAX_SKIP) };
}

function keyUsage(node: DerNode): ReadonlySet<KeyUsage> {
  const usages = readNamedBits(node).flatMap((bit) => KEY_USAGES[bit] ?? []);
  // RFC 5280 §4.2.1.3: at least one bit.
  if (usages.length === 0) throw malformed('a keyUsage without usages');
  return new Set(usages);
}

function oidList(node: DerNode): string[] {
  const cursor = new DerCursor(node);
  const oids: string[] = [];
  while (!cursor.done && oids.length < MAX_LIST) oids.push(readOid(cursor.next()));
  cursor.end();
  if (oids.length === 0) throw malformed('an extendedKeyUsage without usages');
  return oids;
}

function subjectAltNames(cursor: DerCursor): GeneralName[] {
  const names = parseGeneralNames(cursor);
  for (const name of names) {
    if (name.type === 'ip' && name.value.length !== 4 && name.value.length !== 16)
      throw malformed('an IP address of bad length');
    // RFC 5280 §4.2.1.6: " " is not a name, and an empty one is worse.
    if ((name.type === 'dns' || name.type === 'email' || name.type === 'uri') && name.value === '')
      throw malformed('an empty name');
  }
  return names;
}

function authorityKeyId(cursor: DerCursor): AuthorityKeyId {
  const keyId = cursor.optional(contextTag(0, false))?.content;
  const issuerField = cursor.optional(contextTag(1));
  const serialField = cursor.optional(contextTag(2, false));
  cursor.end();
  // RFC 5280 §4.2.1.1: issuer and serial come together.
  if ((issuerField === undefined) !== (serialField === undefined))
    throw malformed('an authorityKeyIdentifier with half a reference');
  if (issuerField === undefined || serialField === undefined) return keyId === undefined ? {} : { keyId };
  const issuer = parseGeneralNames(new DerCursor(issuerField, issuerField.tag));
  const serial = readSerial({ ...serialField, tag: TAG.integer });
  return keyId === undefined ? { issuer, serial } : { keyId, issuer, serial };
}

function nameConstraints(cursor: DerCursor): NameConstraints {
  const permitted = subtrees(cursor.optional(contextTag(0)));
  const excluded = subtrees(cursor.optional(contextTag(1)));
  cursor.end();
  if (permitted.length + excluded.length === 0) throw malformed('name constraints without subtrees');
  return { permitted, excluded };
}

function subtrees(node: DerNode | undefined): GeneralName[] {
  if (node === undefined) return [];
  const cursor = new DerCursor(node, node.tag);
  const bases: GeneralName[] = [];
  while (!cursor.done) {
    if (bases.length === MAX_LIST) throw malformed('too many subtrees');
    const subtree = cursor.open();
    bases.push(subtreeBase(subtree.next()));
    // RFC 5280 §4.2.1.10: minimum is 0, hence absent, and maximum absent.
    subtree.end();
  }
  if (bases.length === 0) throw malformed('an empty list of subtrees');
  return bases;
}

function subtreeBase(node: DerNode): GeneralName {
  const base = parseGeneralName(node);
  if (base.type === 'ip' && !isNetwork(base.value))
    throw malformed('an IP subtree that is not address and mask');
  if (base.type === 'dns' && !/^$|^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(base.value))
    throw malformed('a DNS subtree that is not a host name');
  return base;
}

/** RFC 4632: the ones of the mask come first. */
function isNetwork(value: Uint8Array): boolean {
  if (value.length !== 8 && value.length !== 32) return false;
  const mask = value.subarray(value.length / 2);
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits);
}

function policyConstraints(cursor: DerCursor): PolicyConstraints {
  const explicitField = cursor.optional(contextTag(0, false));
  const mappingField = cursor.optional(contextTag(1, false));
  cursor.end();
  // RFC 5280 §4.2.1.11: not the empty sequence.
  if (explicitField === undefined && mappingField === undefined)
    throw malformed('policy constraints without content');
  return {
    ...(explicitField && {
      requireExplicitPolicy: readSmallInteger(explicitField, MAX_SKIP, explicitField.tag),
    }),
    ...(mappingField && { inhibitPolicyMapping: readSmallInteger(mappingField, MAX_SKIP, mappingField.tag) }),
  };
}

function policyMappings(cursor: DerCursor): { issuer: string; subject: string }[] {
  const found: { issuer: string; subject: string }[] = [];
  while (!cursor.done && found.length < MAX_LIST) {
    const mapping = cursor.open();
    const pair = { issuer: readOid(mapping.next()), subject: readOid(mapping.next()) };
    mapping.end();
    // RFC 5280 §4.2.1.5: never to or from anyPolicy.
    if (pair.issuer === OID.anyPolicy || pair.subject === OID.anyPolicy)
      throw malformed('a mapping of anyPolicy');
    found.push(pair);
  }
  cursor.end();
  if (found.length === 0) throw malformed('policy mappings without mappings');
  return found;
}

function policies(cursor: DerCursor): string[] {
  const found = new Set<string>();
  while (!cursor.done) {
    const information = cursor.open();
    const oid = readOid(information.next());
    information.optional(TAG.sequence);
    information.end();
    // RFC 5280 §4.2.1.4: no policy twice.
    if (found.has(oid)) throw malformed('a policy twice');
    found.add(oid);
  }
  if (found.size === 0) throw malformed('certificate policies without policies');
  return [...found];
}

function crlUrls(cursor: DerCursor): string[] {
  const urls: string[] = [];
  if (cursor.done) throw malformed('no CRL distribution point');
  while (!cursor.done) urls.push(...distributionPoint(cursor.open()));
  return urls;
}

function distributionPoint(point: DerCursor): string[] {
  const name = point.optional(contextTag(0));
  point.optional(contextTag(1, false));
  const issuer = point.optional(contextTag(2));
  point.end();
  if (name === undefined) {
    // RFC 5280 §4.2.1.13: a point with reasons alone says nothing.
    if (issuer === undefined) throw malformed('a CRL distribution point without a place');
    return [];
  }
  const choice = explicit(name);
  if (choice.tag !== contextTag(0)) return [];
  return parseGeneralNames(new DerCursor(choice, choice.tag)).flatMap((full) =>
    full.type === 'uri' ? full.value : [],
  );
}

function tlsFeatures(cursor: DerCursor): number[] {
  const found: number[] = [];
  while (!cursor.done && found.length < MAX_LIST) found.push(readSmallInteger(cursor.next(), 0xffff));
  cursor.end();
  return found;
}

function accessDescriptions(cursor: DerCursor): { method: string; url: string }[] {
  const found: { method: string; url: string }[] = [];
  if (cursor.done) throw malformed('no access description');
  while (!cursor.done) {
    const description = cursor.open();
    const method = readOid(description.next());
    const location = parseGeneralName(description.next());
    description.end();
    if (location.type === 'uri') found.push({ method, url: location.value });
  }
  return found;
}
