// What `sealyard revoke` reads from files: serials of certificates, and the fingerprint of a key in any of its forms.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { decodePem, type PemBlock } from '../../formats/pem.ts';
import { parseCertificate } from '../../formats/x509/certificate.ts';
import { parseCsr } from '../../formats/x509/csr.ts';
import { fromUtf8, toHex } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { readBytes } from '../files.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * The first certificate of the file: what follows it in a chain is the issuer's, which nobody means to revoke.
 * @throws SealyardError `SY-CLI-FILE`, `SY-PEM-MALFORMED`, `SY-X509-MALFORMED`
 */
export function serialsOfFile(path: string): readonly string[] {
  const block = blocksOf(path).find(({ label }) => label === 'CERTIFICATE');
  if (block === undefined) throw new SealyardError('SY-CLI-USAGE', `${path} holds no certificate`);
  return [parseCertificate(block.der).serial];
}

/**
 * SHA-256 of the SubjectPublicKeyInfo in lower-case hex. Of a private key nothing else leaves this process.
 * @throws SealyardError `SY-CLI-FILE`, `SY-CLI-USAGE`, `SY-PEM-MALFORMED`, and what the parsers throw
 */
export function keyFingerprint(path: string): string {
  for (const block of blocksOf(path)) {
    const spki = spkiOf(block, path);
    if (spki !== undefined) return toHex(new Uint8Array(createHash('sha256').update(spki).digest()));
  }
  throw new SealyardError('SY-CLI-USAGE', `${path} holds no key, certificate or request`);
}

/** DER is taken for a certificate. */
function blocksOf(path: string): readonly PemBlock[] {
  const bytes = readBytes(path, MAX_FILE_BYTES);
  const text = bytes[0] === 0x30 ? undefined : fromUtf8(bytes);
  return text === undefined ? [{ label: 'CERTIFICATE', der: bytes }] : decodePem(text);
}

function spkiOf({ label, der }: PemBlock, path: string): Uint8Array | undefined {
  if (label === 'CERTIFICATE') return parseCertificate(der).spki;
  if (label === 'PUBLIC KEY') return der;
  if (label === 'CERTIFICATE REQUEST' || label === 'NEW CERTIFICATE REQUEST') return parseCsr(der).spki;
  const type = PRIVATE.get(label);
  if (type === undefined) return undefined;
  try {
    const key = createPublicKey(createPrivateKey({ key: Buffer.from(der), format: 'der', type }));
    return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
  } catch {
    // The cause may quote the key.
    throw new SealyardError('SY-CLI-USAGE', `the private key in ${path} cannot be read`);
  }
}

const PRIVATE: ReadonlyMap<string, 'pkcs8' | 'pkcs1' | 'sec1'> = new Map([
  ['PRIVATE KEY', 'pkcs8'],
  ['RSA PRIVATE KEY', 'pkcs1'],
  ['EC PRIVATE KEY', 'sec1'],
]);
