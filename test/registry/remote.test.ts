// Remote registries, honest and hostile: digests, tokens, uploads, referrers and their fallback.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, MEDIA_TYPES, parseManifest } from '../../src/formats/oci.ts';
import { fromUtf8, toUtf8 } from '../../src/ground/bytes.ts';
import { asDigest } from '../../src/ground/ids.ts';
import { serve } from '../reach/loopback.ts';
import { descriptorOf, pushNote, pushSmallImage, smallImage } from './content.ts';
import { client, fakeRegistry } from './fake-registry.ts';

const DIGEST = digestOf(toUtf8('wanted'));

test('an image that was pushed is read back by tag and by digest', async (t) => {
  const fake = await fakeRegistry(t);
  const registry = client(t, fake);
  const pushed = await pushSmallImage(registry, fake.ref('acme/shop:v1'));
  assert.equal((await registry.resolve(fake.ref('acme/shop:v1'))).digest, pushed.digest);
  const { bytes, descriptor } = await registry.manifest(fake.ref('acme/shop'), pushed.digest);
  assert.deepEqual(descriptor, pushed);
  const read = parseManifest(bytes);
  assert.ok(read.kind === 'manifest');
  const [layer] = read.manifest.layers;
  assert.ok(layer !== undefined);
  assert.deepEqual(await registry.blob(fake.ref('acme/shop'), layer), smallImage().layers[0]?.bytes);
});

test('a blob that is there is not sent again', async (t) => {
  const fake = await fakeRegistry(t);
  const registry = client(t, fake);
  await registry.pushBlob(fake.ref('a/b'), toUtf8('x'));
  await registry.pushBlob(fake.ref('a/b'), toUtf8('x'));
  assert.equal(fake.seen.filter(({ method }) => method === 'PUT').length, 1);
});

test('what is not there, not allowed or out of order is told apart', async (t) => {
  const cases = [
    [404, 'SY-REGISTRY-NOT-FOUND'],
    [403, 'SY-REGISTRY-REFUSED'],
    [401, 'SY-REGISTRY-UNAUTHENTICATED'],
    [429, 'SY-REGISTRY-BUSY'],
    [503, 'SY-REGISTRY-BUSY'],
    [418, 'SY-REGISTRY-ANSWER'],
  ] as const;
  for (const [status, code] of cases) {
    const fake = await fakeRegistry(t, {
      before: (_, response) => {
        response.writeHead(status, { 'retry-after': '0' }).end();
        return true;
      },
    });
    await assert.rejects(client(t, fake).manifest(fake.ref('a/b:c'), DIGEST), { code }, `${status}`);
  }
});

test('bytes that are not what was asked for are refused', async (t) => {
  const evil = smallImage('evil');
  const fake = await fakeRegistry(t, {
    before: (request, response) => {
      if (request.url?.includes('/blobs/')) response.end('evil!!');
      else
        response
          .writeHead(200, { 'content-type': evil.mediaType, 'docker-content-digest': DIGEST })
          .end(evil.manifest);
      return true;
    },
  });
  const registry = client(t, fake);
  await assert.rejects(registry.manifest(fake.ref('a/b:c'), DIGEST), { code: 'SY-REGISTRY-DIGEST-MISMATCH' });
  const blob = { mediaType: 'x/y', digest: DIGEST, size: 6 };
  await assert.rejects(registry.blob(fake.ref('a/b'), blob), { code: 'SY-REGISTRY-DIGEST-MISMATCH' });
  await assert.rejects(registry.blob(fake.ref('a/b'), { ...blob, size: 7 }), {
    code: 'SY-REGISTRY-DIGEST-MISMATCH',
  });
  await assert.rejects(registry.blob(fake.ref('a/b'), { ...blob, size: 1 }), {
    code: 'SY-REGISTRY-TOO-LARGE',
  });
  await assert.rejects(registry.blob(fake.ref('a/b'), { ...blob, size: 2 ** 40 }), {
    code: 'SY-REGISTRY-TOO-LARGE',
  });
});

