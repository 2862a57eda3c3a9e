// http-01 against real servers: what proves control, and every way in which a server may lead astray.
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type TestContext, test } from 'node:test';
import { alpnCertificate } from '../driver/alpn-certificate.ts';
import { reply } from '../driver/dns-server.ts';
import { serve } from '../reach/loopback.ts';
import { closedPort, lab, listen, target, validatorFor, verdict } from './lab.ts';

const NAME = 'shop.example.com';

async function setUp(t: TestContext, listener: RequestListener, changes = {}) {
  const server = await serve(t, listener);
  const { dns, validator } = await lab(t, { httpPort: server.port, ...changes });
  dns.a(NAME, '127.0.0.1');
  return { dns, validator, server };
}

function answering(text: (token: string) => string): RequestListener {
  return (request, response) => response.end(text(request.url?.split('/').at(-1) ?? ''));
}

function redirecting(to: string, status = 302): RequestListener {
  return (_request, response) => response.writeHead(status, { location: to }).end();
}

test('RFC 8555 §8.3: the key authorization at the well-known address proves the name', async (t) => {
  const asked = target('http-01', NAME);
  const { validator, server } = await setUp(
    t,
    answering(() => asked.keyAuthorization),
  );
  const result = await validator.validate(asked);
  assert.equal(verdict(result), 'valid');
  assert.equal(server.seen[0]?.url, `/.well-known/acme-challenge/${asked.token}`);
  assert.equal(server.seen[0]?.headers.host, `${NAME}:${server.port}`);
  assert.match(JSON.stringify(result.evidence), /127\.0\.0\.1:\d+.*"url":"http:\/\/shop\.example\.com/);
});

test('RFC 8555 §8.3: white space behind the key authorization does not count, before it it does', async (t) => {
  const asked = target('http-01', NAME);
  let body = `${asked.keyAuthorization}\r\n \t\n`;
  const { validator } = await setUp(
    t,
    answering(() => body),
  );
  assert.equal(verdict(await validator.validate(asked)), 'valid');
  body = ` ${asked.keyAuthorization}`;
  assert.match(verdict(await validator.validate(asked)), /^SY-CHALLENGE-MISMATCH final/);
});

for (const [what, body] of Object.entries({
  'an empty file': '',
  'another token': `AAAA.${'x'.repeat(43)}`,
  'the token alone': 'TOKEN',
  'a longer thumbprint': 'KEYAUTHx',
}))
  test(`${what} proves nothing, and the message says where and what was found`, async (t) => {
    const asked = target('http-01', NAME);
    const text = body.replace('TOKEN', asked.token).replace('KEYAUTH', asked.keyAuthorization);
    const { validator } = await setUp(
      t,
      answering(() => text),
    );
    assert.match(
      verdict(await validator.validate(asked)),
      /^SY-CHALLENGE-MISMATCH final http:\/\/shop\.example\.com:\d+\/\.well-known\/acme-challenge\/.* the file holds "/,
    );
  });

test('what a page says gets into the message as a few printable characters alone', async (t) => {
  const asked = target('http-01', NAME);
  const { validator } = await setUp(
    t,
    answering(() => `\x1b[31m<b>"\\${'s3cret'.repeat(100)}`),
  );
  const told = verdict(await validator.validate(asked));
  assert.match(told, /holds "\.\[31m<b>\.\.s3crets3cret/);
  assert.ok(told.length < 420, String(told.length));
  assert.doesNotMatch(told, /[^\x20-\x7e]/);
});

test('a status other than 200 is no answer, may come right later, and its page is not shown', async (t) => {
  const { validator } = await setUp(t, (_request, response) =>
    response.writeHead(404).end('internal: 10.1.2.3'),
  );
  const told = verdict(await validator.validate(target('http-01', NAME)));
  assert.match(told, /^SY-CHALLENGE-RESPONSE retry .*status 404 instead of 200/);
  assert.doesNotMatch(told, /internal/);
});

test('RFC 8738 §3: an IP address is asked directly, with itself as Host', async (t) => {
  const asked = target('http-01', { type: 'ip', value: '127.0.0.1' });
  const { validator, server, dns } = await setUp(
    t,
    answering(() => asked.keyAuthorization),
  );
  assert.equal(verdict(await validator.validate(asked)), 'valid');
  assert.equal(server.seen[0]?.headers.host, `127.0.0.1:${server.port}`);
  assert.equal(dns.asked.length, 0);
});

test('an IPv6 address is asked with brackets, and only where its network is named', async (t) => {
  const asked = target('http-01', { type: 'ip', value: '::1' });
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    response.end(asked.keyAuthorization);
  });
  t.after(() => server.close());
  const port = await listen(server, '::1');
  const named = validatorFor({ httpPort: port, allowNetworks: ['::1/128'] });
  assert.equal(verdict(await named.validate(asked)), 'valid');
  assert.deepEqual(hosts, [`[::1]:${port}`]);
  const unnamed = validatorFor({ httpPort: port });
  assert.match(verdict(await unnamed.validate(asked)), /^SY-CHALLENGE-ADDRESS-REFUSED final ::1 .*loopback/);
});

