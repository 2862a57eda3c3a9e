// The admin door: who may call, tokens, what can be read, backup.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type Answer,
  bearer,
  chainOf,
  newKey,
  type RunningYard,
  runYard,
  signingRequest,
} from '../server/running.ts';

let running: RunningYard;
let bootstrap: string;

before(async () => {
  running = await runYard({ development: true });
  bootstrap = running.bootstrapToken();
});
after(() => running.close());

function assertProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const problem = answer.json();
  assert.equal(problem['code'], code, answer.text);
  assert.equal(problem['status'], status);
}

const status = (headers: Record<string, string>) => running.ask('GET', '/admin/v1/status', { headers });

describe('who may call', () => {
  test('nobody without a token, loopback or not; the answer says how', async () => {
    const answer = await status({});
    assertProblem(answer, 401, 'SY-ADMIN-NO-TOKEN');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    for (const authorization of ['', 'Basic YTpi', 'Bearer', 'Bearer a b'])
      assert.equal((await status({ authorization })).status, 401, authorization);
  });

  test('a token that is none is 401, whatever is wrong with it', async () => {
    for (const token of ['sy_', `sy_${'A'.repeat(43)}`, `sy_${'A'.repeat(5000)}`])
      assertProblem(await status(bearer(token)), 401, 'SY-IDENTITY-CREDENTIAL');
    assert.equal((await status(bearer('eyJhbGciOiJub25lIn0.e30.'))).status, 401);
  });

  test('the one-time token opens nothing but its exchange, and that once', async () => {
    assertProblem(await status(bearer(bootstrap)), 403, 'SY-ADMIN-ROLE');
    assert.equal(existsSync(running.file('admin-token')), true);
    const token = await running.administrator();
    assert.match(token, /^sy_/);
    assert.equal(existsSync(running.file('admin-token')), false);
    const again = await running.ask('POST', '/admin/v1/tokens/exchange', { headers: bearer(bootstrap) });
    assertProblem(again, 401, 'SY-IDENTITY-CREDENTIAL');
    assert.equal((await status(bearer(token))).status, 200);
  });

  test('two Host headers, or a target that names another host, pass for none of our names', async () => {
    const { host } = new URL(running.yard.publicUrl);
    const authorization = `authorization: Bearer ${await running.administrator()}`;
    for (const head of [
      `GET /admin/v1/status HTTP/1.1\r\nhost: ${host}\r\nhost: evil.example`,
      `GET https://evil.example/admin/v1/status HTTP/1.1\r\nhost: ${host}`,
    ]) {
      const answer = await running.raw(`${head}\r\n${authorization}\r\nconnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 4\d\d /, answer);
      assert.doesNotMatch(answer, /publicUrl/);
    }
  });

  test('a page of another site gets nowhere, not even with a good token', async () => {
    const token = bearer(await running.administrator());
    assertProblem(await status({ ...token, host: 'evil.example' }), 403, 'SY-ADMIN-HOST');
    assertProblem(await status({ ...token, host: '127.0.0.1.evil.example' }), 403, 'SY-ADMIN-HOST');
    assertProblem(await status({ ...token, origin: 'https://evil.example' }), 403, 'SY-ADMIN-HOST');
    assertProblem(await status({ ...token, origin: 'null' }), 403, 'SY-ADMIN-HOST');
    assert.equal((await status({ ...token, origin: running.yard.publicUrl })).status, 200);
    assert.equal((await status({ ...token, host: 'localhost:1234' })).status, 200);
    const form = await running.ask('POST', '/admin/v1/tokens', {
      headers: { ...token, 'content-type': 'text/plain' },
      body: '{"name":"x"}',
    });
    assertProblem(form, 415, 'SY-HTTP-MEDIA-TYPE');
  });

  test('a name without a role may do nothing; each role what it is for', async () => {
    const file = running.file('policy.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace(
        /^administer:\n/m,
        'administer:\n  - { who: dashboards, role: viewer }\n  - { who: watcher, role: auditor }\n  - { who: developer, role: operator }\n',
      ),
    );
    await running.yard.reload();
    const tokenOf = async (name: string) => {
      const made = await running.admin('POST', '/admin/v1/tokens', { name, lifetimeSeconds: 3600 });
      assert.equal(made.status, 201, made.text);
      return bearer(String(made.json()['token']));
    };
    const [nobody, viewer, auditor] = [
      await tokenOf('nobody'),
      await tokenOf('dashboards'),
      await tokenOf('watcher'),
    ];
    const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
      running.ask(method, path, { headers });
    assertProblem(await ask('/admin/v1/status', nobody), 403, 'SY-ADMIN-ROLE');
    assert.equal((await ask('/admin/v1/status', viewer)).status, 200);
    assertProblem(await ask('/admin/v1/audit', viewer), 403, 'SY-ADMIN-ROLE');
    assert.equal((await ask('/admin/v1/audit', auditor)).status, 200);
    assertProblem(await ask('/admin/v1/tokens', auditor), 403, 'SY-ADMIN-ROLE');
    assertProblem(await ask('/admin/v1/backup', auditor, 'POST'), 403, 'SY-ADMIN-ROLE');
    // An identity of the policy, by its own token.
    const job = bearer(await running.jobToken('acme/shop'));
    assert.equal((await ask('/admin/v1/status', job)).status, 200);
    assertProblem(await ask('/admin/v1/tokens', job), 403, 'SY-ADMIN-ROLE');
    writeFileSync(file, text);
    await running.yard.reload();
    assertProblem(await ask('/admin/v1/status', viewer), 403, 'SY-ADMIN-ROLE');
  });

  test('refused callers are on record, few enough that they cannot fill it', async () => {
    for (let i = 0; i < 20; i++) await status(bearer(`sy_${'B'.repeat(43)}`));
    const events = (await running.admin('GET', '/admin/v1/audit?action=token.refused')).json()[
      'events'
    ] as unknown[];
    assert.ok(events.length >= 1 && events.length <= 2, `${events.length}`);
  });
});

describe('tokens', () => {
  test('are made, listed without their secret, and end at once', async () => {
    const made = (await running.admin('POST', '/admin/v1/tokens', { name: 'administrator' })).json();
    const token = String(made['token']);
    assert.equal((await status(bearer(token))).status, 200);
    const list = await running.admin('GET', '/admin/v1/tokens');
    assert.ok(!list.text.includes(token));
    assert.equal((await running.admin('DELETE', `/admin/v1/tokens/${made['id']}`)).status, 200);
    assertProblem(await status(bearer(token)), 401, 'SY-IDENTITY-CREDENTIAL');
    const again = await running.admin('DELETE', `/admin/v1/tokens/${made['id']}`);
    assertProblem(again, 404, 'SY-IDENTITY-TOKEN-NOT-FOUND');
  });

  test('bad requests are refused and make nothing', async () => {
    const before = (await running.admin('GET', '/admin/v1/tokens')).text;
    for (const body of [
      {},
      { name: '' },
      { name: 7 },
      { name: 'x'.repeat(100) },
      { name: 'x', lifetimeSeconds: -1 },
      { name: 'x', lifetimeSeconds: 1e12 },
      { name: 'x', surprise: 1 },
      { name: '../x' },
    ])
      assert.equal((await running.admin('POST', '/admin/v1/tokens', body)).status, 400, JSON.stringify(body));
    assertProblem(await running.admin('POST', '/admin/v1/tokens', '{'), 400, 'SY-JSON-MALFORMED');
    const twice = '{"name":"a","name":"administrator"}';
    assertProblem(await running.admin('POST', '/admin/v1/tokens', twice), 400, 'SY-JSON-MALFORMED');
    assertProblem(
      await running.admin('POST', '/admin/v1/tokens', 'x'.repeat(70_000)),
      413,
      'SY-HTTP-TOO-LARGE',
    );
    assert.equal((await running.admin('GET', '/admin/v1/tokens')).text, before);
  });

  test('job tokens cannot be told to claim what the issuer says itself', async () => {
    const refused = await running.admin('POST', '/admin/v1/development/tokens', {
      subject: 'x',
      claims: { iss: 'https://token.actions.githubusercontent.com' },
    });
    assertProblem(refused, 400, 'SY-ADMIN-MALFORMED');
    assertProblem(await running.admin('POST', '/admin/v1/development/tokens', {}), 400, 'SY-ADMIN-MALFORMED');
  });
});

describe('what can be read', () => {
  test('the evidence around a serial, and 404 for one that is unknown', async () => {
    const token = await running.jobToken('acme/shop');
    const [leaf] = chainOf(
      await running.ask('POST', '/api/v2/signingCert', {
        headers: bearer(token),
        body: signingRequest(newKey(), 'acme/shop'),
      }),
    );
    const why = await running.admin('GET', `/admin/v1/why?subject=${leaf?.serialNumber}`);
    assert.equal((why.json()['certificates'] as unknown[]).length, 1);
    for (const [subject, code, expected] of [
      ['', 'SY-ADMIN-MALFORMED', 400],
      ['nonsense', 'SY-ADMIN-MALFORMED', 400],
      ['00ff', 'SY-ADMIN-NOT-FOUND', 404],
      [`sha256:${'0'.repeat(64)}`, 'SY-ADMIN-NOT-FOUND', 404],
    ] as const)
      assertProblem(await running.admin('GET', `/admin/v1/why?subject=${subject}`), expected, code);
  });

  test('the audit log, searched and paged; a search that means nothing is refused', async () => {
    const created = (await running.admin('GET', '/admin/v1/audit?action=yard.created')).json()['events'] as {
      logIndex: number;
      data: { publicUrl: string };
    }[];
    assert.equal(created[0]?.logIndex, 0);
    assert.equal(created[0]?.data.publicUrl, running.yard.publicUrl);
    const pages = [];
    for (let after = -1, more = true; more; ) {
      const cursor = after < 0 ? '' : `&after=${after}`;
      const page = (await running.admin('GET', `/admin/v1/audit?order=oldest&limit=7${cursor}`)).json()[
        'events'
      ] as { logIndex: number }[];
      pages.push(...page.map(({ logIndex }) => logIndex));
      after = page.at(-1)?.logIndex ?? 0;
      more = page.length === 7;
    }
    assert.deepEqual(
      pages,
      pages.map((_, i) => i),
    );
    for (const query of [
      'action=nonsense',
      'limit=x',
      'limit=1001',
      'surprise=1',
      'limit=1&limit=2',
      'from=tomorrow',
      'outcome=maybe',
      'order=random',
    ])
      assertProblem(await running.admin('GET', `/admin/v1/audit?${query}`), 400, 'SY-ADMIN-MALFORMED');
  });

  test('heads and proofs of each log', async () => {
    for (const log of ['certificate', 'signature', 'audit'])
      assert.equal((await running.admin('GET', `/admin/v1/log/${log}/head`)).status, 200);
    const proof = await running.admin('GET', '/admin/v1/log/audit/proof?index=0');
    assert.ok((proof.json()['hashes'] as unknown[]).length > 0);
    assert.equal((await running.admin('GET', '/admin/v1/log/audit/proof?first=1&second=2')).status, 200);
    assertProblem(
      await running.admin('GET', '/admin/v1/log/audit/proof?index=99999999'),
      404,
      'SY-LOG-OUT-OF-RANGE',
    );
    assertProblem(await running.admin('GET', '/admin/v1/log/audit/proof'), 400, 'SY-ADMIN-MALFORMED');
    assertProblem(await running.admin('GET', '/admin/v1/log/other/head'), 404, 'SY-ADMIN-NOT-FOUND');
  });

  test('the OpenAPI document names every path that there is', async () => {
    const document = (await running.ask('GET', '/admin/v1/openapi.json')).json() as {
      paths: Record<string, Record<string, unknown>>;
    };
    for (const [path, methods] of Object.entries(document.paths))
      for (const method of Object.keys(methods)) {
        if (path.endsWith('/backup')) continue;
        const answer = await running.ask(method.toUpperCase(), path.replaceAll(/\{.*?\}/g, 'x'));
        assert.notEqual(answer.status, 404, path);
        assert.notEqual(answer.status, 405, path);
      }
  });
});

test('a backup holds records, sealed keys and policy, and not what opens the keys', async () => {
  const made = await running.admin('POST', '/admin/v1/backup', {});
  assert.equal(made.status, 201, made.text);
  const folder = String(made.json()['path']);
  assert.deepEqual(readdirSync(folder).toSorted(), ['keys', 'policy.yaml', 'records.db']);
  assert.ok(readdirSync(join(folder, 'keys')).length > 5);
  assert.equal(
    readdirSync(running.file('backups')).some((name) => name.endsWith('.part')),
    false,
  );
});
