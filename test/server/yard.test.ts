// A whole yard: first start, restart, status, policy reload, clock, closing.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { parseTrustedRoot } from '../../src/formats/trusted-root.ts';
import type { Clock } from '../../src/ground/ports.ts';
import { createReach, LOCAL_TOO } from '../../src/reach/reach.ts';
import { REAL_CLOCK } from '../../src/server/clock.ts';
import { signBlob } from '../../src/sign/sign.ts';
import { createYardClient } from '../../src/sign/yard-client.ts';
import { verifyBundle } from '../../src/verify/bundle.ts';
import { prepareTrust } from '../../src/verify/trust.ts';
import { bearer, chainOf, newKey, type RunningYard, runYard, signingRequest } from './running.ts';

function plainGet(url: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('a yard in development', () => {
  let running: RunningYard;
  before(async () => {
    running = await runYard({ development: true });
  });
  after(() => running.close());

  test('keeps its directory, secrets and policy to its owner', () => {
    assert.equal(statSync(running.directory).mode & 0o777, 0o700);
    for (const name of ['admin-token', 'policy.yaml', 'unlock-secret'])
      assert.equal(statSync(running.file(name)).mode & 0o777, 0o600, name);
  });

  test('says what whoever started it must know', () => {
    const notices = running.yard.notices.join('\n');
    assert.match(notices, /one-time administrator token is in .*admin-token/);
    assert.match(notices, /sealed with a secret that lies beside them/);
    assert.match(notices, /built-in issuer is on/);
    assert.equal(running.yard.isFirstStart, true);
  });

  test('serves its root over plain HTTP, and a listener certificate that chains to it', async () => {
    const { status, text } = await plainGet(`${running.yard.plainUrl}/roots.pem`);
    assert.equal(status, 200);
    assert.equal(text, running.yard.rootPem);
    assert.equal(
      new X509Certificate(text).fingerprint256.replaceAll(':', '').toLowerCase(),
      running.yard.rootFingerprint,
    );
    assert.equal((await running.ask('GET', '/livez')).status, 200);
  });

  test('keeps what takes a secret off the plain listener', async () => {
    for (const path of ['/admin/v1/status', '/api/v2/configuration', '/trusted_root.json'])
      assert.equal((await plainGet(`${running.yard.plainUrl}${path}`)).status, 404, path);
  });

  test('is ready, and says so to probes, people and Prometheus', async () => {
    const ready = await running.ask('GET', '/readyz');
    assert.equal(ready.status, 200);
    assert.deepEqual(
      (ready.json()['checks'] as { name: string }[]).map(({ name }) => name),
      ['store', 'clock', 'listener-certificate', 'timestamp-certificate'],
    );
    assert.deepEqual((await running.admin('GET', '/admin/v1/status')).json()['problems'], []);
    const metrics = await running.ask('GET', '/metrics');
    assert.match(metrics.text, /^sealyard_ready 1$/m);
    assert.match(metrics.text, /^sealyard_log_size\{log="audit"\} [1-9]/m);
    assert.match(metrics.text, /sealyard_requests_total\{door="operations",status="200",code="SY-OK"\}/);
  });

  test('takes a job from its token to a verified signature', async () => {
    const reach = createReach({ allow: LOCAL_TOO });
    try {
      const signed = await signBlob({
        bytes: Buffer.from('release 1.0'),
        yard: createYardClient({
          url: running.yard.publicUrl,
          reach,
          clock: REAL_CLOCK,
          roots: running.yard.rootPem,
        }),
        token: await running.jobToken('acme/shop'),
        clock: REAL_CLOCK,
      });
      const trust = prepareTrust(parseTrustedRoot(JSON.parse(running.yard.trustedRootJson)));
      const facts = verifyBundle(signed.bundle, {
        trust,
        artifact: { bytes: Buffer.from('release 1.0') },
        require: { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 },
      });
      assert.equal(facts.signer.kind, 'certificate');
      assert.equal(signed.identity, `${running.yard.publicUrl}/oidc/acme/shop`);

      const why = await running.admin('GET', `/admin/v1/why?subject=${signed.certificateSerial}`);
      const chain = why.json() as {
        certificates: { serial: string; requester: string }[];
        entries: { logIndex: number }[];
        authorities: { id: string }[];
        policies: { current: boolean }[];
        witnessed: boolean;
      };
      assert.equal(chain.certificates[0]?.requester, 'acme/shop');
      assert.equal(chain.entries[0]?.logIndex, signed.logIndex);
      assert.deepEqual(
        chain.authorities.map(({ id }) => id),
        ['code-signing-1', 'root-1'],
      );
      assert.equal(chain.policies[0]?.current, true);
      assert.equal(chain.witnessed, false);
    } finally {
      reach.close();
    }
  });

  test('speaks real discovery for its built-in issuer', async () => {
    const discovery = (await running.ask('GET', '/oidc/.well-known/openid-configuration')).json();
    assert.equal(discovery['issuer'], `${running.yard.publicUrl}/oidc`);
    const keys = await running.ask('GET', new URL(String(discovery['jwks_uri'])).pathname);
    assert.equal((keys.json()['keys'] as unknown[]).length, 1);
  });

  test('answers 100 certificate requests at once, each with its own serial', async () => {
    const subjects = Array.from({ length: 100 }, (_, i) => `job-${i}`);
    const tokens = await Promise.all(subjects.map((subject) => running.jobToken(subject)));
    const key = newKey();
    const answers = await Promise.all(
      subjects.map((subject, i) =>
        running.ask('POST', '/api/v2/signingCert', {
          headers: bearer(tokens[i] ?? ''),
          body: signingRequest(key, subject),
        }),
      ),
    );
    const serials = new Set(answers.map((answer) => chainOf(answer)[0]?.serialNumber));
    assert.equal(serials.size, 100);
  });

  test('a policy that is not one is refused on reload, recorded, and the old one goes on serving', async () => {
    const before = running.yard.policyVersion;
    const text = readFileSync(running.file('policy.yaml'), 'utf8');
    writeFileSync(running.file('policy.yaml'), `${text}\nsurprise: true\n`);
    await assert.rejects(running.yard.reload(), { code: 'SY-POLICY-INVALID' });
    assert.equal(running.yard.policyVersion, before);
    const refused = await running.admin('GET', '/admin/v1/audit?action=policy.refused');
    assert.equal((refused.json()['events'] as unknown[]).length, 1);
    rmSync(running.file('policy.yaml'));
    symlinkSync('/dev/zero', running.file('policy.yaml'));
    await assert.rejects(running.yard.reload(), { code: 'SY-SERVER-CONFIG' });
    rmSync(running.file('policy.yaml'));
    writeFileSync(running.file('policy.yaml'), `${text}\n# a remark\n`);
    assert.match(await running.yard.reload(), /is in force/);
    assert.notEqual(running.yard.policyVersion, before);
    assert.match(await running.yard.reload(), /unchanged/);
    const old = await running.admin('GET', `/admin/v1/policy?version=${before}`);
    assert.equal(old.json()['text'], text);
  });

  test('a second process on the same directory is refused, and the first goes on', async () => {
    await assert.rejects(runYard({}, { directory: running.directory }), { code: 'SY-STORE-LOCKED' });
    assert.equal((await running.ask('GET', '/readyz')).status, 200);
  });
});

describe('a yard that starts again', () => {
  test('is the same yard: root, URL, logs; the one-time token is not made twice', async () => {
    const first = await runYard({ development: true });
    const { publicUrl, rootFingerprint } = first.yard;
    const token = first.bootstrapToken();
    await first.yard.close();
    const second = await runYard({}, { directory: first.directory });
    assert.equal(second.yard.isFirstStart, false);
    assert.equal(second.yard.publicUrl, publicUrl);
    assert.equal(second.yard.rootFingerprint, rootFingerprint);
    assert.equal(second.bootstrapToken(), token);
    // Without --development the built-in issuer is gone, though the policy still names it.
    assert.equal((await second.ask('GET', '/oidc/jwks')).status, 404);
    assert.equal((await second.admin('POST', '/admin/v1/development/tokens', { subject: 'x' })).status, 403);
    assert.equal(existsSync(second.file('admin-token')), false);
    await second.yard.close();
    const third = await runYard({}, { directory: first.directory });
    assert.equal(existsSync(third.file('admin-token')), false);
    await assert.rejects(runYard({ 'public-url': 'https://other.example' }, { directory: first.directory }), {
      code: 'SY-STORE-LOCKED',
    });
    await third.yard.close();
    await assert.rejects(
      runYard({ 'public-url': 'https://other.example' }, { directory: first.directory }),
      (error: Error & { code: string }) =>
        error.code === 'SY-SERVER-PUBLIC-URL' && error.message.includes(publicUrl),
    );
    await third.close();
  });

  test('a one-time token whose file is lost is replaced, and the lost one is no longer good', async () => {
    const first = await runYard();
    const lost = first.bootstrapToken();
    await first.yard.close();
    writeFileSync(first.file('admin-token'), '');
    const { rmSync } = await import('node:fs');
    rmSync(first.file('admin-token'));
    const second = await runYard({}, { directory: first.directory });
    assert.notEqual(second.bootstrapToken(), lost);
    const answer = await second.ask('POST', '/admin/v1/tokens/exchange', { headers: bearer(lost) });
    assert.equal(answer.status, 401);
    await second.close();
  });

  test('a taken address is an error before anything is made, and nothing stays open', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as { port: number };
    const first = await runYard();
    await first.yard.close();
    await assert.rejects(runYard({ listen: `127.0.0.1:${port}` }, { directory: first.directory }), {
      code: 'SY-SERVER-ADDRESS',
    });
    blocker.close();
    const again = await runYard({}, { directory: first.directory });
    await again.close();
  });

  test('another unlock secret is refused', async () => {
    const first = await runYard(
      { 'unlock-secret': 'env:YARD_SECRET' },
      { ports: { environment: { YARD_SECRET: 'correct horse battery staple' } } },
    );
    assert.equal(existsSync(first.file('unlock-secret')), false);
    await first.yard.close();
    for (const [secret, code] of [
      ['wrong horse battery staple', 'SY-KEYS-UNLOCK'],
      [undefined, 'SY-SERVER-UNLOCK-SECRET'],
    ] as const)
      await assert.rejects(
        runYard(
          { 'unlock-secret': 'env:YARD_SECRET' },
          { directory: first.directory, ports: { environment: { YARD_SECRET: secret } } },
        ),
        { code },
      );
    await first.close();
  });
});

