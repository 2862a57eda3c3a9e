// Reads the certificates that somebody brings along: PEM, bounded, each once.
import { type Certificate, parseCertificatesPem } from '../../formats/x509/certificate.ts';
import { equalBytes } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';

const MAX_CERTIFICATES = 32;

/** @throws SealyardError `SY-AUTHORITY-CERTIFICATE`, `SY-PEM-MALFORMED`, `SY-X509-MALFORMED`, `SY-ALGORITHM-UNKNOWN` */
export function readCertificates(pem: string): readonly Certificate[] {
  const certificates = parseCertificatesPem(pem);
  if (certificates.length > MAX_CERTIFICATES)
    throw new SealyardError('SY-AUTHORITY-CERTIFICATE', `more than ${MAX_CERTIFICATES}`);
  // The same certificate twice is what concatenating files makes; it says nothing new.
  return certificates.filter(
    (each, i) => certificates.findIndex(({ der }) => equalBytes(der, each.der)) === i,
  );
}
