// The outbound client against hostile hosts: addresses, redirects, bodies, silence, retries, proxies.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fromUtf8, toUtf8 } from '../../src/ground/bytes.ts';
import { fetchJsonVia } from '../../src/reach/json.ts';
import { createReach, LOCAL_TOO, PUBLIC_ONLY, type Reach } from '../../src/reach/reach.ts';
import { bodyOf, listening, serve } from './loopback.ts';

const BOUNDS = { maxBytes: 1000, timeoutMs: 3000 };

function local(t: TestContext, names: Record<string, readonly string[]> = {}): Reach {
  const reach = createReach({
    allow: LOCAL_TOO,
    resolve: async (host) => names[host] ?? ['127.0.0.1'],
  });
  t.after(() => reach.close());
  return reach;
}

test('a stranger cannot make us connect to loopback, under any spelling', async (t) => {
  const { port, seen } = await serve(t, (_, response) => response.end('secret'));
  const reach = createReach({ allow: PUBLIC_ONLY, resolve: async () => ['127.0.0.1'] });
  t.after(() => reach.close());
  const refused = [
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    'innocent.example',
    '0.0.0.0',
  ];
  for (const host of refused)
    await assert.rejects(
      reach.fetch(`http://${host}:${port}/`, BOUNDS),
      { code: 'SY-REACH-ADDRESS-REFUSED' },
      host,
    );
  const odd = ['0x7f.1', '2130706433', '0177.0.0.1', '127.1', '0x7f000001', '127.0.0.1.', '①②⑦.0.0.1'];
  for (const host of odd)
    await assert.rejects(
      reach.fetch(`http://${host}:${port}/`, BOUNDS),
      { code: /SY-REACH-(URL|ADDRESS)/ },
      host,
    );
  assert.equal(seen.length, 0);
});

test('odd spellings of an address are refused even where loopback is allowed', async (t) => {
  const { port } = await serve(t, (_, response) => response.end());
  for (const host of ['0x7f.1', '2130706433', '127.1'])
    await assert.rejects(local(t).fetch(`http://${host}:${port}/`, BOUNDS), { code: 'SY-REACH-URL' }, host);
});

test('the metadata service is never reached, even where private networks are allowed', async (t) => {
  const reach = local(t, { 'rebind.example': ['169.254.169.254'] });
  await assert.rejects(reach.fetch('http://169.254.169.254/', BOUNDS), { code: 'SY-REACH-ADDRESS-REFUSED' });
  await assert.rejects(reach.fetch('http://rebind.example/', BOUNDS), { code: 'SY-REACH-ADDRESS-REFUSED' });
});

test('the address that was judged is the one that is connected to', async (t) => {
  const { port } = await serve(t, (request, response) => response.end(request.headers.host));
  let asked = 0;
  // A rebinding name server: loopback the first time, somewhere else ever after.
  const reach = createReach({
    allow: LOCAL_TOO,
    resolve: async () => (asked++ === 0 ? ['127.0.0.1'] : ['169.254.169.254']),
  });
  t.after(() => reach.close());
  const answer = await reach.fetch(`http://rebind.example:${port}/`, BOUNDS);
  assert.equal(fromUtf8(answer.body), `rebind.example:${port}`);
  assert.equal(asked, 1);
});

test('what is no http or https URL is refused, and a URL with a password is not repeated in the error', async (t) => {
  for (const url of [
    '',
    'ftp://host/',
    'file:///etc/passwd',
    'http://',
    'http://a b/',
    'http://x/\n',
    `http://${'a'.repeat(9000)}/`,
  ])
    await assert.rejects(local(t).fetch(url, BOUNDS), { code: 'SY-REACH-URL' }, url);
  await assert.rejects(local(t).fetch('http://user:hunter2@127.0.0.1/', BOUNDS), (error: Error) => {
    assert.ok(!`${error.stack}`.includes('hunter2'));
    return true;
  });
});

test('credentials stay with their host when it redirects elsewhere', async (t) => {
  const other = await serve(t, (_, response) => response.end('blob'));
  const first = await serve(t, (_, response) => {
    response.writeHead(307, { location: `http://storage.example:${other.port}/blob` }).end();
  });
  const answer = await local(t).fetch(`${first.url}/v2/`, {
    ...BOUNDS,
    redirects: 3,
    headers: { authorization: 'Bearer secret', cookie: 'a=b', accept: 'x/y' },
  });
  assert.equal(fromUtf8(answer.body), 'blob');
  assert.equal(first.seen[0]?.headers.authorization, 'Bearer secret');
  assert.equal(other.seen[0]?.headers.authorization, undefined);
  assert.equal(other.seen[0]?.headers.cookie, undefined);
  assert.equal(other.seen[0]?.headers.accept, 'x/y');
});

test('credentials do not come back when a redirect leads away and home again', async (t) => {
  let home = '';
  const other = await serve(t, (_, response) => response.writeHead(302, { location: `${home}/end` }).end());
  const first = await serve(t, (request, response) => {
    if (request.url === '/end') response.end('done');
    else response.writeHead(302, { location: `http://other.example:${other.port}/` }).end();
  });
  home = first.url;
  await local(t).fetch(`${first.url}/`, { ...BOUNDS, redirects: 5, headers: { authorization: 'Basic x' } });
  assert.equal(first.seen[1]?.headers.authorization, undefined);
});