describe('a clock that cannot be right', () => {
  test('stops issuing and timestamps, says so everywhere, and lets them go on when it is right again', async () => {
    let offsetMs = 0;
    const clock: Clock = { now: () => new Date(Date.now() + offsetMs) };
    const running = await runYard({ development: true }, { ports: { clock } });
    const token = await running.jobToken('acme/shop');
    const ask = () =>
      running.ask('POST', '/api/v2/signingCert', {
        headers: bearer(token),
        body: signingRequest(newKey(), 'acme/shop'),
      });
    assert.equal((await ask()).status, 200);
    offsetMs = -3_600_000;
    const refused = await ask();
    assert.equal(refused.status, 503);
    assert.match(refused.text, /SY-ISSUE-CLOCK/);
    const ready = await running.ask('GET', '/readyz');
    assert.equal(ready.status, 503);
    assert.match(ready.text, /SY-ISSUE-CLOCK/);
    assert.match(JSON.stringify(running.yard.status()['problems']), /SY-ISSUE-CLOCK/);
    offsetMs = 0;
    assert.equal((await ask()).status, 200);
    await running.close();
  });
});

describe('closing', () => {
  test('ends although clients hold connections open', async () => {
    const running = await runYard();
    const { connect } = await import('node:tls');
    const { port } = new URL(running.yard.publicUrl);
    const sockets = Array.from({ length: 5 }, () =>
      connect({ host: '127.0.0.1', port: Number(port), ca: running.yard.rootPem }),
    );
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once('secureConnect', resolve))),
    );
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.write(
        'POST /api/v2/signingCert HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
      );
    }
    const started = performance.now();
    await running.close();
    assert.ok(performance.now() - started < 15_000);
  });
});

test('a directory that others can enter is closed to them', async () => {
  const first = await runYard();
  await first.yard.close();
  chmodSync(first.directory, 0o755);
  const second = await runYard({}, { directory: first.directory });
  assert.equal(statSync(first.directory).mode & 0o777, 0o700);
  await second.close();
});