test('a registry that answers HEAD and GET of a digest differently is caught', async (t) => {
  const honest = smallImage('honest');
  const other = smallImage('other');
  const fake = await fakeRegistry(t, {
    before: (_, response) => {
      const headers = {
        'content-type': honest.mediaType,
        'docker-content-digest': other.digest,
        'content-length': '10',
      };
      response.writeHead(200, headers).end();
      return true;
    },
  });
  const pinned = fake.ref(`a/b@${honest.digest}`);
  await assert.rejects(client(t, fake).resolve(pinned), { code: 'SY-REGISTRY-DIGEST-MISMATCH' });
});

test('a manifest that means two things, a bomb, and an endless one are refused', async (t) => {
  const both = toUtf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      manifests: [],
      config: {},
      layers: [],
    }),
  );
  const deep = toUtf8('['.repeat(100_000));
  const unlike = smallImage().manifest;
  const serveManifest = (bytes: Uint8Array, mediaType: string) =>
    fakeRegistry(t, {
      before: (_, response) => {
        response.writeHead(200, { 'content-type': mediaType }).end(bytes);
        return true;
      },
    });
  for (const [bytes, mediaType] of [
    [both, MEDIA_TYPES.manifest],
    [deep, MEDIA_TYPES.manifest],
    [unlike, MEDIA_TYPES.index],
    [toUtf8('null'), MEDIA_TYPES.manifest],
    [new Uint8Array([0xff, 0xfe]), MEDIA_TYPES.manifest],
    [new Uint8Array(), MEDIA_TYPES.manifest],
  ] as const) {
    const fake = await serveManifest(bytes, mediaType);
    await assert.rejects(client(t, fake).manifest(fake.ref('a/b:c'), digestOf(bytes)), {
      code: 'SY-REGISTRY-ANSWER',
    });
  }
  const endless = await fakeRegistry(t, {
    before: (_, response) => {
      const pump = setInterval(() => response.write('x'.repeat(256 * 1024)), 1);
      response.on('close', () => clearInterval(pump));
      return true;
    },
  });
  await assert.rejects(client(t, endless).manifest(endless.ref('a/b:c'), DIGEST), {
    code: 'SY-REGISTRY-TOO-LARGE',
  });
});

test('a token is fetched once for a scope, and never goes where a redirect leads', async (t) => {
  const storage = await serve(t, (_, response) => response.end('hello'));
  let host = '';
  const fake = await fakeRegistry(t, {
    before: (request, response) => {
      if (request.url?.startsWith('/token')) {
        response.end(JSON.stringify({ token: 'T0KEN', expires_in: 300 }));
        return true;
      }
      if (request.headers.authorization !== 'Bearer T0KEN') {
        response
          .writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token",service="reg"` })
          .end();
        return true;
      }
      response.writeHead(307, { location: `http://cdn.example:${storage.port}/x` }).end();
      return true;
    },
  });
  host = fake.host;
  const credentials = { for: async () => ({ kind: 'basic', username: 'me', password: 'pw' }) as const };
  const registry = client(t, fake, { credentials });
  const blob = descriptorOf(toUtf8('hello'), 'x/y');
  await Promise.all(Array.from({ length: 5 }, () => registry.blob(fake.ref('a/b'), blob)));
  assert.equal(fromUtf8(await registry.blob(fake.ref('a/b'), blob)), 'hello');
  const tokens = fake.seen.filter(({ url }) => url.startsWith('/token'));
  assert.equal(tokens.length, 1);
  assert.equal(tokens[0]?.url, '/token?service=reg&scope=repository%3Aa%2Fb%3Apull');
  assert.equal(tokens[0]?.authorization, `Basic ${Buffer.from('me:pw').toString('base64')}`);
  for (const request of storage.seen) assert.equal(request.headers.authorization, undefined);
});

