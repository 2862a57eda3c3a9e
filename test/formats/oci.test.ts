// OCI manifests, indexes and references: as registries and clients write them, and as attackers would.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  descriptorJson,
  digestOf,
  emptyDescriptor,
  encodeIndex,
  encodeManifest,
  formatReference,
  MEDIA_TYPES,
  parseDescriptor,
  parseManifest,
  parseReference,
  referrersTag,
} from '../../src/formats/oci.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import type { Json } from '../../src/ground/json.ts';
import { refused, variants } from './refused.ts';

const digest = digestOf(toUtf8('x'));
const descriptor = { mediaType: MEDIA_TYPES.layerTarGzip, digest, size: 1 };
const manifest = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.manifest,
  artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  config: { mediaType: MEDIA_TYPES.empty, digest: emptyDescriptor().digest, size: 2, data: 'e30=' },
  layers: [{ ...descriptor, annotations: { a: 'b' } }],
  subject: descriptor,
  annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
};
const index = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.index,
  manifests: [
    {
      ...descriptor,
      mediaType: MEDIA_TYPES.manifest,
      platform: { architecture: 'arm64', os: 'linux', variant: 'v8' },
    },
  ],
};
const parse = (json: Json, mediaType?: string) => parseManifest(toUtf8(JSON.stringify(json)), mediaType);

suite('OCI documents', () => {
  test('manifest and index are written as they were read', () => {
    const read = parse(manifest);
    assert.ok(read.kind === 'manifest');
    assert.deepEqual(JSON.parse(new TextDecoder().decode(encodeManifest(read.manifest))), manifest);
    const list = parse(index);
    assert.ok(list.kind === 'index');
    assert.deepEqual(JSON.parse(new TextDecoder().decode(encodeIndex(list.index))), index);
  });

  test('Docker’s media types are read, and a document without one goes by its members', () => {
    assert.equal(parse({ ...manifest, mediaType: MEDIA_TYPES.dockerManifest }).kind, 'manifest');
    assert.equal(parse({ ...index, mediaType: MEDIA_TYPES.dockerIndex }).kind, 'index');
    const { mediaType: _, ...bare } = index;
    assert.equal(parse(bare).kind, 'index');
    assert.equal(parse(bare, MEDIA_TYPES.dockerIndex).kind, 'index');
  });

  test('what is an image to one reader and an index to another is refused', () => {
    refused('SY-OCI-MALFORMED', () => parse({ ...manifest, manifests: [] }));
    refused('SY-OCI-MALFORMED', () => parse({ ...index, layers: [] }));
    refused('SY-OCI-MEDIA-TYPE', () => parse(manifest, MEDIA_TYPES.index));
    refused('SY-OCI-MEDIA-TYPE', () =>
      parse({ ...manifest, mediaType: 'application/vnd.docker.distribution.manifest.v1+json' }),
    );
    refused('SY-OCI-MALFORMED', () => parse({ ...manifest, mediaType: MEDIA_TYPES.index }));
  });

  test('sizes and counts are bounded', () => {
    refused('SY-OCI-TOO-LARGE', () => parseManifest(new Uint8Array(4 * 1024 * 1024 + 1)));
    const item = index.manifests[0] ?? {};
    assert.equal(parse({ ...index, manifests: Array.from({ length: 1000 }, () => item) }).kind, 'index');
    refused('SY-OCI-TOO-LARGE', () =>
      parse({ ...index, manifests: Array.from({ length: 1001 }, () => item) }),
    );
    refused('SY-OCI-TOO-LARGE', () =>
      parse({ ...manifest, layers: Array.from({ length: 1001 }, () => descriptor) }),
    );
    refused('SY-JSON-TOO-LARGE', () => parseManifest(toUtf8('['.repeat(1_000_000))));
  });

  test('content in line must be what digest and size say', () => {
    assert.deepEqual(parseDescriptor({ ...descriptor, data: 'eA==' }).data, toUtf8('x'));
    for (const data of ['eQ==', 'eHg=', 'eA', '', 7])
      refused('SY-OCI-MALFORMED', () => parseDescriptor({ ...descriptor, data }));
  });

  test('digests are SHA-256 in lower case, sizes are counts', () => {
    for (const bad of [
      '',
      'sha256:',
      `sha256:${'A'.repeat(64)}`,
      `sha512:${'a'.repeat(128)}`,
      `${digest}0`,
      `${digest}\n`,
      '../x',
      null,
    ])
      refused('SY-OCI-MALFORMED', () => parseDescriptor({ ...descriptor, digest: bad }));
    for (const size of [-1, 0.5, '1', 2 ** 53, null])
      refused('SY-OCI-MALFORMED', () => parseDescriptor({ ...descriptor, size }));
    assert.deepEqual(descriptorJson(parseDescriptor(descriptor)), descriptor);
  });

  test('an annotation named like an object’s own property is one like any other', () => {
    const text = JSON.stringify(descriptor).replace('"size"', '"annotations":{"__proto__":"x"},"size"');
    const { annotations } = parseDescriptor(JSON.parse(text) as Json);
    assert.deepEqual(Object.entries(annotations ?? {}), [['__proto__', 'x']]);
    assert.equal(annotations?.['toString'], undefined);
  });

  test('whatever one member is, the answer is a document or a coded refusal', () => {
    for (const json of [manifest, index])
      for (const variant of variants(json)) {
        let failed = true;
        try {
          parse(variant.json);
          failed = false;
        } catch {}
        if (failed)
          refused(
            ['SY-OCI-MALFORMED', 'SY-OCI-MEDIA-TYPE', 'SY-OCI-TOO-LARGE'],
            () => parse(variant.json),
            variant.path,
          );
      }
  });

  test('the fallback tag of referrers', () => {
    assert.match(referrersTag(digest), /^sha256-[0-9a-f]{64}$/);
  });
});

