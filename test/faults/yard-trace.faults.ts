// A killed process does not prove a sync, so a trace does: with one client, no answer leaves before its data is synced.
import assert from 'node:assert/strict';
import { createHash, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { install } from '../clients/strace.ts';
import { AdminClient } from '../driver/admin.ts';
import { DoorClient, newKey } from '../driver/client.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { SUBJECT, startDocumentedYard } from '../interop/stage.ts';
import { judgeTrace } from './trace.ts';

const REQUESTS = 20;
const installed = await install();

describe('trace', { skip: 'skip' in installed ? installed.skip : false }, () => {
  test('no answer leaves before the sync that covers it', async (t) => {
    if ('skip' in installed) return;
    using folder = temporaryFolder('trace');
    const trace = folder.file('trace');
    const calls =
      'trace=write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync,read,readv,recvfrom,recvmsg,accept4';
    const yard = await startDocumentedYard(folder.file('yard'), undefined, {
      wrapper: [
        installed.path,
        '--daemonize',
        '--follow-forks',
        '--decode-fds=path,socket',
        '--string-limit=0',
        '--absolute-timestamps=format:unix,precision:us',
        '-e',
        calls,
        '-o',
        trace,
      ],
    });
    const admin = await AdminClient.of(yard);
    const token = await admin.jobToken(SUBJECT);
    admin.close();
    const client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
    const { privateKey, publicPem } = newKey();
    const publicKey = Buffer.from(publicPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    // The handshake and the first answer are no writes of ours to judge; the marks bound what is.
    await client.get('/readyz');
    const from = Date.now() / 1000;
    for (let i = 0; i < REQUESTS; i++) {
      const message = Buffer.from(`traced ${i}`);
      const digest = createHash('sha256').update(message).digest();
      const entry = await client.logEntry({
        digest,
        signature: sign('sha256', message, privateKey),
        verifier: { publicKey },
      });
      assert.equal(entry.status, 201, entry.body.toString());
      const certificate = await client.certificate(token, newKey());
      assert.equal(certificate.status, 200, certificate.body.toString());
    }
    // Both clocks are the machine's; ours is cut to milliseconds.
    const until = (Date.now() + 2) / 1000;
    client.close();
    await yard.stop();
    const { port } = new URL(yard.url);
    const verdict = judgeTrace(readFileSync(trace, 'utf8'), {
      data: yard.data,
      port: Number(port),
      from,
      until,
    });
    assert.deepEqual(verdict.faults, []);
    assert.equal(verdict.answers, REQUESTS * 2, 'each request has one answer in the trace');
    t.diagnostic(
      `${verdict.answers} answers, each after a sync of the ${verdict.writes} writes before it (${verdict.syncs} syncs)`,
    );
  });
});
