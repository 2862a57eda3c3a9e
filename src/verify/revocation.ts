// Is a certificate of this path revoked? CRL validation of RFC 5280 §6.3 for lists that the issuer itself signs.
import { type Certificate, extension } from '../formats/x509/certificate.ts';
import type { CertificateList, RevokedEntry } from '../formats/x509/crl.ts';
import { REASON_CODES, type RevocationReason } from '../formats/x509/crl.ts';
import { sameName } from '../formats/x509/names.ts';
import { OID } from '../formats/x509/oids.ts';
import { equalBytes } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { publicKeyOf } from './chain.ts';
import { verifySignature } from './key.ts';

export interface RevocationOptions {
  /** As `validatePath` gives it: leaf … anchor. The anchor itself is not judged. */
  readonly path: readonly Certificate[];
  /** Complete and delta lists of any issuers, in any order; at most 256. */
  readonly crls: readonly CertificateList[];
  readonly at: Date;
}

const MAX_CRLS = 256;

/**
 * Demands that valid lists cover every certificate below the anchor for all reasons, and that none lists it. Indirect
 * lists are not used: nobody here issues them (§6.3.3 b.1 with cRLIssuer).
 * @throws SealyardError `SY-REVOCATION-REVOKED`; `SY-REVOCATION-UNKNOWN` with the reason why the nearest list is not
 *   usable
 */
export function demandUnrevoked({ path, crls, at }: RevocationOptions): void {
  if (crls.length > MAX_CRLS) throw new SealyardError('SY-REVOCATION-UNKNOWN', `${crls.length} lists`);
  for (const [i, cert] of path.entries()) {
    const issuer = path[i + 1];
    if (issuer === undefined) return;
    demandCertificate(cert, issuer, crls, at);
  }
}

function demandCertificate(
  cert: Certificate,
  issuer: Certificate,
  crls: readonly CertificateList[],
  at: Date,
): void {
  const own = crls.filter((crl) => sameName(crl.issuer, cert.issuer));
  let fault: string | undefined;
  const usable = own.filter((crl) => {
    const reason = faultOf(crl, { cert, issuer, at });
    fault ??= reason;
    return reason === undefined;
  });
  const missing = new Set(Object.keys(REASON_CODES) as RevocationReason[]);
  for (const complete of usable.filter(({ baseCrlNumber }) => baseCrlNumber === undefined)) {
    const entry = entryIn(complete, deltaOf(complete, usable), cert);
    if (entry !== undefined)
      throw new SealyardError(
        'SY-REVOCATION-REVOKED',
        `${cert.serial}: ${entry.reason} since ${entry.revokedAt.toISOString()}`,
      );
    for (const reason of complete.issuingDistributionPoint?.onlySomeReasons ?? [...missing])
      missing.delete(reason);
    if (covers(missing)) return;
  }
  throw new SealyardError('SY-REVOCATION-UNKNOWN', `${cert.serial}: ${fault ?? 'no list of its issuer'}`);
}

/** No flag stands for these two: lists of some reasons cannot name them (§4.2.1.13). */
function covers(missing: ReadonlySet<RevocationReason>): boolean {
  return [...missing].every((reason) => reason === 'unspecified' || reason === 'removeFromCRL');
}

/** §6.3.3 i–k: the delta goes before the complete list, and may take an entry back. */
function entryIn(
  complete: CertificateList,
  delta: CertificateList | undefined,
  { serial }: Certificate,
): RevokedEntry | undefined {
  const changed = delta?.entries.find((entry) => entry.serial === serial);
  if (changed !== undefined) return changed.reason === 'removeFromCRL' ? undefined : changed;
  return complete.entries.find((entry) => entry.serial === serial);
}