suite('image references', () => {
  test('references read as Docker reads them', () => {
    const cases = {
      nginx: 'docker.io/library/nginx:latest',
      'acme/shop:1.2': 'docker.io/acme/shop:1.2',
      'index.docker.io/nginx': 'docker.io/library/nginx:latest',
      'localhost/shop': 'localhost/shop:latest',
      'localhost:5000/a/b/c:v1': 'localhost:5000/a/b/c:v1',
      'Registry.example.com/shop': 'registry.example.com/shop:latest',
      '[::1]:5000/shop': '[::1]:5000/shop:latest',
      [`shop@${digest}`]: `docker.io/library/shop@${digest}`,
      [`reg.example/shop:v1@${digest}`]: `reg.example/shop:v1@${digest}`,
      'a__b/c.d/e-f---g': 'docker.io/a__b/c.d/e-f---g:latest',
    };
    for (const [text, full] of Object.entries(cases)) {
      assert.equal(formatReference(parseReference(text)), full);
      assert.equal(formatReference(parseReference(full)), full);
    }
  });

  test('layout folders, with ports of Windows or Unix left to the file system', () => {
    assert.deepEqual(parseReference('oci:/var/images'), { layout: '/var/images', tag: 'latest' });
    assert.deepEqual(parseReference('oci:./dir:v1'), { layout: './dir', tag: 'v1' });
    assert.deepEqual(parseReference(`oci:dir@${digest}`), { layout: 'dir', digest });
    for (const bad of ['oci:', 'oci::v1', 'oci:a\0b', `oci:@${digest}`])
      refused('SY-REFERENCE-MALFORMED', () => parseReference(bad));
  });

  test('everything else is refused', () => {
    const bad = [
      '',
      ' ',
      'A',
      'acme/Shop',
      '/shop',
      'shop/',
      'a//b',
      'shop:',
      'shop:-v1',
      'shop:a b',
      'shop@',
      'shop@sha256:12',
    ];
    const worse = [
      'a..b',
      '-a',
      'a_',
      'a___b',
      'https://reg.example/shop',
      '../etc/passwd',
      'shop\n',
      'sh\u0000op',
      'ｓhop',
      'reg.example:99999999/x',
      '[::1/x',
    ];
    const long = [
      'a'.repeat(256),
      `${'a/'.repeat(200)}b`,
      `shop:${'v'.repeat(129)}`,
      'a'.repeat(64),
      'x'.repeat(5000),
    ];
    for (const text of [...bad, ...worse, ...long])
      refused('SY-REFERENCE-MALFORMED', () => parseReference(text), text.slice(0, 40));
  });

  test('a hostile reference takes linear time', () => {
    const started = performance.now();
    for (const text of [`${'a-'.repeat(2000)}!`, `${'a.'.repeat(2000)}/x`, `x:${'.'.repeat(4000)}`])
      refused('SY-REFERENCE-MALFORMED', () => parseReference(text));
    assert.ok(performance.now() - started < 2_000);
  });
});
