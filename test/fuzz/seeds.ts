// Real inputs to start from: what a yard answers, what clients send to it, certificates of the wide world.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { readSpki } from '../../src/formats/algorithms.ts';
import { der } from '../../src/formats/der.ts';
import { encodeCertId, encodeOcspRequest } from '../../src/formats/ocsp.ts';
import { assembleCertificate, encodeName } from '../../src/formats/x509/build.ts';
import { parseCertificate } from '../../src/formats/x509/certificate.ts';
import { buildCrlTbs, crlExtensions, encodeRevokedEntry } from '../../src/formats/x509/crl.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { asSerial } from '../../src/ground/ids.ts';
import { chainOf, makeBundle } from '../driver/bundle.ts';
import { certificateRequest, DoorClient, entryRequest, newKey, timestampQuery } from '../driver/client.ts';
import type { RunningYard } from '../driver/yard.ts';

export type Seeds = Readonly<Record<string, readonly Uint8Array[]>>;

const IMAGE_DIGEST = `sha256:${'5a'.repeat(32)}`;
const utf8 = (...texts: readonly string[]): Uint8Array[] => texts.map((text) => Buffer.from(text));

/** Needs the token of a job that the yard grants certificates. */
export async function collectSeeds(yard: RunningYard, token: string): Promise<Seeds> {
  const client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
  const read = async (path: string): Promise<Buffer> => (await client.get(path)).body;
  const key = newKey();
  const granted = await client.certificate(token, key);
  const bundle = await makeBundle({ client, token, imageDigest: IMAGE_DIGEST });
  const entry = bundle.verificationMaterial.tlogEntries[0];
  const spki = ['prime256v1', 'secp384r1', 'secp521r1'].map((namedCurve) =>
    generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'der' }),
  );
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  const world = rootCertificates
    .slice(0, 12)
    .map((pem) => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'));
  const chain = chainOf(granted.body);
  const seeds: Seeds = {
    certificate: [...chain, ...world],
    pem: utf8(yard.rootsPem, rootCertificates[0] ?? ''),
    csr: [certificationRequest()],
    crl: [crlWithEntries(), await read('/crl/root-1/0.crl'), await read('/crl/tls-1/0.delta.crl')],
    'ocsp-request': ocspRequests(chain),
    'ocsp-response': await Promise.all(
      ocspRequests(chain).map((request) => read(`/ocsp/${encodeURIComponent(request.toString('base64'))}`)),
    ),
    spki: [...spki, rsa],
    'sct-list': [sctListOf(chain[0] ?? Buffer.alloc(0))],
    'timestamp-request': [timestampQuery(Buffer.from('x'))],
    'timestamp-response': [(await client.timestamp(Buffer.from('x'))).body],
    note: [await read('/api/v2/checkpoint'), await read('/ct/checkpoint')],
    'tile-path': utf8('tile/0/x001/x234/067', 'tile/entries/000.p/3', 'tile/1/000.p/1'),
    tile: [await read('/api/v2/tile/0/000.p/1')],
    'entry-bundle': [await read('/api/v2/tile/entries/000.p/1')],
    'data-tile': [await read('/ct/tile/data/000.p/1')],
    reference: utf8(
      `registry.example.com:5000/shop/app:1.4@${IMAGE_DIGEST}`,
      'app',
      'oci:./image:tag',
      'localhost:5000/a',
    ),
    token: utf8(token),
    policy: [readFileSync('docs/examples/policy.yaml')],
    bundle: utf8(JSON.stringify(bundle)),
    envelope: utf8(JSON.stringify(bundle.dsseEnvelope)),
    statement: [Buffer.from(bundle.dsseEnvelope.payload, 'base64')],
    'entry-body': [Buffer.from(entry?.canonicalizedBody ?? '', 'base64')],
    'entry-request': utf8(
      entryRequest({
        digest: Buffer.alloc(32, 1),
        signature: Buffer.alloc(70, 2),
        verifier: { certificate: chain[0] ?? Buffer.alloc(1) },
      }),
    ),
    'certificate-request': utf8(certificateRequest(token, key)),
    'trusted-root': [await read('/trusted_root.json')],
    'signing-config': [await read('/signing_config.json')],
    manifest: utf8(JSON.stringify(manifest())),
    index: utf8(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [manifest().config],
      }),
    ),
  };
  client.close();
  return seeds;
}