test('a realm without TLS on another host gets no credentials', async (t) => {
  const thief = await serve(t, (_, response) => response.end(JSON.stringify({ token: 'x' })));
  const fake = await fakeRegistry(t, {
    before: (_, response) => {
      response
        .writeHead(401, { 'www-authenticate': `Bearer realm="http://thief.example:${thief.port}/t"` })
        .end();
      return true;
    },
  });
  const credentials = { for: async () => ({ kind: 'basic', username: 'me', password: 'pw' }) as const };
  await assert.rejects(client(t, fake, { credentials }).manifest(fake.ref('a/b:c'), DIGEST), {
    code: 'SY-REGISTRY-ANSWER',
  });
  assert.equal(thief.seen.length, 0);
});

test('an expired token is fetched anew, once', async (t) => {
  let valid = 'first';
  let host = '';
  const fake = await fakeRegistry(t, {
    before: (request, response) => {
      if (request.url?.startsWith('/token'))
        response.end(JSON.stringify({ access_token: valid, expires_in: 300 }));
      else if (request.headers.authorization === `Bearer ${valid}`) return false;
      else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token"` }).end();
      return true;
    },
  });
  host = fake.host;
  const registry = client(t, fake);
  await pushSmallImage(registry, fake.ref('a/b:c'));
  await registry.resolve(fake.ref('a/b:c'));
  valid = 'second';
  await registry.resolve(fake.ref('a/b:c'));
  await registry.resolve(fake.ref('a/b:c'));
  assert.equal(fake.seen.filter(({ url }) => url.startsWith('/token')).length, 3); // push, pull, pull again
});

test('an upload goes nowhere but the registry unless TLS protects the way', async (t) => {
  const other = await serve(t, (_, response) => response.writeHead(201).end());
  const fake = await fakeRegistry(t, {
    before: (request, response) => {
      if (request.method !== 'POST') return false;
      response.writeHead(202, { location: `http://other.example:${other.port}/upload` }).end();
      return true;
    },
  });
  await assert.rejects(client(t, fake).pushBlob(fake.ref('a/b'), toUtf8('x')), {
    code: 'SY-REGISTRY-ANSWER',
  });
  assert.equal(other.seen.length, 0);
});

test('an upload that breaks off starts again', async (t) => {
  let breaks = 1;
  const fake = await fakeRegistry(t, {
    before: (request, response) => {
      if (request.method !== 'PUT' || breaks-- <= 0) return false;
      response.socket?.destroy();
      return true;
    },
  });
  await client(t, fake).pushBlob(fake.ref('a/b'), toUtf8('x'));
  assert.equal(fake.blobs.size, 1);
});

test('referrers are listed by the API where the registry has it', async (t) => {
  const fake = await fakeRegistry(t, { referrersApi: true });
  const registry = client(t, fake);
  const ref = fake.ref('a/b:c');
  const subject = await pushSmallImage(registry, ref);
  const note = await registry.attach(ref, await pushNote(registry, ref, subject, 'one'));
  const found = await registry.referrers(ref, subject.digest);
  assert.deepEqual(
    found.map(({ digest }) => digest),
    [note.digest],
  );
  assert.ok(!fake.manifests.has(`a/b:${subject.digest.replace(':', '-')}`), 'no fallback tag was written');
});

test('without the API they are listed under the fallback tag, with artifact type and annotations', async (t) => {
  for (const etags of [false, true]) {
    const fake = await fakeRegistry(t, { etags });
    const registry = client(t, fake);
    const ref = fake.ref('a/b:c');
    const subject = await pushSmallImage(registry, ref);
    assert.deepEqual(await registry.referrers(ref, subject.digest), []);
    const first = await registry.attach(ref, await pushNote(registry, ref, subject, 'one'));
    const second = await registry.attach(ref, await pushNote(registry, ref, subject, 'two'));
    await registry.attach(ref, await pushNote(registry, ref, subject, 'two'));
    const found = await registry.referrers(ref, subject.digest);
    assert.deepEqual(
      found.map(({ digest }) => digest),
      [first.digest, second.digest],
    );
    assert.equal(found[0]?.artifactType, 'application/vnd.example.note');
    assert.equal(found[0]?.annotations?.['org.example.note'], 'yes');
  }
});