test('each redirect is judged again', async (t) => {
  for (const location of [
    'http://169.254.169.254/latest',
    '//169.254.169.254/',
    'http://0x7f.1/',
    'ftp://x/',
    'http://u:p@x/',
  ]) {
    const { url } = await serve(t, (_, response) => response.writeHead(302, { location }).end());
    await assert.rejects(
      local(t).fetch(url, { ...BOUNDS, redirects: 2 }),
      { code: /SY-REACH-(ADDRESS-REFUSED|URL)/ },
      location,
    );
  }
});

test('a loop of redirects ends, and a POST is not sent elsewhere', async (t) => {
  const loop = await serve(t, (_, response) => response.writeHead(302, { location: '/again' }).end());
  await assert.rejects(local(t).fetch(loop.url, { ...BOUNDS, redirects: 4 }), { code: 'SY-REACH-REDIRECT' });
  assert.equal(loop.seen.length, 5);
  const options = { ...BOUNDS, redirects: 4, method: 'POST', body: toUtf8('token') } as const;
  await assert.rejects(local(t).fetch(loop.url, options), { code: 'SY-REACH-REDIRECT' });
});

test('without leave to follow, a redirect is the answer', async (t) => {
  const { url } = await serve(t, (_, response) => response.writeHead(302, { location: '/x' }).end());
  assert.equal((await local(t).fetch(url, BOUNDS)).status, 302);
});

test('an endless body is cut off at the bound, whether its length was announced or not', async (t) => {
  const endless = await serve(t, (_, response) => {
    const pump = setInterval(() => response.write('x'.repeat(400)), 1);
    response.on('close', () => clearInterval(pump));
  });
  await assert.rejects(local(t).fetch(endless.url, BOUNDS), { code: 'SY-REACH-TOO-LARGE' });
  const announced = await serve(t, (_, response) =>
    response.writeHead(200, { 'content-length': '5000' }).flushHeaders(),
  );
  await assert.rejects(local(t).fetch(announced.url, BOUNDS), { code: 'SY-REACH-TOO-LARGE' });
});

test('an answer shorter than announced, garbage, or a compressed bomb is no answer', async (t) => {
  const raw = async (text: string): Promise<string> => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(text));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
  };
  for (const text of [
    'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort',
    'not http at all\r\n\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(64 * 1024)}\r\n\r\n`,
    'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc',
    '',
  ])
    await assert.rejects(
      local(t).fetch(await raw(text), BOUNDS),
      { code: 'SY-REACH-FAILED' },
      text.slice(0, 60),
    );
});

test('a host that says nothing, and one that dribbles for ever, both run into a deadline', async (t) => {
  const silent = await serve(t, () => {});
  await assert.rejects(local(t).fetch(silent.url, { ...BOUNDS, idleTimeoutMs: 60 }), {
    code: 'SY-REACH-TIMEOUT',
  });
  const stalled = await serve(t, (_, response) => response.write('x'));
  await assert.rejects(local(t).fetch(stalled.url, { ...BOUNDS, idleTimeoutMs: 60 }), {
    code: 'SY-REACH-TIMEOUT',
  });
  const dribble = await serve(t, (_, response) => {
    const pump = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(pump));
  });
  await assert.rejects(local(t).fetch(dribble.url, { ...BOUNDS, timeoutMs: 200 }), {
    code: 'SY-REACH-TIMEOUT',
  });
});

