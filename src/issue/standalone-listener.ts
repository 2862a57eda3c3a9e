// The listener's certificate of a yard that may issue nothing: self-signed, of no authority, on no record.
import { generateKeyPairSync, sign } from 'node:crypto';
import { encodePem } from '../formats/pem.ts';
import {
  assembleCertificate,
  buildTbs,
  type CertificateTemplate,
  encodeName,
  extensions,
} from '../formats/x509/build.ts';
import { parseCertificate } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import type { Clock, Random } from '../ground/ports.ts';
import { keyIdOf } from './caller-key.ts';
import { listenerNames } from './names.ts';
import type { ListenerName } from './request.ts';
import { newSerial } from './serial.ts';
import type { ListenerCertificate } from './service-certificates.ts';

/** Longer than such a yard should run; each start makes a new key and certificate, which live in memory. */
const LIFETIME_MS = 90 * 86_400_000;

/**
 * A restored yard does not know what was issued after its backup, so its authorities must not sign: a certificate of
 * theirs that is on no record would be one that nobody knows. Clients trust this one by itself.
 * @throws SealyardError `SY-ISSUE-NAME`
 */
export function standaloneListener(o: {
  readonly names: readonly ListenerName[];
  readonly clock: Clock;
  readonly random: Random;
}): ListenerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const name = encodeName([{ oid: OID.commonName, value: 'Sealyard restored yard' }]);
  const notBefore = o.clock.now();
  const notAfter = new Date(notBefore.getTime() + LIFETIME_MS);
  const template: CertificateTemplate = {
    serial: newSerial({ random: o.random, notAfter, at: notBefore }),
    issuer: name,
    subject: name,
    notBefore,
    notAfter,
    spki,
    signatureAlgorithm: 'ecdsa-sha256',
    extensions: [
      extensions.keyUsage(['digitalSignature']),
      extensions.extendedKeyUsage([OID.serverAuth], { critical: false }),
      extensions.subjectKeyId(keyIdOf(spki)),
      extensions.subjectAltName(listenerNames(o.names), { critical: true }),
    ],
  };
  const tbs = buildTbs(template);
  const der = assembleCertificate(tbs, 'ecdsa-sha256', new Uint8Array(sign('sha256', tbs, privateKey)));
  return {
    certificate: parseCertificate(der),
    chainPem: encodePem('CERTIFICATE', der),
    privateKey,
    renewAt: template.notAfter,
  };
}
