// The certificate that answers tls-alpn-01 (RFC 8737 §3, RFC 8738 §6): what it must be, clause by clause.
import { createHash, X509Certificate } from 'node:crypto';
import { contextTag, DerCursor, explicit, readDer, TAG } from '../formats/der.ts';
import { type Extension, type GeneralName, parseExtensions } from '../formats/x509/certificate.ts';
import { parseGeneralNames } from '../formats/x509/general-names.ts';
import { OID } from '../formats/x509/oids.ts';
import { concat, equalBytes } from '../ground/bytes.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { addressOctets } from './reverse-name.ts';

const MAX_BYTES = 64 * 1024;
/** id-pe-acmeIdentifier. */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';

interface Parts {
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly extensions: readonly Extension[];
}

interface Expected {
  readonly identifier: RequestedName;
  readonly keyAuthorization: string;
}

/**
 * Why the certificate does not answer the challenge; `undefined` where it does. Strict in what the challenge is about
 * and indulgent in the rest (serial, validity, empty names): nothing else of this certificate is ever used.
 */
export function judgeAlpnCertificate(der: Uint8Array, expected: Expected): string | undefined {
  if (der.length > MAX_BYTES) return 'it is too large';
  try {
    const parts = readParts(der);
    if (!isSelfSigned(der, parts)) return 'it is not self-signed';
    return judgeNames(parts.extensions, expected.identifier) ?? judgeDigest(parts.extensions, expected);
  } catch {
    return 'it is not a well-formed certificate';
  }
}

function readParts(der: Uint8Array): Parts {
  const tbs = new DerCursor(new DerCursor(readDer(der)).next(TAG.sequence));
  tbs.optional(contextTag(0));
  tbs.next(); // serial
  tbs.next(TAG.sequence); // algorithm
  const issuer = tbs.next(TAG.sequence).bytes;
  tbs.next(TAG.sequence); // validity
  const subject = tbs.next(TAG.sequence).bytes;
  tbs.next(TAG.sequence); // key
  tbs.optional(contextTag(1, false));
  tbs.optional(contextTag(2, false));
  const field = tbs.optional(contextTag(3));
  tbs.end();
  return {
    issuer,
    subject,
    extensions: field === undefined ? [] : parseExtensions(new DerCursor(explicit(field))),
  };
}

function isSelfSigned(der: Uint8Array, parts: Parts): boolean {
  const certificate = new X509Certificate(der);
  return equalBytes(parts.issuer, parts.subject) && certificate.verify(certificate.publicKey);
}

function judgeNames(extensions: readonly Extension[], identifier: RequestedName): string | undefined {
  const found = extensions.find(({ oid }) => oid === OID.subjectAltName);
  if (found === undefined) return 'it has no subjectAltName';
  const names = parseGeneralNames(new DerCursor(readDer(found.value)), 16);
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) return `it has ${names.length} names instead of one`;
  return isName(name, identifier) ? undefined : `its name is not ${identifier.type} ${identifier.value}`;
}

function isName(name: GeneralName, identifier: RequestedName): boolean {
  if (identifier.type === 'ip')
    return name.type === 'ip' && equalBytes(name.value, addressOctets(identifier.value));
  return name.type === 'dns' && name.value.toLowerCase() === identifier.value;
}

function judgeDigest(extensions: readonly Extension[], expected: Expected): string | undefined {
  const found = extensions.find(({ oid }) => oid === ACME_IDENTIFIER);
  if (found === undefined) return `it has no acmeIdentifier extension (${ACME_IDENTIFIER})`;
  if (!found.critical) return 'its acmeIdentifier extension is not critical';
  const digest = createHash('sha256').update(expected.keyAuthorization).digest();
  // RFC 8737 §3: Authorization ::= OCTET STRING (SIZE (32)).
  return equalBytes(found.value, concat(Uint8Array.of(4, 32), digest))
    ? undefined
    : 'its acmeIdentifier is not the digest of this key authorization';
}