test('a caller who gives up gets his own reason back', async (t) => {
  const silent = await serve(t, () => {});
  const reason = new Error('the client went away');
  const signal = AbortSignal.timeout(30);
  await assert.rejects(local(t).fetch(silent.url, { ...BOUNDS, signal }), { name: 'TimeoutError' });
  await assert.rejects(
    local(t).fetch(silent.url, { ...BOUNDS, signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
});

test('busy hosts are asked again, when they say so, and only so often', async (t) => {
  let failures = 2;
  const busy = await serve(t, (_, response) => {
    if (failures-- > 0) response.writeHead(503, { 'retry-after': '0' }).end();
    else response.end('ok');
  });
  assert.equal((await local(t).fetch(busy.url, { ...BOUNDS, retry: { attempts: 3 } })).status, 200);
  assert.equal(busy.seen.length, 3);
  const down = await serve(t, (_, response) => response.writeHead(429, { 'retry-after': '0' }).end());
  assert.equal((await local(t).fetch(down.url, { ...BOUNDS, retry: { attempts: 2 } })).status, 429);
  assert.equal(down.seen.length, 3);
});

test('a host that asks us to wait for an hour is not waited for beyond the deadline', async (t) => {
  const { url } = await serve(t, (_, response) => response.writeHead(429, { 'retry-after': '3600' }).end());
  await assert.rejects(local(t).fetch(url, { ...BOUNDS, timeoutMs: 150, retry: { attempts: 5 } }), {
    code: 'SY-REACH-TIMEOUT',
  });
});

test('a broken connection is tried again for GET, and never for a POST that might have done its work', async (t) => {
  let broken = 1;
  const flaky = await serve(t, (request, response) => {
    if (broken-- > 0) request.socket.destroy();
    else response.end('ok');
  });
  assert.equal((await local(t).fetch(flaky.url, { ...BOUNDS, retry: { attempts: 1 } })).status, 200);
  broken = 1;
  const post = { ...BOUNDS, method: 'POST', body: toUtf8('x'), retry: { attempts: 3 } } as const;
  await assert.rejects(local(t).fetch(flaky.url, post), { code: 'SY-REACH-FAILED' });
  broken = 1;
  const again = { ...post, retry: { attempts: 3, idempotent: true } };
  assert.equal((await local(t).fetch(flaky.url, again)).status, 200);
});

test('retries draw on one budget, so that a host that is down is not flooded', async (t) => {
  const down = await serve(t, (_, response) => response.writeHead(500, { 'retry-after': '0' }).end());
  const reach = local(t);
  for (let i = 0; i < 30; i++) await reach.fetch(down.url, { ...BOUNDS, retry: { attempts: 3 } });
  assert.ok(down.seen.length <= 51, `${down.seen.length} requests for 30 calls`);
});

test('connections are kept and used again', async (t) => {
  const sockets = new Set<unknown>();
  const { url } = await serve(t, (request, response) => {
    sockets.add(request.socket);
    response.end();
  });
  const reach = local(t);
  for (let i = 0; i < 5; i++) await reach.fetch(url, BOUNDS);
  assert.equal(sockets.size, 1);
});

test('bodies arrive whole, and a thousand requests at once all get their answer', async (t) => {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => response.end(body));
  });
  const { url } = await listening(t, server);
  const reach = local(t);
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      reach.fetch(url, { ...BOUNDS, timeoutMs: 10_000, method: 'PUT', body: toUtf8(`n${i}`) }),
    ),
  );
  for (const [i, answer] of answers.entries()) assert.equal(fromUtf8(answer.body), `n${i}`);
});

test('a plain request goes through the operator’s proxy by name, except for hosts that he exempts', async (t) => {
  const proxy = await serve(t, (request, response) => response.end(`proxied ${request.url}`));
  const { port } = await serve(t, (_, response) => response.end('direct'));
  const reach = createReach({
    allow: LOCAL_TOO,
    resolve: async () => ['127.0.0.1'],
    proxy: { http: proxy.url, none: 'inside.example,.corp' },
  });
  t.after(() => reach.close());
  const get = async (url: string) => fromUtf8((await reach.fetch(url, BOUNDS)).body);
  assert.equal(await get('http://outside.example/x'), 'proxied http://outside.example/x');
  assert.equal(await get(`http://inside.example:${port}/`), 'direct');
  assert.equal(await get(`http://a.corp:${port}/`), 'direct');
});

test('a redirect can be held to fewer networks than the request itself', async (t) => {
  const inner = await serve(t, (_, response) => response.end('inner'));
  const outer = await serve(t, (_, response) => response.writeHead(302, { location: inner.url }).end());
  const options = { ...BOUNDS, redirects: 1 };
  assert.equal((await local(t).fetch(outer.url, options)).status, 200);
  await assert.rejects(local(t).fetch(outer.url, { ...options, refuseElsewhere: ['loopback'] }), {
    code: 'SY-REACH-ADDRESS-REFUSED',
  });
  await assert.rejects(local(t).fetch(outer.url, { ...options, refuse: ['loopback'] }), {
    code: 'SY-REACH-ADDRESS-REFUSED',
  });
});

test('JSON documents of others are read within bounds', async (t) => {
  const answers: Readonly<Record<string, readonly [number, string]>> = {
    '/good': [200, '{"keys":[]}'],
    '/absent': [404, '{}'],
    '/broken': [200, '{"keys":'],
    '/deep': [200, '['.repeat(100) + ']'.repeat(100)],
    '/large': [200, `"${'x'.repeat(2000)}"`],
    '/bytes': [200, '\u00ff'],
  };
  const { url } = await serve(t, (request, response) => {
    const [status, body] = answers[request.url ?? ''] ?? [500, ''];
    response.writeHead(status).end(Buffer.from(body, 'latin1'));
  });
  const get = fetchJsonVia(local(t), BOUNDS);
  assert.deepEqual(await get(`${url}/good`), { keys: [] });
  await assert.rejects(get(`${url}/absent`), { code: 'SY-REACH-STATUS' });
  await assert.rejects(get(`${url}/broken`), { code: 'SY-JSON-MALFORMED' });
  await assert.rejects(get(`${url}/deep`), { code: 'SY-JSON-TOO-LARGE' });
  await assert.rejects(get(`${url}/large`), { code: 'SY-REACH-TOO-LARGE' });
  await assert.rejects(get(`${url}/bytes`), { code: 'SY-JSON-MALFORMED' });
});
