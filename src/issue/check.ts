// check: what came back from the key is exactly what was prepared, read again by the strict parser.
import { encodeAlgorithm } from '../formats/algorithms.ts';
import { DerCursor, readDer } from '../formats/der.ts';
import { readBitString } from '../formats/der-values.ts';
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

/**
 * The signed certificate where its TBS is the very one that was linted. That TBS was parsed for the lint: here only what
 * stands around it is read, and must be those bytes, the authority's algorithm, and one signature.
 * @throws SealyardError `SY-ISSUE-CHECK`
 */
export function checkedAsLinted(prepared: PreparedCertificate, der: Uint8Array): Certificate {
  const { linted, issuer, tbs, template } = prepared;
  const outer = new DerCursor(readDer(der));
  const signed = outer.next().bytes;
  const algorithm = outer.next().bytes;
  const signature = readBitString(outer.next());
  outer.end();
  if (!equalBytes(signed, tbs) || !equalBytes(algorithm, encodeAlgorithm(issuer.signer.algorithm)))
    throw new SealyardError('SY-ISSUE-CHECK', template.serial);
  return { ...linted, der, tbs: signed, signature };
}
