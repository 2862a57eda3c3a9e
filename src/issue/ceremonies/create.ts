// Makes an authority: a root, one below an authority of ours, or a key and a request that an offline root is to sign.
import { type AuthorityPurpose, defaultShards, KEY_PURPOSE_OF } from '../../authority/authority.ts';
import type { AuthorityDirectory } from '../../authority/directory.ts';
import { allRecords, authorityId, checkedName, nextGeneration } from '../../authority/naming.ts';
import { authorityPut } from '../../authority/record.ts';
import { MAX_SHARDS } from '../../authority/shards.ts';
import type { StateChange } from '../../authority/state.ts';
import { extensions } from '../../formats/x509/build.ts';
import type { Extension } from '../../formats/x509/certificate.ts';
import { assembleCsr, buildCsrInfo } from '../../formats/x509/csr-build.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Actor } from '../../ground/events.ts';
import type { KeyKind } from '../../policy/issuance.ts';
import type { CeremonyDeps } from '../ceremony.ts';
import { FIXED_PROFILES } from '../profiles.ts';
import type { CaTerms } from '../request.ts';
import { type AuthorityKey, newKey } from './keys.ts';
import { parentFor } from './parents.ts';
import { signAuthority } from './sign.ts';
import { type CaWishes, DEFAULT_KEY, profileOf, terms, termsOf } from './terms.ts';

export interface CeremoniesDeps extends CeremonyDeps {
  readonly directory: AuthorityDirectory;
  /** Stands in subjects where nobody names one. */
  readonly organization: string;
}

export interface CreateOrder extends CaWishes {
  readonly purpose: AuthorityPurpose;
  /** Absent: the purpose, e.g. `tls-2`. */
  readonly name?: string;
  /** Id of the authority that signs; absent: the newest root. Not for a root, nor with `request`. */
  readonly parent?: string;
  readonly key?: KeyKind;
  readonly shards?: number;
  /** Makes the key and a certification request: the certificate comes from elsewhere (`importAuthority`). */
  readonly request?: boolean;
  readonly actor: Actor;
}

export interface Made {
  readonly id: string;
  /** DER of the request; absent where the certificate was made at once. */
  readonly csr?: Uint8Array;
}

/** @throws SealyardError `SY-AUTHORITY-NAME`, `-EXISTS`, `-TERMS`, `-PARENT`, `-NOT-FOUND`, and what keys, lint and store throw */
export async function createAuthority(deps: CeremoniesDeps, o: CreateOrder): Promise<Made> {
  const records = allRecords(deps.records);
  const name = o.name === undefined ? o.purpose : checkedName(o.name, o.purpose);
  const generation = nextGeneration(records, name);
  // A name that was given is one authority and its successors; the purposes' names hold as many as one likes.
  if (generation > 1 && name !== o.purpose) throw new SealyardError('SY-AUTHORITY-EXISTS', name);
  return makeGeneration(deps, { ...o, name, generation });
}

export type Generation = Omit<CreateOrder, 'name'> & {
  readonly name: string;
  readonly generation: number;
  /** What its coming makes of the generation before it. */
  readonly retires?: { readonly id: string; readonly change: () => StateChange };
};

export async function makeGeneration(deps: CeremoniesDeps, o: Generation): Promise<Made> {
  const { purpose, name, generation } = o;
  const id = authorityId(name, generation);
  const shards = checkedShards(o.shards ?? defaultShards(purpose));
  const now = deps.clock.now();
  if (purpose === 'root' && (o.parent !== undefined || o.request === true))
    throw terms('a root signs itself: it has no parent and needs no request');
  if (o.request === true && o.parent !== undefined)
    throw terms('a request names no parent: whoever signs it is one');
  const parent =
    purpose === 'root' || o.request === true ? undefined : parentFor(deps.directory, purpose, o.parent, now);
  const caTerms = (spki: Uint8Array): CaTerms =>
    termsOf({ purpose, spki, wishes: o, organization: deps.organization, parent, now });
  // Before a key is made for nothing: RSA takes a second, and each stays in the key store.
  caTerms(EXAMPLE_SPKI);
  const key = await newKey(deps, { id, purpose, actor: o.actor, kind: o.key ?? DEFAULT_KEY[purpose] });
  const caTermsOfKey = caTerms(key.signer.publicKey.spki);
  if (o.request === true) return requestAuthority(deps, o, { id, shards, key, terms: caTermsOfKey });
  await signAuthority(deps, {
    id,
    name,
    purpose,
    generation,
    shards,
    actor: o.actor,
    terms: caTermsOfKey,
    keySlot: key.slot,
    signer: key.signer,
    parent,
    with: [key.change, o.retires?.change()],
  });
  await deps.directory.reload();
  return { id };
}

/** A P-256 point: terms depend on the key only in their key identifier. */
const EXAMPLE_SPKI = Uint8Array.from(
  Buffer.from(
    '3059301306072a8648ce3d020106082a8648ce3d03010703420004' +
      '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
      '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    'hex',
  ),
);

export function checkedShards(shards: number): number {
  if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS)
    throw terms(`shards: 1 to ${MAX_SHARDS}`);
  return shards;
}

/** Key and request are on record in one commit; the request can be shown again at any time. */
async function requestAuthority(
  deps: CeremoniesDeps,
  o: Generation,
  made: {
    readonly id: string;
    readonly shards: number;
    readonly key: AuthorityKey;
    readonly terms: CaTerms;
  },
): Promise<Made> {
  const { name, purpose, generation, actor } = o;
  const { id, shards, key } = made;
  const { signer } = key;
  const info = buildCsrInfo({
    subject: made.terms.subject,
    spki: signer.publicKey.spki,
    extensions: requestedExtensions(purpose, made.terms),
  });
  const csr = assembleCsr(info, signer.algorithm, await signer.sign(KEY_PURPOSE_OF[purpose], info));
  const timeMs = deps.clock.now().getTime();
  const record = {
    id,
    name,
    purpose,
    generation,
    state: 'pending',
    keySlot: key.slot,
    parent: undefined,
    replaces: o.retires?.id,
    serial: undefined,
    der: undefined,
    csr,
    shards,
    createdMs: timeMs,
    changedMs: timeMs,
  } as const;
  await deps.commit({
    puts: [authorityPut(record, 'insert'), ...key.change.puts],
    events: [
      ...key.change.events,
      {
        timeMs,
        action: 'authority.requested',
        actor,
        object: { type: 'authority', id },
        outcome: 'done',
        data: { purpose, keySlot: key.slot, replaces: o.retires?.id ?? null },
      },
    ],
  });
  await deps.directory.reload();
  return { id, csr };
}

/** What the offline root is asked for; it decides. */
function requestedExtensions(purpose: AuthorityPurpose, o: CaTerms): readonly Extension[] {
  return [
    extensions.basicConstraints({
      ca: true,
      ...(o.pathLength === undefined ? {} : { pathLength: o.pathLength }),
    }),
    extensions.keyUsage(FIXED_PROFILES[profileOf(purpose)].keyUsage),
    extensions.subjectKeyId(o.keyId),
    ...(o.extendedKeyUsage === undefined ? [] : [extensions.extendedKeyUsage(o.extendedKeyUsage)]),
    ...(o.nameConstraints === undefined ? [] : [extensions.nameConstraints(o.nameConstraints)]),
  ];
}