test('eight signers who race for the fallback tag all stay listed, with ETags and without', async (t) => {
  for (const etags of [false, true]) {
    const fake = await fakeRegistry(t, { etags });
    const ref = fake.ref('a/b:c');
    const subject = await pushSmallImage(client(t, fake), ref);
    const attach = async (text: string): Promise<string> => {
      const registry = client(t, fake);
      return (await registry.attach(ref, await pushNote(registry, ref, subject, text))).digest;
    };
    const written = await Promise.all(Array.from({ length: 8 }, (_, i) => attach(`signer ${i}`)));
    const found = await client(t, fake).referrers(ref, subject.digest);
    assert.deepEqual(found.map(({ digest }) => digest).sort(), written.sort(), `etags ${etags}`);
  }
});

test('a fallback tag that somebody uses for an image is left alone', async (t) => {
  const fake = await fakeRegistry(t);
  const registry = client(t, fake);
  const ref = fake.ref('a/b:c');
  const subject = await pushSmallImage(registry, ref);
  await pushSmallImage(registry, { ...ref, tag: subject.digest.replace(':', '-') }, 'squatter');
  const note = await pushNote(registry, ref, subject, 'one');
  await assert.rejects(registry.attach(ref, note), { code: 'SY-REGISTRY-ANSWER' });
  await assert.rejects(registry.referrers(ref, subject.digest), { code: 'SY-REGISTRY-ANSWER' });
});

test('a flood of referrers, endless pages, and pages that lead elsewhere are bounded', async (t) => {
  const entry = { mediaType: MEDIA_TYPES.manifest, digest: DIGEST, size: 10 };
  const listing = (count: number, link?: string) =>
    fakeRegistry(t, {
      before: (_, response) => {
        const manifests = Array.from({ length: count }, () => entry);
        response.writeHead(200, {
          'content-type': MEDIA_TYPES.index,
          ...(link === undefined ? {} : { link }),
        });
        response.end(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }));
        return true;
      },
    });
  const subject = asDigest(`sha256:${'a'.repeat(64)}`);
  assert.ok(subject !== undefined);
  const cases = [
    [await listing(1001), 'SY-REGISTRY-TOO-LARGE'],
    [await listing(300, `</v2/a/b/referrers/${subject}?n=1>; rel="next"`), 'SY-REGISTRY-TOO-LARGE'],
    [await listing(1, `</v2/a/b/referrers/${subject}?n=1>; rel="next"`), 'SY-REGISTRY-TOO-LARGE'],
    [await listing(1, '<http://elsewhere.example/v2/a/b/referrers/x>; rel="next"'), 'SY-REGISTRY-ANSWER'],
    [await listing(1, '</admin/delete>; rel=next'), 'SY-REGISTRY-ANSWER'],
  ] as const;
  for (const [fake, code] of cases)
    await assert.rejects(client(t, fake).referrers(fake.ref('a/b:c'), subject), { code });
});

test('a web page with status 200 is not taken for a list of referrers', async (t) => {
  const fake = await fakeRegistry(t, {
    before: (request, response) => {
      if (request.url?.includes('/referrers/') !== true) return false;
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
      return true;
    },
  });
  assert.deepEqual(await client(t, fake).referrers(fake.ref('a/b:c'), DIGEST), []);
});

test('one malformed entry in a list does not hide the others', async (t) => {
  const good = { mediaType: MEDIA_TYPES.manifest, digest: DIGEST, size: 10 };
  const fake = await fakeRegistry(t, {
    before: (_, response) => {
      const manifests = [
        { ...good, digest: `sha512:${'0'.repeat(128)}` },
        null,
        7,
        { ...good, size: -1 },
        good,
      ];
      response.writeHead(200, { 'content-type': MEDIA_TYPES.index });
      response.end(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }));
      return true;
    },
  });
  const found = await client(t, fake).referrers(fake.ref('a/b:c'), DIGEST);
  assert.deepEqual(
    found.map(({ digest }) => digest),
    [DIGEST],
  );
});

test('a reference of another registry is not answered', async (t) => {
  const fake = await fakeRegistry(t);
  const { ref } = await fakeRegistry(t);
  await assert.rejects(client(t, fake).resolve(ref('a/b:c')), { code: 'SY-REGISTRY-REFERENCE' });
});
