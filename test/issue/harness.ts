// A small yard for tests of issuing: real store in a temporary directory, real logs, keys in memory, a clock to turn.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { AUDIT_TABLES } from '../../src/audit/tables.ts';
import type { Authorities } from '../../src/authority/authority.ts';
import { ensureLogKeys } from '../../src/authority/log-keys.ts';
import { AUTHORITY_TABLES } from '../../src/authority/tables.ts';
import type { Change, Commit } from '../../src/ground/change.ts';
import { asEnvironmentName, asIdentityName } from '../../src/ground/ids.ts';
import type { Clock, Random } from '../../src/ground/ports.ts';
import { type Identity, verifiedIdentity } from '../../src/identity/identity.ts';
import { type CeremonyDeps, ensureAuthorities } from '../../src/issue/ceremony.ts';
import { createClockGuard } from '../../src/issue/clock-guard.ts';
import type { SignGrant } from '../../src/issue/request.ts';
import { ISSUE_TABLES } from '../../src/issue/tables.ts';
import type { KeyStore } from '../../src/keys/signer.ts';
import { KEYS_TABLES } from '../../src/keys/tables.ts';
import { openLogs } from '../../src/log/logs.ts';
import type { Logs } from '../../src/log/ports.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { createMemoryKeyStore } from '../contract/memory-keystore.ts';

export const HOST = 'yard.example';
/** Where certificates say that status and issuers are found. */
export const PLAIN_URL = `http://${HOST}:8080`;
export const PUBLIC_URL = `https://${HOST}`;
export const random: Random = { bytes: (size) => new Uint8Array(randomBytes(size)) };
const START = Date.parse('2026-11-24T10:00:00.250Z');

export class TestClock implements Clock {
  ms = START;
  now(): Date {
    return new Date(this.ms);
  }
}

/** Stores that a failing test left open: their writer threads would keep the process. */
const open = new Set<Store>();
after(async () => {
  await Promise.all([...open].map((store) => store.close()));
});

export interface TestYard {
  readonly clock: TestClock;
  readonly deps: CeremonyDeps;
  readonly logs: Logs;
  readonly store: Store;
  readonly keys: KeyStore;
  readonly logKeysSince: { readonly certificate: Date; readonly signature: Date };
  authorities(): Promise<Authorities>;
  close(): Promise<void>;
}

export interface YardOptions {
  readonly keys?: KeyStore;
  readonly directory?: string;
  readonly certificatesPerToken?: number;
  /** Stands between issuing and the store: to count, to fail. */
  readonly wrap?: (commit: Commit) => Commit;
}

export async function openTestYard(o: YardOptions = {}): Promise<TestYard> {
  const clock = new TestClock();
  const directory = o.directory ?? (await mkdtemp(join(tmpdir(), 'sealyard-issue-')));
  const tables = [...AUDIT_TABLES, ...KEYS_TABLES, ...AUTHORITY_TABLES, ...ISSUE_TABLES];
  const store = await openStore({ directory, clock, tables });
  open.add(store);
  const keys = o.keys ?? createMemoryKeyStore();
  const inner: Commit = (change: Change) => store.commit(change);
  const commit = o.wrap?.(inner) ?? inner;
  const logKeys = await ensureLogKeys({ keys, commit: inner, records: store.records, clock });
  const logs = openLogs({
    tiles: store.tiles,
    clock,
    specs: [
      {
        name: 'certificate',
        origin: `${HOST}/ct`,
        signer: logKeys.certificate.signer,
        noteType: 'rfc6962',
      },
      { name: 'signature', origin: HOST, signer: logKeys.signature.signer, noteType: 'ecdsa-sigstore' },
      { name: 'audit', origin: `${HOST}/audit`, signer: logKeys.audit.signer, noteType: 'ed25519' },
    ],
  });
  const deps: CeremonyDeps = {
    commit,
    records: store.records,
    logs,
    clock,
    random,
    keys,
    certificatesPerToken: o.certificatesPerToken ?? 20,
    urls: { plainUrl: PLAIN_URL },
    clockGuard: createClockGuard({
      clock,
      buildDate: new Date('2026-01-01T00:00:00Z'),
      lastRecordedMs: undefined,
    }),
  };
  let made: Promise<Authorities> | undefined;
  return {
    clock,
    deps,
    logs,
    store,
    keys,
    logKeysSince: { certificate: logKeys.certificate.createdAt, signature: logKeys.signature.createdAt },
    // As the server does: once, however many ask.
    authorities: () => (made ??= ensureAuthorities(deps, HOST)),
    async close() {
      open.delete(store);
      await store.close();
      if (o.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** An identity as the verifier would make it of a GitHub token. */
export function testIdentity(change: Partial<Identity> = {}): Identity {
  const subject = 'repo:acme/shop:ref:refs/heads/main';
  return verifiedIdentity({
    kind: 'oidc',
    issuer: 'https://token.actions.githubusercontent.com',
    issuerName: 'github',
    issuerType: 'github',
    subject,
    san: {
      type: 'uri',
      value: 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main',
    },
    challenge: subject,
    claims: { sub: subject, ref_protected: 'true' },
    extensions: new Map([
      [9, 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main'],
      [12, 'https://github.com/acme/shop'],
    ]),
    tokenId: 'token-1',
    expiresAt: new Date(START + 300_000),
    ...change,
  });
}

export function testGrant(change: Partial<SignGrant> = {}): SignGrant {
  const environment = asEnvironmentName('base');
  const identity = asIdentityName('shop-release');
  if (environment === undefined || identity === undefined) throw new TypeError('not a name');
  return {
    environment,
    identity,
    lifetimeSeconds: 600,
    line: 12,
    claims: { ref_protected: 'true' },
    ...change,
  };
}
