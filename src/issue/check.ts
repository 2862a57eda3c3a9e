// check: what came back from the key is exactly what was prepared, read again by the strict parser.
import { assembleCertificate } from '../formats/x509/build.ts';
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { tbsWithoutScts } from '../formats/x509/sct.ts';
import { equalBytes } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { PreparedCertificate } from './prepare.ts';

/** Signs a TBS with the authority's key; the signer verifies the signature with the pinned key before it returns. */
export async function signTbs(prepared: PreparedCertificate, tbs: Uint8Array): Promise<Uint8Array> {
  const { signer, purpose } = prepared.issuer;
  return assembleCertificate(tbs, signer.algorithm, await signer.sign(purpose, tbs));
}

/**
 * The signed certificate, parsed back. The signature was verified by the signer over `tbs`; here the bytes that will
 * leave must contain that very TBS, and without its SCT list the one that was linted (RFC 6962 §3.2).
 * @throws SealyardError `SY-ISSUE-CHECK`
 */
export function checked(prepared: PreparedCertificate, tbs: Uint8Array, der: Uint8Array): Certificate {
  const certificate = parseCertificate(der);
  const linted = prepared.profile === 'keyless' ? tbsWithoutScts(certificate) : certificate.tbs;
  const { serial, spki, notAfter } = prepared.template;
  const same =
    equalBytes(certificate.tbs, tbs) &&
    equalBytes(linted, prepared.tbs) &&
    equalBytes(certificate.spki, spki) &&
    certificate.serial === serial &&
    certificate.notAfter.getTime() === notAfter.getTime();
  if (!same) throw new SealyardError('SY-ISSUE-CHECK', serial);
  return certificate;
}
