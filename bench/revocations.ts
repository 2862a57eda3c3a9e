// What the benches of revocation share: requests about a yard's own certificates, and a million revocations on record.
import { createHash, randomBytes } from 'node:crypto';
import { readSpki } from '../src/formats/algorithms.ts';
import { encodeCertId, encodeOcspRequest } from '../src/formats/ocsp.ts';
import type { Put } from '../src/ground/change.ts';
import { asSerial } from '../src/ground/ids.ts';
import { recordPut } from '../src/revoke/record.ts';
import { REAL_CLOCK } from '../src/server/clock.ts';
import { openStore } from '../src/store/open.ts';
import { listenerChain } from '../test/driver/listener.ts';
import type { RunningYard } from '../test/driver/yard.ts';

export const SHARDS = 64;
const PER_COMMIT = 2000;
const DAY_MS = 86_400_000;

/** GET paths that ask about the listener's certificate and its authority. */
export async function ocspPaths(yard: RunningYard): Promise<readonly string[]> {
  const chain = await listenerChain(yard);
  return chain.slice(0, -1).flatMap((certificate, i) => {
    const issuer = chain[i + 1];
    if (issuer === undefined) return [];
    return (['sha1', 'sha256'] as const).map((hash) => {
      const digest = (bytes: Uint8Array) => new Uint8Array(createHash(hash).update(bytes).digest());
      const issuerNameHash = digest(issuer.subject.der);
      const issuerKeyHash = digest(readSpki(issuer.spki).key);
      const id = encodeCertId({ hash, issuerNameHash, issuerKeyHash, serial: certificate.serial });
      return `/ocsp/${encodeURIComponent(Buffer.from(encodeOcspRequest({ ids: [id] })).toString('base64'))}`;
    });
  });
}

/** Writes revocations of an authority straight to the records of a yard that does not run; evenly over its shards. */
export async function fillRevocations(directory: string, authority: string, count: number): Promise<void> {
  const store = await openStore({ directory, clock: REAL_CLOCK });
  const nowMs = Date.now();
  try {
    const waiting: Promise<unknown>[] = [];
    for (let at = 0; at < count; at += PER_COMMIT) {
      const puts = Array.from({ length: Math.min(PER_COMMIT, count - at) }, (_, i) =>
        revocation(authority, (at + i) % SHARDS, nowMs),
      );
      waiting.push(store.commit({ puts, events: [] }));
      if (waiting.length === 4) await waiting.shift();
    }
    await Promise.all(waiting);
  } finally {
    await store.close();
  }
}

function revocation(authority: string, shard: number, nowMs: number): Put {
  const serial = asSerial(`0b${randomBytes(17).toString('hex')}`);
  if (serial === undefined) throw new TypeError('not a serial');
  return recordPut(
    {
      authority,
      shard,
      serial,
      state: 'revoked',
      reason: 'superseded',
      revokedMs: nowMs - 30 * DAY_MS,
      changedMs: nowMs - 30 * DAY_MS,
      invalidityMs: undefined,
      notAfterMs: nowMs + 300 * DAY_MS,
      retainedUntilMs: nowMs + 300 * DAY_MS,
    },
    'insert',
  );
}
