// What a running yard does as its authorities change: it tells of them, and keeps the commands beside it able to reach it.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { EVENTS } from '../../src/audit/tables.ts';
import { keepAddresses } from '../../src/cli/addresses.ts';
import { watchAuthorities } from '../../src/server/authority-watch.ts';
import { openWorld } from '../authority/world.ts';
import { onlyObject, sealyard } from '../cli/run.ts';
import { bearer, type RunningYard, runYard } from './running.ts';

const DAY_MS = 86_400_000;

type Fields = Readonly<Record<string, unknown>>;

async function create(running: RunningYard, path: string, body: Fields): Promise<Fields> {
  const answer = await running.admin('POST', `/admin/v1/authorities${path}`, body);
  assert.equal(answer.status, 201, answer.text);
  return answer.json();
}

/** As `sealyard up` does, with the token that the test's client has. */
async function openToCommands(running: RunningYard): Promise<void> {
  keepAddresses(running.directory, running.yard, assert.fail);
  writeFileSync(running.file('cli-token'), await running.administrator());
}

/** The same yard after its end: the token goes on counting. */
async function again(running: RunningYard): Promise<RunningYard> {
  await running.yard.close();
  const next = await runYard({}, { directory: running.directory });
  keepAddresses(next.directory, next.yard, assert.fail);
  return next;
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

describe('what is to be known of an authority', () => {
  test('is in the status as problem or notice, in the metrics, and after a start in the audit log', async () => {
    const first = await runYard();
    await openToCommands(first);
    const status = (...args: readonly string[]) => sealyard([...args, '--data', first.directory, 'status']);
    const well = onlyObject(await status('--json'));
    assert.deepEqual([well['code'], well['problems'], well['notices']], ['SY-OK', [], []]);

    await create(first, '', { purpose: 'intermediate', name: 'factory', permitted: ['dns:factory.example'] });
    const noticed = onlyObject(await status('--json'));
    assert.equal(noticed['code'], 'SY-OK', 'a notice is no problem');
    assert.deepEqual(codesOf(noticed['notices']), ['factory SY-AUTHORITY-CONSTRAINED']);

    const made = await create(first, '', { purpose: 'tls', name: 'brief', lifetimeDays: 60 });
    const ran = await status('--json');
    assert.deepEqual([ran.status, onlyObject(ran)['code']], [1, 'SY-STATUS-PROBLEMS']);
    assert.deepEqual(codesOf(onlyObject(ran)['problems']), ['brief SY-AUTHORITY-ENDING']);
    const { out } = await status();
    assert.match(out, /^ {2}! SY-AUTHORITY-ENDING: brief ends \d{4}-/m);
    assert.match(out, /^ {2}- SY-AUTHORITY-CONSTRAINED: factory may certify only/m);
    assert.equal((await first.ask('GET', '/readyz')).status, 200, 'work goes on');

    const { text } = await first.ask('GET', '/metrics');
    const until = Date.parse(String(made['notAfter'])) / 1000;
    assert.match(
      text,
      new RegExp(`^sealyard_authority_not_after_seconds\\{authority="brief"\\} ${until}$`, 'm'),
    );
    assert.match(text, /^sealyard_authority_not_after_seconds\{authority="root-1"\} \d+$/m);
    assert.deepEqual(text.match(/^sealyard_authority_warnings\{.*$/gm), [
      'sealyard_authority_warnings{authority="factory",kind="constrained"} 1',
      'sealyard_authority_warnings{authority="brief",kind="ending"} 1',
    ]);

    // The newest generation is without limits, and the end of the one before is meant: nothing is left of its warning.
    await create(first, '/brief/rotate', { lifetimeDays: 1000 });
    const later = (await first.ask('GET', '/metrics')).text;
    assert.doesNotMatch(later, /authority="brief"/);

    const second = await again(first);
    const headers = bearer(readFileSync(second.file('cli-token'), 'utf8'));
    const path = '/admin/v1/audit?action=authority.warned';
    const deadline = performance.now() + 5_000;
    let told = '';
    while (!told.includes('SY-AUTHORITY-CONSTRAINED') && performance.now() < deadline) {
      told = (await second.ask('GET', path, { headers })).text;
      await pause(10);
    }
    assert.match(told, /SY-AUTHORITY-CONSTRAINED/);
    await second.close();
  });

  test('is looked for again and again until the watch is stopped, also after a look that failed', async () => {
    const world = await openWorld();
    const { clock, deps, store } = world.yard;
    clock.ms += 4.5 * 365 * DAY_MS;
    const errors: string[] = [];
    let commits = 0;
    const watch = watchAuthorities({
      directory: world.directory,
      records: store.records,
      clock,
      commit: (change) => {
        clock.ms += DAY_MS;
        return commits++ === 0 ? Promise.reject(new Error('full')) : deps.commit(change);
      },
      log: { info: () => undefined, error: (_fields, message) => errors.push(message) },
      everyMs: 2,
    });
    while (commits < 4) await pause(2);
    await watch.stop();
    const stoppedAt = commits;
    await pause(30);
    assert.equal(commits, stoppedAt);
    assert.equal(errors.length, 1);
    const rows = store.records.find(EVENTS, { where: { action: 'authority.warned' }, limit: 100 });
    assert.equal(rows.length, 3 * (commits - 1), 'three authorities end');
    await world.close();
  });

  test('is not looked for after a stop that came while it was being written, and the stop waits for that', async () => {
    const world = await openWorld();
    const { clock, store } = world.yard;
    clock.ms += 4.5 * 365 * DAY_MS;
    const written = Promise.withResolvers<void>();
    let commits = 0;
    const watch = watchAuthorities({
      directory: world.directory,
      records: store.records,
      clock,
      commit: async () => {
        commits++;
        await written.promise;
        return { leaves: [], eventIndexes: [] };
      },
      log: { info: () => undefined, error: (_fields, message) => assert.fail(message) },
      everyMs: 1,
    });
    let stopped = false;
    const stopping = watch.stop().then(() => {
      stopped = true;
    });
    await pause(20);
    assert.deepEqual([commits, stopped], [1, false]);
    written.resolve();
    await stopping;
    await pause(20);
    assert.equal(commits, 1);
    await world.close();
  });
});

describe('a root that is made while the yard runs', () => {
  test('is known to the commands of the machine before anything chains to it alone', async () => {
    const first = await runYard();
    await openToCommands(first);
    const roots = () => certificatesIn(readFileSync(first.file('roots.pem'), 'utf8'));
    assert.equal(roots().length, 1);
    const [old] = roots();
    await create(first, '', { purpose: 'root', name: 'next' });
    assert.equal(roots().length, 2);
    assert.equal(readFileSync(first.file('roots.pem'), 'utf8'), first.yard.rootPem);
    await create(first, '/tls-1/rotate', { parent: 'next' });
    assert.notEqual(first.yard.rootFingerprint, fingerprintOf(old));

    // The listener has a certificate below the new root now.
    const second = await again(first);
    assert.equal(roots().length, 2);
    await assert.rejects(
      askTrusting(second, old),
      /certificate/,
      'who knows the old root alone is locked out',
    );
    const ran = await sealyard(['--json', '--data', second.directory, 'status']);
    assert.deepEqual([ran.status, onlyObject(ran)['code']], [0, 'SY-OK'], ran.out);
    await second.close();
  });

  test('is made although its file cannot be written, which is said', async () => {
    const running = await runYard();
    await running.administrator();
    const said: string[] = [];
    const folder = running.file('left');
    mkdirSync(folder);
    keepAddresses(folder, running.yard, (text) => said.push(text));
    rmSync(folder, { recursive: true });
    await create(running, '', { purpose: 'root', name: 'next' });
    assert.match(said.join('\n'), /could not be written/);
    await running.close();
  });
});

test('timestamps of a replaced authority stay trusted: the trusted root names its chain beside the new one', async () => {
  const first = await runYard();
  await openToCommands(first);
  const chains = (running: RunningYard) =>
    (JSON.parse(running.yard.trustedRootJson) as { timestampAuthorities: readonly unknown[] })
      .timestampAuthorities;
  const [old, ...none] = chains(first);
  assert.deepEqual(none, []);
  await create(first, '/timestamping-1/rotate', {});
  const second = await again(first);
  assert.equal(chains(second).length, 2);
  const certificates = (chain: unknown) => JSON.stringify((chain as { certChain: unknown }).certChain);
  assert.equal(certificates(chains(second)[0]), certificates(old));
  await second.close();
});

/** One request of a client that trusts this root and no other. */
function askTrusting(running: RunningYard, root: X509Certificate | undefined): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const url = new URL('/livez', running.yard.publicUrl);
    get(url, { ca: root?.toString(), agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

function codesOf(warnings: unknown): readonly string[] {
  return (warnings as readonly Fields[]).map(({ authority, code }) => `${authority} ${code}`);
}

function fingerprintOf(certificate: X509Certificate | undefined): string {
  return certificate?.fingerprint256.replaceAll(':', '').toLowerCase() ?? '';
}
