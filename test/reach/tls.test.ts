// The outbound client over TLS: whose roots count, and what never leaves it.
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { type TestContext, test } from 'node:test';
import { fromUtf8, toUtf8 } from '../../src/ground/bytes.ts';
import { createReach, LOCAL_TOO, type Reach } from '../../src/reach/reach.ts';
import { openRegistry } from '../../src/registry/open.ts';
import { client, fakeRegistry } from '../registry/fake-registry.ts';
import { selfSigned } from '../server/self-signed.ts';
import { type Loopback, listening, serve } from './loopback.ts';

const BOUNDS = { maxBytes: 1000, timeoutMs: 3000 };

async function serveTls(t: TestContext): Promise<Loopback & { readonly roots: string }> {
  const { key, certificates } = selfSigned();
  const seen: Loopback['seen'][number][] = [];
  const server = createServer({ key, cert: certificates }, (request, response) => {
    seen.push(request);
    request.resume();
    request.on('end', () => response.writeHead(201).end('sealed'));
  });
  const { port } = await listening(t, server);
  return { url: `https://localhost:${port}`, port, seen, roots: certificates };
}

function local(t: TestContext): Reach {
  const reach = createReach({ allow: LOCAL_TOO, resolve: async () => ['127.0.0.1'] });
  t.after(() => reach.close());
  return reach;
}

test('a host is trusted by the roots of the call, and by those alone', async (t) => {
  const { url, port, roots } = await serveTls(t);
  const reach = local(t);
  assert.equal(fromUtf8((await reach.fetch(url, { ...BOUNDS, roots })).body), 'sealed');
  await assert.rejects(reach.fetch(url, BOUNDS), { code: 'SY-REACH-TLS' });
  await assert.rejects(reach.fetch(url, { ...BOUNDS, roots: selfSigned().certificates }), {
    code: 'SY-REACH-TLS',
  });
  await assert.rejects(reach.fetch(`https://other.example:${port}`, { ...BOUNDS, roots }), {
    code: 'SY-REACH-TLS',
  });
  await assert.rejects(reach.fetch(`https://127.0.0.1:${port}`, { ...BOUNDS, roots }), {
    code: 'SY-REACH-TLS',
  });
});

test('a connection that one call’s roots opened serves no call with others', async (t) => {
  const { url, roots } = await serveTls(t);
  const reach = local(t);
  await reach.fetch(url, { ...BOUNDS, roots });
  await assert.rejects(reach.fetch(url, { ...BOUNDS, retry: { attempts: 1 } }), { code: 'SY-REACH-TLS' });
});

test('a redirect from https to http is not followed', async (t) => {
  const plain = await serve(t, (_, response) => response.end('plain'));
  const { key, certificates } = selfSigned();
  const server = createServer({ key, cert: certificates }, (_, response) =>
    response.writeHead(302, { location: plain.url }).end(),
  );
  const { port } = await listening(t, server);
  const options = { ...BOUNDS, roots: certificates, redirects: 3 };
  await assert.rejects(local(t).fetch(`https://localhost:${port}`, options), { code: 'SY-REACH-REDIRECT' });
  assert.equal(plain.seen.length, 0);
});

test('an upload that continues on another host takes its bytes there and none of our credentials', async (t) => {
  const storage = await serveTls(t);
  let challenged = 0;
  const fake = await fakeRegistry(t, {
    before: (request, response) => {
      if (request.headers.authorization === undefined) {
        challenged++;
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
        return true;
      }
      if (request.method !== 'POST') return false;
      response.writeHead(202, { location: `${storage.url}/upload?x=1` }).end();
      return true;
    },
  });
  const registry = openRegistry(fake.ref('a/b:c'), {
    reach: local(t),
    credentials: { for: async () => ({ kind: 'basic', username: 'me', password: 'pw' }) },
    roots: storage.roots,
  });
  await registry.pushBlob(fake.ref('a/b'), toUtf8('bytes'));
  assert.equal(challenged, 1);
  assert.equal(storage.seen[0]?.headers.authorization, undefined);
  assert.match(storage.seen[0]?.url ?? '', /^\/upload\?x=1&digest=sha256/);
  await assert.rejects(client(t, fake).pushBlob(fake.ref('a/b'), toUtf8('bytes')), {
    code: 'SY-REGISTRY-UNAUTHENTICATED',
  });
});