/** §5.2.4, §6.3.3 c: of the same scope and key, built on this list or an older one, and newer than it. */
function deltaOf(complete: CertificateList, usable: readonly CertificateList[]): CertificateList | undefined {
  const fitting = usable.filter((delta) => {
    const { baseCrlNumber, crlNumber } = delta;
    if (baseCrlNumber === undefined || crlNumber === undefined || complete.crlNumber === undefined)
      return false;
    return (
      baseCrlNumber <= complete.crlNumber &&
      complete.crlNumber < crlNumber &&
      sameExtension(complete, delta, OID.issuingDistributionPoint) &&
      sameExtension(complete, delta, OID.authorityKeyIdentifier)
    );
  });
  return fitting.sort((a, b) => ((a.crlNumber ?? 0n) < (b.crlNumber ?? 0n) ? 1 : -1))[0];
}

function sameExtension(a: CertificateList, b: CertificateList, oid: string): boolean {
  const [left, right] = [extension(a, oid), extension(b, oid)];
  if (left === undefined || right === undefined) return left === right;
  return equalBytes(left.value, right.value);
}

interface Judged {
  readonly cert: Certificate;
  readonly issuer: Certificate;
  readonly at: Date;
}

/** A sentence where the list must not be used for the certificate. The first that finds something speaks. */
type CrlRule = (crl: CertificateList, judged: Judged) => string | undefined;

const RULES: Readonly<Record<string, CrlRule>> = {
  /** §5.1.2.4–5: not yet, or no longer. Without nextUpdate a list would be good for ever. */
  current({ thisUpdate, nextUpdate }, { at }) {
    if (thisUpdate.getTime() > at.getTime()) return 'the list is from the future';
    if (nextUpdate === undefined) return 'the list does not say when the next one comes';
    return nextUpdate.getTime() >= at.getTime() ? undefined : 'the list has expired';
  },
  /** §5.2: version 2, and each extension with the criticality that its section demands. */
  form(crl) {
    if (crl.crlNumber === undefined) return 'the list has no CRL number';
    const wrong = crl.extensions.find(({ oid, critical }) => CRITICALITY.get(oid) === !critical);
    if (wrong !== undefined) return `${wrong.oid} has the wrong criticality`;
    const [unknown] = crl.unprocessedCritical;
    return unknown === undefined ? undefined : `unknown critical extension ${unknown}`;
  },
  /** §6.3.3 b: the scope of the list contains the certificate. */
  scope({ issuingDistributionPoint: point }, { cert }) {
    if (point === undefined) return undefined;
    const isAuthority = cert.basicConstraints?.ca === true;
    if (point.indirect) return 'the list is indirect';
    if (point.onlyAttributeCertificates) return 'the list is of attribute certificates';
    if (point.onlyUserCertificates && isAuthority) return 'the list is of end entities';
    if (point.onlyAuthorityCertificates && !isAuthority) return 'the list is of authorities';
    const named = point.urls?.some((url) => cert.crlUrls?.includes(url) === true) ?? true;
    return named ? undefined : 'the list is of another distribution point';
  },
  /** §6.3.3 f: whoever restricts a key must have allowed it to sign lists. */
  signer(_crl, { issuer }) {
    const { keyUsage } = issuer;
    return keyUsage === undefined || keyUsage.has('crlSign') ? undefined : 'its issuer may not sign lists';
  },
  /** §6.3.3 g; last, since it costs most. */
  signature({ signatureAlgorithm, tbs, signature }, { issuer }) {
    const valid = verifySignature(publicKeyOf(issuer), signatureAlgorithm, tbs, signature);
    return valid ? undefined : 'the signature of the list is not its issuer’s';
  },
};

/** §§5.2.1, 5.2.3–5.2.6. */
const CRITICALITY: ReadonlyMap<string, boolean> = new Map([
  [OID.authorityKeyIdentifier, false],
  [OID.crlNumber, false],
  [OID.deltaCrlIndicator, true],
  [OID.issuingDistributionPoint, true],
  [OID.freshestCrl, false],
]);

function faultOf(crl: CertificateList, judged: Judged): string | undefined {
  for (const rule of Object.values(RULES)) {
    const fault = rule(crl, judged);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
