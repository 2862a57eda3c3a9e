// Signed certificate timestamps: RFC 6962 §§3.2–3.3, with the leaf index that static-ct-api adds.

import { concat } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { children, contextTag, DerCursor, der, explicit, readDer, TAG } from '../der.ts';
import { readOctetString } from '../der-values.ts';
import { TlsReader, tlsNumber, tlsVector } from '../tls.ts';
import { type Certificate, extension, x509 } from './certificate.ts';
import { OID } from './oids.ts';

export interface Sct {
  /** SHA-256 of the log's SubjectPublicKeyInfo. */
  readonly logId: Uint8Array;
  readonly timestampMs: number;
  /** CtExtensions, opaque; see `leafIndexExtension`. */
  readonly extensions: Uint8Array;
  /** TLS SignatureAndHashAlgorithm (RFC 5246 §7.4.1.4.1) as far as logs use it. */
  readonly algorithm: SctAlgorithm;
  /** DER for ECDSA. */
  readonly signature: Uint8Array;
}

export type SctAlgorithm = 'ecdsa-sha256' | 'rsa-pkcs1-sha256';

const TLS_ALGORITHMS: Readonly<Record<SctAlgorithm, readonly [hash: number, signature: number]>> = {
  'ecdsa-sha256': [4, 3],
  'rsa-pkcs1-sha256': [4, 1],
};

/** The TLS form of one SCT, version 1. */
export function encodeSct(sct: Sct): Uint8Array {
  if (sct.logId.length !== 32) throw new TypeError('a log id has 32 octets');
  return concat(
    new Uint8Array(1),
    sct.logId,
    tlsNumber(sct.timestampMs, 8),
    tlsVector(sct.extensions, 2),
    Uint8Array.from(TLS_ALGORITHMS[sct.algorithm]),
    tlsVector(sct.signature, 2),
  );
}

/** The extension's value: OCTET STRING around the TLS list (RFC 6962 §3.3). */
export function sctListValue(scts: readonly Uint8Array[]): Uint8Array {
  return der.octetString(tlsVector(concat(...scts.map((sct) => tlsVector(sct, 2))), 2));
}

function badSct(detail: string): SealyardError {
  return new SealyardError('SY-X509-MALFORMED', `SCT: ${detail}`);
}

/**
 * The SCTs in the extension's value. SCTs of versions other than 1 are left out, as RFC 6962 §3.3 lets clients do.
 * @throws SealyardError `SY-X509-MALFORMED`
 */
export function parseSctList(extensionValue: Uint8Array): Sct[] {
  const outer = new TlsReader(
    x509(() => readOctetString(readDer(extensionValue))),
    badSct,
  );
  const list = new TlsReader(outer.vector(2), badSct);
  outer.end();
  const scts: Sct[] = [];
  if (list.done) throw badSct('an empty list');
  while (!list.done) {
    const bytes = list.vector(2);
    if (bytes[0] === 0) scts.push(parseSct(bytes));
  }
  return scts;
}

/**
 * One serialized SCT, version 1.
 * @throws SealyardError `SY-X509-MALFORMED`
 */
export function parseSct(bytes: Uint8Array): Sct {
  const reader = new TlsReader(bytes, badSct);
  if (reader.number(1) !== 0) throw badSct('a version other than 1');
  const logId = reader.take(32);
  const timestampMs = reader.number(8);
  const extensions = reader.vector(2);
  const [hash, kind] = reader.take(2);
  const algorithm = (['ecdsa-sha256', 'rsa-pkcs1-sha256'] as const).find(
    (name) => TLS_ALGORITHMS[name][0] === hash && TLS_ALGORITHMS[name][1] === kind,
  );
  if (algorithm === undefined) throw badSct('a signature algorithm that no log uses');
  const signature = reader.vector(2);
  reader.end();
  return { logId, timestampMs, extensions, algorithm, signature };
}

/** What a log signs for a precertificate (RFC 6962 §3.2, digitally-signed struct with precert_entry). */
export function sctSignedBytes(o: {
  readonly timestampMs: number;
  /** SHA-256 of the issuer's SubjectPublicKeyInfo. */
  readonly issuerKeyHash: Uint8Array;
  readonly tbsWithoutScts: Uint8Array;
  readonly extensions: Uint8Array;
}): Uint8Array {
  if (o.issuerKeyHash.length !== 32) throw new TypeError('an issuer key hash has 32 octets');
  return concat(
    // v1, certificate_timestamp
    new Uint8Array(2),
    tlsNumber(o.timestampMs, 8),
    // precert_entry
    tlsNumber(1, 2),
    o.issuerKeyHash,
    tlsVector(o.tbsWithoutScts, 3),
    tlsVector(o.extensions, 2),
  );
}

/**
 * The TBSCertificate with the SCT list extension (and a poison extension) taken out, all else byte for byte.
 * Where the list was appended last this is what our own log signed.
 */
export function tbsWithoutScts(cert: Certificate): Uint8Array {
  if (extension(cert, OID.sctList) === undefined && extension(cert, OID.ctPoison) === undefined)
    return cert.tbs;
  return x509(() => {
    const fields = children(readDer(cert.tbs)).map((field) => {
      if (field.tag !== contextTag(3)) return field.bytes;
      const kept = children(explicit(field)).filter((entry) => {
        const oid = new DerCursor(entry).next(TAG.oid).bytes;
        return !SCT_OIDS.some(
          (known) => known.every((octet, i) => octet === oid[i]) && known.length === oid.length,
        );
      });
      // An empty list of extensions cannot be written: the field goes with its last member.
      if (kept.length === 0) return new Uint8Array(0);
      return der.context(3, der.sequence(...kept.map((entry) => entry.bytes)));
    });
    return der.sequence(...fields);
  });
}

const SCT_OIDS = [der.oid(OID.sctList), der.oid(OID.ctPoison)];

/** CtExtensions that hold the entry's index (static-ct-api: type 0, 5 octets big-endian). */
export function leafIndexExtension(index: number): Uint8Array {
  return concat(new Uint8Array(1), tlsVector(tlsNumber(index, 5), 2));
}

/** The leaf index in an SCT's extensions, `undefined` where there is none or the extensions are of another kind. */
export function leafIndexOf(extensions: Uint8Array): number | undefined {
  const reader = new TlsReader(extensions, badSct);
  try {
    while (!reader.done) {
      const type = reader.number(1);
      const data = reader.vector(2);
      if (type === 0) return data.length === 5 ? new TlsReader(data, badSct).number(5) : undefined;
    }
  } catch {
    // Other logs put other things there (RFC 6962 leaves them opaque).
  }
  return undefined;
}
