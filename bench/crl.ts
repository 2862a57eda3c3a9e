// A million revocations over 64 shards: time and bytes of their lists, and how soon one more is in its shard and in
// OCSP, also while all lists are read from the records and signed.

import { shardOf } from '../src/authority/shards.ts';
import { type Certificate, parseCertificate } from '../src/formats/x509/certificate.ts';
import { parseCrl } from '../src/formats/x509/crl.ts';
import { AdminClient } from '../test/driver/admin.ts';
import { chainOf } from '../test/driver/bundle.ts';
import { DoorClient, newKey } from '../test/driver/client.ts';
import { temporaryFolder } from '../test/driver/folder.ts';
import type { RunningYard } from '../test/driver/yard.ts';
import { SUBJECT, startDocumentedYard } from '../test/interop/stage.ts';
import { KeepAlive } from './keep-alive.ts';
import { rate } from './ocsp.ts';
import { fillRevocations, ocspPaths, SHARDS } from './revocations.ts';
import { type BenchOptions, loopRows, type Row, rounded } from './row.ts';
import { demand, residentMiB } from './yard.ts';

const ENTRIES = 1_000_000;
const AUTHORITY = 'code-signing-1';
const POLL_MS = 20;
const AT_MOST_MS = 60_000;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  using folder = temporaryFolder('bench-crl');
  const data = folder.file('yard');
  const start = () => startDocumentedYard(data, undefined, { wrapper: o.serverWrapper });
  let yard = await start();
  await yard.stop();
  await fillRevocations(data, AUTHORITY, ENTRIES);
  yard = await start();
  try {
    const rows = [...(await coldLists(yard)), await oneMore(yard, 'idle')];
    await yard.stop();
    yard = await start();
    return [...rows, ...(await whileAllAreSigned(yard, o.seconds))];
  } finally {
    await yard.stop();
  }
}

/** Every list once: what a start with a million revocations costs, before anything is in memory. */
async function coldLists(yard: RunningYard): Promise<readonly Row[]> {
  const begun = performance.now();
  const bytes = await allLists(yard);
  const allMs = performance.now() - begun;
  return [
    { name: 'crl', variant: 'all shards, cold', value: rounded(allMs), unit: 'ms' },
    { name: 'crl', variant: 'one shard, cold', value: rounded(allMs / SHARDS), unit: 'ms' },
    { name: 'crl-size', variant: 'all shards', value: rounded(bytes / 1024 / 1024), unit: 'MiB' },
    { name: 'crl-size', variant: 'one shard', value: rounded(bytes / SHARDS / 1024), unit: 'KiB' },
    { name: 'crl-memory', variant: 'all shards', value: rounded(residentMiB(yard.child.pid)), unit: 'MiB' },
  ];
}

async function allLists(yard: RunningYard): Promise<number> {
  const connection = await KeepAlive.open(yard.plainUrl);
  try {
    let bytes = 0;
    for (let shard = 0; shard < SHARDS; shard++)
      bytes += (await connection.ask(KeepAlive.get(yard.plainUrl, listPath(shard)))).length;
    return bytes;
  } finally {
    connection.close();
  }
}

function listPath(shard: number): string {
  return `/crl/${AUTHORITY}/${shard}.crl`;
}

/** From the request to revoke to a list of its shard that holds the certificate. */
async function oneMore(yard: RunningYard, variant: string): Promise<Row> {
  const admin = await AdminClient.of(yard);
  const connection = await KeepAlive.open(yard.plainUrl);
  try {
    const { serial } = await newCertificate(yard, admin);
    const request = KeepAlive.get(yard.plainUrl, listPath(shardOf(serial, SHARDS)));
    const before = (await connection.ask(request)).length;
    const begun = performance.now();
    demand(await admin.post('/admin/v1/revocations', { serials: [serial], reason: 'superseded' }), 200);
    const answeredMs = performance.now() - begun;
    for (;;) {
      const list = await connection.ask(request);
      if (list.length !== before && parseCrl(new Uint8Array(list)).entries.some((e) => e.serial === serial))
        break;
      if (performance.now() - begun > AT_MOST_MS) throw new Error('the revocation never reached its list');
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
    const value = rounded(performance.now() - begun);
    const peers = { answeredMs: rounded(answeredMs) };
    return { name: 'crl-revoke', variant, value, unit: 'ms', peers };
  } finally {
    connection.close();
    admin.close();
  }
}

async function newCertificate(yard: RunningYard, admin: AdminClient): Promise<Certificate> {
  const client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
  try {
    const answer = await client.certificate(await admin.jobToken(SUBJECT), newKey());
    const [leaf] = chainOf(answer.body);
    if (leaf === undefined) throw new Error(`no certificate: ${answer.status}`);
    return parseCertificate(new Uint8Array(leaf));
  } finally {
    client.close();
  }
}

/** All lists are read and signed, one is changed, and OCSP is asked as fast as it answers: at once. */
async function whileAllAreSigned(yard: RunningYard, seconds: number): Promise<readonly Row[]> {
  const paths = await ocspPaths(yard);
  const begun = performance.now();
  const signing = allLists(yard).then(() => performance.now() - begun);
  const asking = rate(yard.plainUrl, paths, 10, seconds);
  const revoking = oneMore(yard, 'while all are signed and OCSP is asked');
  const [signingMs, result, revoked] = await Promise.all([signing, asking, revoking]);
  const peers = { allListsMs: rounded(signingMs) };
  return [revoked, ...loopRows('crl-ocsp', 'while all are signed', result, { peers })];
}
