// Certificates that answer tls-alpn-01 (RFC 8737 §3), right ones and, where a test wishes, wrong ones.
import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { der } from '../../src/formats/der.ts';
import { assembleCertificate, buildTbs, encodeName, extensions } from '../../src/formats/x509/build.ts';
import type { Extension } from '../../src/formats/x509/certificate.ts';
import type { GeneralName } from '../../src/formats/x509/general-names.ts';
import { asSerial } from '../../src/ground/ids.ts';

const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';

export interface AlpnCertificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

export interface AlpnCertificateOptions {
  readonly names: readonly GeneralName[];
  /** Absent: no acmeIdentifier extension. */
  readonly keyAuthorization?: string;
  /** Default true. */
  readonly critical?: boolean;
  /** What the extension holds instead of the digest. */
  readonly value?: Uint8Array;
  /** Another issuer's name, or another's key, so that the certificate is not self-signed. */
  readonly issuer?: string;
  readonly signedBy?: KeyObject;
}

const SERIAL = asSerial('0102030405060708');

export function alpnCertificate(o: AlpnCertificateOptions): AlpnCertificate {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (SERIAL === undefined) throw new Error('not a serial');
  const name = (text: string): Uint8Array => encodeName([{ oid: '2.5.4.3', value: text }]);
  const tbs = buildTbs({
    serial: SERIAL,
    issuer: name(o.issuer ?? 'ACME challenge'),
    subject: name('ACME challenge'),
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    spki: new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' })),
    signatureAlgorithm: 'ecdsa-sha256',
    extensions: [extensions.subjectAltName(o.names, { critical: false }), ...acmeIdentifier(o)],
  });
  const signature = createSign('sha256')
    .update(tbs)
    .sign(o.signedBy ?? pair.privateKey);
  const certificate = Buffer.from(assembleCertificate(tbs, 'ecdsa-sha256', new Uint8Array(signature)));
  const lines = certificate
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')
    .trimEnd();
  return {
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

function acmeIdentifier(o: AlpnCertificateOptions): readonly Extension[] {
  if (o.keyAuthorization === undefined && o.value === undefined) return [];
  const digest = createHash('sha256')
    .update(o.keyAuthorization ?? '')
    .digest();
  const value = o.value ?? der.octetString(new Uint8Array(digest));
  return [{ oid: ACME_IDENTIFIER, critical: o.critical ?? true, value }];
}
