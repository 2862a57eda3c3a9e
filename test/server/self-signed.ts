// A throw-away certificate for listener tests that need TLS and no yard.
import { generateKeyPairSync, sign } from 'node:crypto';
import { encodePem } from '../../src/formats/pem.ts';
import { assembleCertificate, buildTbs, encodeName, extensions } from '../../src/formats/x509/build.ts';
import type { Serial } from '../../src/ground/ids.ts';

export function selfSigned(): { readonly key: string; readonly certificates: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = encodeName([{ oid: '2.5.4.3', value: 'test' }]);
  const tbs = buildTbs({
    serial: '01' as Serial,
    issuer: name,
    subject: name,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 600_000),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    signatureAlgorithm: 'ecdsa-sha256',
    extensions: [extensions.subjectAltName([{ type: 'dns', value: 'localhost' }], { critical: false })],
  });
  const der = assembleCertificate(tbs, 'ecdsa-sha256', sign('sha256', tbs, privateKey));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificates: encodePem('CERTIFICATE', der),
  };
}