test('IPv6 is tried first, and IPv4 where nothing answers there', async (t) => {
  const asked = target('http-01', NAME);
  const { dns, validator } = await setUp(
    t,
    answering(() => asked.keyAuthorization),
    {
      allowNetworks: ['127.0.0.1/32', '::1/128'],
    },
  );
  dns.a(NAME, '::1');
  const result = await validator.validate(asked);
  assert.equal(verdict(result), 'valid');
  assert.match(JSON.stringify(result.evidence), /"unreachable":"\[::1\]:\d+".*"connected":"127\.0\.0\.1/);
});

test('a name without addresses and a name with a failing server are told apart', async (t) => {
  const { dns, validator } = await lab(t);
  assert.match(
    verdict(await validator.validate(target('http-01', 'nowhere.example.com'))),
    /^SY-CHALLENGE-NAME-UNKNOWN retry nowhere\.example\.com: neither A nor AAAA/,
  );
  dns.misbehave = (question) =>
    question.name === 'broken.example.com' ? [reply(question, { rcode: 2 })] : undefined;
  assert.match(
    verdict(await validator.validate(target('http-01', 'broken.example.com'))),
    /^SY-CHALLENGE-DNS retry broken\.example\.com A{1,4} at 127\.0\.0\.1:\d+: SERVFAIL/,
  );
});

test('nothing listening is a connection that may work later', async (t) => {
  const { dns, validator } = await lab(t, { httpPort: await closedPort() });
  dns.a(NAME, '127.0.0.1');
  assert.match(
    verdict(await validator.validate(target('http-01', NAME))),
    /^SY-CHALLENGE-CONNECTION retry 127\.0\.0\.1:\d+: connection refused/,
  );
});

test('a wildcard is not proven by http-01', async (t) => {
  const { validator } = await lab(t);
  for (const asked of [target('http-01', NAME, { wildcard: true }), target('http-01', `*.${NAME}`)])
    assert.match(
      verdict(await validator.validate(asked)),
      /^SY-CHALLENGE-UNSUPPORTED final http-01 for dns \*\./,
    );
});

test('redirects are followed, ten of them, relative ones too; the eleventh is not', async (t) => {
  const asked = target('http-01', NAME);
  let limit = 10;
  const { validator } = await setUp(t, (request, response) => {
    const hop = Number(new URL(request.url ?? '', 'http://x').searchParams.get('hop') ?? '0');
    if (hop < limit) response.writeHead(301, { location: `?hop=${hop + 1}` }).end();
    else response.end(asked.keyAuthorization);
  });
  assert.equal(verdict(await validator.validate(asked)), 'valid');
  limit = 11;
  assert.match(
    verdict(await validator.validate(asked)),
    /^SY-CHALLENGE-REDIRECT final .*more than 10 redirects/,
  );
});

test('a redirect to https goes to the TLS port, and its certificate is not asked for', async (t) => {
  const asked = target('http-01', NAME);
  const { key, cert } = alpnCertificate({ names: [{ type: 'dns', value: 'other.example.com' }] });
  const secure = createHttpsServer({ key, cert }, (_request, response) =>
    response.end(asked.keyAuthorization),
  );
  const tlsPort = await listen(secure);
  t.after(() => secure.close());
  const { validator } = await setUp(t, redirecting(`https://${NAME}/file`), { tlsPort });
  assert.equal(verdict(await validator.validate(asked)), 'valid');
});

for (const [where, why] of Object.entries({
  'file:///etc/passwd': /neither http nor https/,
  'ftp://shop.example.com/x': /neither http nor https/,
  'gopher://127.0.0.1:70/': /neither http nor https/,
  'javascript:alert(1)': /neither http nor https/,
  'http://user:secret@shop.example.com/': /user name or password/,
  'http://shop.example.com:22/': /port 22/,
  'http://shop.example.com:6379/': /port 6379/,
  'https://shop.example.com:8443/': /port 8443/,
  'http://0x7f.1/': /unusual spelling/,
  'http://2130706433/': /unusual spelling/,
  'http://0177.0.0.1/': /unusual spelling/,
  'http://127.1/': /unusual spelling/,
  '//2130706433/': /unusual spelling/,
  'http://': /neither http nor https/,
}))
  test(`a redirect to ${where} is not followed`, async (t) => {
    const { validator, server } = await setUp(t, redirecting(where));
    const told = verdict(await validator.validate(target('http-01', NAME)));
    assert.match(told, /^SY-CHALLENGE-REDIRECT final/);
    assert.match(told, why);
    assert.equal(server.seen.length, 1);
  });

for (const host of [
  '127.0.0.2',
  '10.0.0.1',
  '192.168.1.1',
  '172.16.0.1',
  '169.254.169.254',
  '169.254.1.1',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.2]',
  '[::ffff:7f00:2]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:2]',
  '[2002:7f00:1::]',
  '[fe80::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
])
  test(`a redirect to ${host} reaches nothing`, async (t) => {
    const { validator, server } = await setUp(t, redirecting(`http://${host}/`));
    const told = verdict(await validator.validate(target('http-01', NAME)));
    assert.match(told, /^SY-CHALLENGE-ADDRESS-REFUSED final/);
    assert.equal(server.seen.length, 1);
  });

