// Revocation through the admin door: who may, what is refused, what the answers tell.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chainOf, newKey, type RunningYard, runYard, signingRequest } from '../server/running.ts';

let running: RunningYard;

before(async () => {
  running = await runYard({ development: true });
});
after(() => running.close());

async function newSerial(): Promise<string> {
  const token = await running.jobToken();
  const answer = await running.ask('POST', '/api/v2/signingCert', {
    headers: { authorization: `Bearer ${token}` },
    body: signingRequest(newKey(), 'acme/shop'),
  });
  return chainOf(answer)[0]?.serialNumber.toLowerCase() ?? '';
}

const post = (path: string, body: unknown) => running.admin('POST', `/admin/v1/revocations${path}`, body);

test('preview, hold, release and revoke, with the serial in any spelling', async () => {
  const serial = await newSerial();
  const colons = serial.toUpperCase().replace(/(..)(?=.)/g, '$1:');
  const shown = (await post('/preview', { serials: [colons] })).json();
  assert.equal(shown['total'], 1);
  const [hit] = shown['certificates'] as Record<string, unknown>[];
  assert.equal(hit?.['serial'], serial);
  assert.deepEqual(hit?.['status'], { status: 'good' });
  const held = (await post('', { serials: [serial], reason: 'certificateHold' })).json();
  assert.deepEqual([held['count'], held['revoked']], [1, [serial]]);
  assert.equal((await post('/release', { serial })).status, 200);
  assert.equal((await post('', { serials: [serial], reason: 'superseded' })).status, 200);
  const status = (await running.admin('GET', `/admin/v1/revocations/${serial}`)).json()['status'];
  assert.equal((status as Record<string, unknown>)['reason'], 'superseded');
  const again = await post('', { serials: [serial] });
  assert.deepEqual([again.status, again.json()['code']], [409, 'SY-REVOKE-ALREADY']);
});

test('without a token nothing is shown and nothing is revoked', async () => {
  for (const path of ['', '/preview', '/release'])
    assert.equal((await running.ask('POST', `/admin/v1/revocations${path}`, { body: {} })).status, 401);
});

test('selections that say nothing, or nothing that can be, are refused', async () => {
  const serial = await newSerial();
  for (const [body, code] of [
    [{}, 'SY-REVOKE-SELECTION'],
    [{ serials: [] }, 'SY-REVOKE-SELECTION'],
    [{ serials: ['xyz'] }, 'SY-REVOKE-SELECTION'],
    [{ serials: [7] }, 'SY-ADMIN-MALFORMED'],
    [{ serials: 'all' }, 'SY-ADMIN-MALFORMED'],
    [{ serials: Array(1001).fill('0b0b') }, 'SY-ADMIN-MALFORMED'],
    [{ keys: ['00'] }, 'SY-ADMIN-MALFORMED'],
    [{ from: 'yesterday' }, 'SY-ADMIN-MALFORMED'],
    [{ name: 'x'.repeat(5000) }, 'SY-ADMIN-MALFORMED'],
    [{ everything: true }, 'SY-ADMIN-MALFORMED'],
    [{ serials: [serial], reason: 'removeFromCRL' }, 'SY-REVOKE-REASON'],
    [{ serials: [serial], reason: 'toString' }, 'SY-REVOKE-REASON'],
    [
      { serials: [serial], reason: 'keyCompromise', invalidityDate: '2999-01-01T00:00:00Z' },
      'SY-REVOKE-REASON',
    ],
    [{ serials: ['0badc0de'] }, 'SY-REVOKE-UNKNOWN'],
    [{ identity: 'nobody' }, 'SY-REVOKE-UNKNOWN'],
  ] as const)
    assert.equal((await post('', body)).json()['code'], code, JSON.stringify(body).slice(0, 80));
  assert.equal((await post('/preview', { serials: [serial] })).json()['revokedBefore'], 0);
});

test('several serials are revoked in one call, and those that were revoked before are told apart', async () => {
  const [first, second] = [await newSerial(), await newSerial()];
  await post('', { serials: [first] });
  const answer = (await post('', { serials: [first, second] })).json();
  assert.deepEqual([answer['revoked'], answer['already']], [[second], [first]]);
});
