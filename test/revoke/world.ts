// A yard for tests of revocation: real store, real authorities, keys in memory, a clock to turn, certificates to revoke.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { AuthorityDirectory } from '../../src/authority/directory.ts';
import { ensureLogKeys } from '../../src/authority/log-keys.ts';
import type { Certificate } from '../../src/formats/x509/certificate.ts';
import type { Change, Commit } from '../../src/ground/change.ts';
import type { Actor } from '../../src/ground/events.ts';
import { type CeremonyDeps, ensureDirectory } from '../../src/issue/ceremony.ts';
import { createClockGuard } from '../../src/issue/clock-guard.ts';
import { readRequest } from '../../src/issue/csr.ts';
import { issue } from '../../src/issue/issue.ts';
import { prepare } from '../../src/issue/prepare.ts';
import type { KeyStore } from '../../src/keys/signer.ts';
import { openLogs } from '../../src/log/logs.ts';
import type { IssuanceProfile } from '../../src/policy/issuance.ts';
import { createRevocation, type Revocation } from '../../src/revoke/revocation.ts';
import { DEFAULT_SETTINGS, type RevocationSettings } from '../../src/revoke/settings.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { createMemoryKeyStore } from '../contract/memory-keystore.ts';
import { HOST, PLAIN_URL, random, TestClock } from '../issue/harness.ts';
import { csrOf, grantOf, type KeyPair, profileOf } from '../issue/stage.ts';

export const OPERATOR: Actor = { kind: 'identity', id: 'operator', issuer: 'yard' };
export const DAY_MS = 86_400_000;

const open = new Set<Store>();
after(async () => {
  await Promise.all([...open].map((store) => store.close()));
});

export interface WorldOptions {
  readonly keys?: KeyStore;
  readonly directory?: string;
  readonly settings?: Partial<RevocationSettings>;
  readonly clock?: TestClock;
  readonly restored?: boolean;
  /** Stands between the rooms and the store: to count, to fail. */
  readonly wrap?: (commit: Commit) => Commit;
}

export interface IssueWish {
  readonly names?: readonly string[];
  readonly pair?: KeyPair;
  readonly requester?: string;
  readonly profile?: IssuanceProfile;
}

export interface World extends AsyncDisposable {
  readonly clock: TestClock;
  readonly deps: CeremonyDeps;
  readonly authorities: AuthorityDirectory;
  readonly revocation: Revocation;
  readonly store: Store;
  readonly folder: string;
  readonly keys: KeyStore;
  /** What failed in the background. */
  readonly failures: readonly unknown[];
  issue(wish?: IssueWish): Promise<Certificate>;
  /** Another room over the same records, as after a restart. */
  again(settings?: Partial<RevocationSettings>): Revocation;
}

export async function openWorld(o: WorldOptions = {}): Promise<World> {
  const clock = o.clock ?? new TestClock();
  const folder = o.directory ?? (await mkdtemp(join(tmpdir(), 'sealyard-revoke-')));
  const store = await openStore({ directory: folder, clock });
  open.add(store);
  const keys = o.keys ?? createMemoryKeyStore();
  const inner: Commit = (change: Change) => store.commit(change);
  const commit = o.wrap?.(inner) ?? inner;
  const { records } = store;
  const logKeys = await ensureLogKeys({ keys, commit: inner, records, clock });
  const logs = openLogs({
    tiles: store.tiles,
    clock,
    specs: [
      { name: 'certificate', origin: `${HOST}/ct`, signer: logKeys.certificate.signer, noteType: 'rfc6962' },
      { name: 'signature', origin: HOST, signer: logKeys.signature.signer, noteType: 'ecdsa-sigstore' },
      { name: 'audit', origin: `${HOST}/audit`, signer: logKeys.audit.signer, noteType: 'ed25519' },
    ],
  });
  const deps: CeremonyDeps = {
    commit,
    records,
    logs,
    clock,
    random,
    keys,
    certificatesPerToken: 20,
    urls: { plainUrl: PLAIN_URL },
    clockGuard: createClockGuard({
      clock,
      buildDate: new Date('2026-01-01T00:00:00Z'),
      lastRecordedMs: undefined,
    }),
  };
  const authorities = await ensureDirectory(deps, HOST);
  const failures: unknown[] = [];
  const rooms: Revocation[] = [];
  const room = (settings: Partial<RevocationSettings> = {}) => {
    const made = createRevocation({
      ...deps,
      authorities,
      settings: { ...DEFAULT_SETTINGS, ...o.settings, ...settings },
      retentionSeconds: (profile) => (profile === 'workload-tls' ? 86_400 : 0),
      plainUrl: PLAIN_URL,
      restored: o.restored ?? false,
      failed: (_what, error) => failures.push(error),
    });
    rooms.push(made);
    return made;
  };
  return {
    clock,
    deps,
    authorities,
    revocation: room(),
    store,
    folder,
    keys,
    failures,
    issue: (wish = {}) => issueOne(deps, authorities, wish),
    again: room,
    async [Symbol.asyncDispose]() {
      for (const each of rooms) each.stop();
      open.delete(store);
      await store.close();
      if (o.directory === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

export function newPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

async function issueOne(
  deps: CeremonyDeps,
  authorities: AuthorityDirectory,
  wish: IssueWish,
): Promise<Certificate> {
  const profile = wish.profile ?? profileOf('workload-tls');
  const { key, names } = readRequest(
    csrOf({ pair: wish.pair ?? newPair(), names: wish.names ?? ['api.example.com'] }),
  );
  const prepared = prepare(
    {
      profile: 'subscriber',
      authority: authorities.issuing('tls'),
      grant: grantOf(profile),
      key,
      names,
      requester: { kind: 'identity', id: wish.requester ?? 'repo:acme/shop', issuer: 'https://ci.example' },
      via: 'admin',
    },
    deps,
  );
  return (await issue(prepared, deps)).certificate;
}

/** Shard and address of the list that a certificate names. */
export function shardOfUrl(certificate: Certificate): { readonly authority: string; readonly shard: number } {
  const match = /\/crl\/([^/]+)\/(\d+)\.crl$/.exec(certificate.crlUrls?.[0] ?? '');
  if (match === null) throw new TypeError('the certificate names no list');
  return { authority: match[1] ?? '', shard: Number(match[2]) };
}