// RFC 2986 §4: an empty subject, no attributes, ecdsa-with-SHA256.
function certificationRequest(): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const info = der.sequence(der.integer(0), der.sequence(), spki, der.context(0, new Uint8Array(), true));
  const signature = new Uint8Array(sign('sha256', info, privateKey));
  return der.sequence(info, der.sequence(der.oid('1.2.840.10045.4.3.2')), der.bitString(signature));
}

// A list with an entry of each kind; nobody checks its signature here.
function crlWithEntries(): Uint8Array {
  const at = new Date('2026-01-01T00:00:00Z');
  const serial = asSerial('0b98');
  if (serial === undefined) throw new TypeError('not a serial');
  const entries = [
    encodeRevokedEntry({ serial, revokedAt: at, reason: 'unspecified' }),
    encodeRevokedEntry({ serial, revokedAt: at, reason: 'keyCompromise', invalidityDate: at }),
  ];
  const tbs = buildCrlTbs({
    issuer: encodeName([{ oid: OID.commonName, value: 'CA' }]),
    signatureAlgorithm: 'ecdsa-sha256',
    thisUpdate: at,
    nextUpdate: new Date('2026-02-01T00:00:00Z'),
    entries: Buffer.concat(entries),
    extensions: [
      crlExtensions.crlNumber(7),
      crlExtensions.issuingDistributionPoint('http://ca.example/1.crl'),
      crlExtensions.freshestCrl('http://ca.example/1.delta.crl'),
      crlExtensions.deltaCrlIndicator(3),
    ],
  });
  return assembleCertificate(tbs, 'ecdsa-sha256', new Uint8Array(70));
}

// About the first certificate of a chain, by its issuer, the second; with a nonce and without.
function ocspRequests(chain: readonly Buffer[]): Buffer[] {
  const [leaf, issuer] = chain.map((each) => parseCertificate(new Uint8Array(each)));
  if (leaf === undefined || issuer === undefined) throw new TypeError('a chain has two certificates');
  const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest());
  const id = encodeCertId({
    hash: 'sha1',
    issuerNameHash: sha1(issuer.subject.der),
    issuerKeyHash: sha1(readSpki(issuer.spki).key),
    serial: leaf.serial,
  });
  return [encodeOcspRequest({ ids: [id] }), encodeOcspRequest({ ids: [id], nonce: new Uint8Array(32) })].map(
    (request) => Buffer.from(request),
  );
}

// The value of the SCT list extension: after its OID (1.3.6.1.4.1.11129.2.4.2) stands an OCTET STRING of long form.
function sctListOf(certificate: Buffer): Uint8Array {
  const oid = Buffer.from('060a2b06010401d679020402', 'hex');
  const at = certificate.indexOf(oid) + oid.length;
  const length = certificate[at + 1] ?? 0;
  return length < 0x80
    ? certificate.subarray(at + 2, at + 2 + length)
    : certificate.subarray(at + 3, at + 3 + (certificate[at + 2] ?? 0));
}

function manifest() {
  const descriptor = (mediaType: string) => ({
    mediaType,
    digest: IMAGE_DIGEST,
    size: 2,
    annotations: { a: 'b' },
  });
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    config: descriptor('application/vnd.oci.empty.v1+json'),
    layers: [descriptor('application/vnd.dev.sigstore.bundle.v0.3+json')],
    subject: descriptor('application/vnd.oci.image.manifest.v1+json'),
  };
}