for (const address of [
  '10.0.0.1',
  '169.254.169.254',
  '127.0.0.53',
  '0.0.0.0',
  '::ffff:127.0.0.2',
  '::1',
  'fe80::1',
])
  test(`a name that leads to ${address} is refused, and the address is named`, async (t) => {
    const { dns, validator } = await lab(t);
    dns.a(NAME, address);
    assert.match(
      verdict(await validator.validate(target('http-01', NAME))),
      /^SY-CHALLENGE-ADDRESS-REFUSED final shop\.example\.com leads to [0-9a-f:.]+ \((private|metadata|loopback|reserved|link-local)\)/,
    );
  });

test('RFC 6761 §6.3: no name server decides what localhost is', async (t) => {
  const { dns, validator } = await lab(t, { allowNetworks: [] });
  for (const name of ['localhost', 'x.localhost']) {
    dns.a(name, '8.8.8.8');
    assert.match(
      verdict(await validator.validate(target('http-01', name))),
      /^SY-CHALLENGE-ADDRESS-REFUSED final (x\.)?localhost leads to ::1 \(loopback\), 127\.0\.0\.1/,
    );
  }
  assert.equal(dns.asked.length, 0);
});

test('DNS rebinding: a later answer leads nowhere, since the judged address is the one that is connected to', async (t) => {
  const asked = target('http-01', NAME);
  let lookups = 0;
  const { dns, validator, server } = await setUp(t, (request, response) => {
    if (request.url?.includes('well-known') === true) response.writeHead(302, { location: '/again' }).end();
    else response.end(asked.keyAuthorization);
  });
  dns.misbehave = (question) => {
    if (question.type !== 1) return undefined;
    dns.remove(NAME);
    dns.a(NAME, lookups++ === 0 ? '127.0.0.1' : '127.0.0.9');
    return undefined;
  };
  assert.match(
    verdict(await validator.validate(asked)),
    /^SY-CHALLENGE-ADDRESS-REFUSED final .*127\.0\.0\.9 \(loopback\)/,
  );
  assert.equal(server.seen.length, 1);
  assert.equal(lookups, 2);
});

test('a loop of redirects ends at once', async (t) => {
  const { validator, server } = await setUp(t, (request, response) =>
    response.writeHead(302, { location: request.url?.includes('/a') === true ? '/b' : '/a' }).end(),
  );
  assert.match(
    verdict(await validator.validate(target('http-01', NAME))),
    /^SY-CHALLENGE-REDIRECT final .*a loop/,
  );
  assert.ok(server.seen.length <= 4);
});

test('a redirect without Location, and 303, are not followed', async (t) => {
  let status = 302;
  const { validator } = await setUp(t, (_request, response) => response.writeHead(status).end());
  assert.match(
    verdict(await validator.validate(target('http-01', NAME))),
    /REDIRECT final .*without a Location/,
  );
  status = 303;
  assert.match(verdict(await validator.validate(target('http-01', NAME))), /REDIRECT final .*303/);
});

test('an aborted validation throws the reason and leaves no connection', async (t) => {
  const { validator, server } = await setUp(t, () => abort.abort(new Error('the order was deactivated')));
  const abort = new AbortController();
  await assert.rejects(validator.validate(target('http-01', NAME), abort.signal), /deactivated/);
  assert.equal(server.seen.length, 1);
  await assert.rejects(
    validator.validate(target('http-01', NAME), AbortSignal.abort(new Error('late'))),
    /late/,
  );
});
