// Real inputs to start from: what a yard answers, what clients send to it, certificates of the wide world.
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { der } from '../../src/formats/der.ts';
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
