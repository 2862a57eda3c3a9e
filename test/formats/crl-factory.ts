// CRLs for tests, signed by the parties of x509-factory.
import { assembleCertificate, extensions } from '../../src/formats/x509/build.ts';
import type { Extension } from '../../src/formats/x509/certificate.ts';
import {
  buildCrlTbs,
  type CertificateList,
  crlExtensions,
  encodeRevokedEntry,
  parseCrl,
  type RevokedEntryFields,
} from '../../src/formats/x509/crl.ts';
import { concat } from '../../src/ground/bytes.ts';
import { NOW, type Party, signWith } from './x509-factory.ts';

const HOUR_MS = 3_600_000;

export interface CrlWish {
  readonly issuer: Party;
  readonly entries?: readonly RevokedEntryFields[];
  readonly number?: number;
  readonly base?: number;
  readonly url?: string;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  /** Added to the usual ones; one with the same OID replaces it. */
  readonly with?: readonly Extension[];
  readonly without?: readonly string[];
}

export function makeCrlDer(wish: CrlWish): Uint8Array {
  const { issuer, entries = [], number = 1, base, url } = wish;
  const usual = [
    extensions.authorityKeyId(issuer.key.id),
    crlExtensions.crlNumber(number),
    ...(url === undefined ? [] : [crlExtensions.issuingDistributionPoint(url)]),
    ...(base === undefined ? [] : [crlExtensions.deltaCrlIndicator(base)]),
  ];
  const replaced = new Set([...(wish.with ?? []).map(({ oid }) => oid), ...(wish.without ?? [])]);
  const tbs = buildCrlTbs({
    issuer: issuer.certificate.subject.der,
    signatureAlgorithm: issuer.key.algorithm,
    thisUpdate: wish.thisUpdate ?? new Date(NOW.getTime() - HOUR_MS),
    nextUpdate: wish.nextUpdate ?? new Date(NOW.getTime() + HOUR_MS),
    entries: concat(...entries.map(encodeRevokedEntry)),
    extensions: [...usual.filter(({ oid }) => !replaced.has(oid)), ...(wish.with ?? [])],
  });
  return assembleCertificate(tbs, issuer.key.algorithm, signWith(issuer.key, tbs));
}

export function makeCrl(wish: CrlWish): CertificateList {
  return parseCrl(makeCrlDer(wish));
}
