// What tests of subscriber certificates share: keys of every kind, requests, grants.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Authority } from '../../src/authority/authority.ts';
import { hashOf } from '../../src/formats/algorithms.ts';
import { encodeName, extensions } from '../../src/formats/x509/build.ts';
import type { Extension } from '../../src/formats/x509/certificate.ts';
import { assembleCsr, buildCsrInfo } from '../../src/formats/x509/csr-build.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { asEnvironmentName, asIdentityName } from '../../src/ground/ids.ts';
import { readRequest } from '../../src/issue/csr.ts';
import { nameOf, subjectNames } from '../../src/issue/names.ts';
import type { SubscriberRequest } from '../../src/issue/request.ts';
import { BUILT_IN_PROFILES } from '../../src/policy/built-in-profiles.ts';
import type { IssueGrant } from '../../src/policy/decide-issue.ts';
import type { IssuanceProfile, KeyKind } from '../../src/policy/issuance.ts';
import { defaultAlgorithm, readPublicKey } from '../../src/verify/key.ts';
import type { TestYard } from './harness.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const GENERATE: Readonly<Record<KeyKind, () => KeyPair>> = {
  'ec-p256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ec-p384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'ec-p521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  'rsa-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'rsa-3072': () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
  'rsa-4096': () => generateKeyPairSync('rsa', { modulusLength: 4096 }),
  ed25519: () => generateKeyPairSync('ed25519'),
  'ml-dsa-44': () => generateKeyPairSync('ml-dsa-44'),
  'ml-dsa-65': () => generateKeyPairSync('ml-dsa-65'),
  'ml-dsa-87': () => generateKeyPairSync('ml-dsa-87'),
};

const made = new Map<KeyKind, KeyPair>();

/** One key of each kind for a whole file, since RSA ones take a second. */
export function keyOf(kind: KeyKind): KeyPair {
  let pair = made.get(kind);
  if (pair === undefined) {
    pair = GENERATE[kind]();
    made.set(kind, pair);
  }
  return pair;
}

export function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
}

export interface CsrWishes {
  readonly pair?: KeyPair;
  /** Signs in place of the pair's key. */
  readonly signer?: KeyObject;
  readonly names?: readonly string[];
  readonly commonName?: string;
  readonly more?: readonly Extension[];
}

/** A certification request as a client would make it. */
export function csrOf(o: CsrWishes = {}): Uint8Array {
  const pair = o.pair ?? keyOf('ec-p256');
  const spki = spkiOf(pair.publicKey);
  const names = (o.names ?? ['api.example.com']).map(nameOf);
  const info = buildCsrInfo({
    subject: encodeName(o.commonName === undefined ? [] : [{ oid: OID.commonName, value: o.commonName }]),
    spki,
    extensions: [
      ...(names.length === 0 ? [] : [extensions.subjectAltName(subjectNames(names), { critical: false })]),
      ...(o.more ?? []),
    ],
  });
  const algorithm = defaultAlgorithm(readPublicKey(spki));
  const signature = sign(hashOf(algorithm) ?? null, info, o.signer ?? pair.privateKey);
  return assembleCsr(info, algorithm, new Uint8Array(signature));
}

export function profileOf(
  base: keyof typeof BUILT_IN_PROFILES,
  change: Partial<IssuanceProfile> = {},
): IssuanceProfile {
  return { ...BUILT_IN_PROFILES[base], ...change };
}

export function grantOf(profile: IssuanceProfile, change: Partial<IssueGrant> = {}): IssueGrant {
  const environment = asEnvironmentName('base');
  const identity = asIdentityName('shop-deployer');
  if (environment === undefined || identity === undefined) throw new TypeError('not a name');
  return {
    granted: true,
    environment,
    identity,
    profile,
    authorities: undefined,
    lifetimeSeconds: profile.lifetime.defaultSeconds,
    proof: 'policy',
    challenges: [],
    caa: false,
    line: 7,
    policyVersion: 'sha256:00',
    ...change,
  };
}

/** A request as a door would make it of a CSR and a grant. */
export async function requestOf(
  yard: TestYard,
  o: CsrWishes & {
    readonly profile?: IssuanceProfile;
    readonly csr?: Uint8Array;
    readonly authority?: Authority;
    readonly change?: Partial<SubscriberRequest>;
  } = {},
): Promise<SubscriberRequest> {
  const profile = o.profile ?? profileOf('workload-tls');
  const { key, names } = readRequest(o.csr ?? csrOf(o));
  const authorities = await yard.authorities();
  const byUsage = {
    tls: authorities.tls,
    'code-signing': authorities.codeSigning,
    timestamping: authorities.timestamping,
  };
  return {
    profile: 'subscriber',
    authority: o.authority ?? byUsage[profile.usage],
    grant: grantOf(profile),
    key,
    names,
    requester: { kind: 'identity', id: 'repo:acme/shop', issuer: 'https://ci.example' },
    via: 'admin',
    ...o.change,
  };
}
