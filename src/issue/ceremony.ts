// The ceremony of a yard's first start: root and issuing authorities, made once, completed after a crash.
import {
  type Authorities,
  type Authority,
  type AuthorityPurpose,
  KEY_PURPOSE_OF,
} from '../authority/authority.ts';
import { authorityId, loadAuthority } from '../authority/load.ts';
import { AUTHORITIES } from '../authority/tables.ts';
import type { KeyAlgorithm } from '../formats/algorithms.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { SealyardError } from '../ground/errors.ts';
import { ensureKey } from '../keys/pinned.ts';
import type { KeyStore } from '../keys/signer.ts';
import { issue, type Together } from './issue.ts';
import { prepare } from './prepare.ts';
import type { IssueDeps, IssuingCaRequest, RootRequest } from './request.ts';

export interface CeremonyDeps extends IssueDeps {
  readonly keys: KeyStore;
}

/** The root signs a handful of certificates in ten years; the others sign for every request. */
const ALGORITHM_OF: Readonly<Record<AuthorityPurpose, KeyAlgorithm>> = {
  root: 'ec-p384',
  tls: 'ec-p256',
  'code-signing': 'ec-p256',
  timestamping: 'ec-p256',
};

/**
 * The authorities on record; makes those that are missing. Each is complete in one commit, so a crash at any moment
 * leaves whole authorities, unused keys, and serials that are on record as intended.
 * @param organization e.g. the host of the public URL; stands in each subject
 * @throws SealyardError `SY-AUTHORITY-DAMAGED`, and what keys, store and `issue` throw
 */
export async function ensureAuthorities(deps: CeremonyDeps, organization: string): Promise<Authorities> {
  const root = await ensureAuthority(deps, { purpose: 'root', organization });
  const below = (purpose: Exclude<AuthorityPurpose, 'root'>): Promise<Authority> =>
    ensureAuthority(deps, { purpose, organization, parent: root });
  return {
    root,
    tls: await below('tls'),
    codeSigning: await below('code-signing'),
    timestamping: await below('timestamping'),
  };
}

type Wanted =
  | { readonly purpose: 'root'; readonly organization: string; readonly parent?: undefined }
  | {
      readonly purpose: Exclude<AuthorityPurpose, 'root'>;
      readonly organization: string;
      readonly parent: Authority;
    };

async function ensureAuthority(deps: CeremonyDeps, wanted: Wanted): Promise<Authority> {
  const known = {
    purpose: wanted.purpose,
    ...(wanted.parent === undefined ? {} : { parent: wanted.parent }),
  };
  const existing = await loadAuthority(deps, known);
  if (existing !== undefined) return existing;
  const purpose = KEY_PURPOSE_OF[wanted.purpose];
  const slot = `${purpose}/1`;
  const { signer } = await ensureKey(deps, { slot, purpose, algorithm: ALGORITHM_OF[wanted.purpose] });
  const request: RootRequest | IssuingCaRequest =
    wanted.purpose === 'root'
      ? { profile: 'root', signer, organization: wanted.organization }
      : {
          profile: 'issuing-ca',
          authority: wanted.parent,
          purpose: wanted.purpose,
          publicKey: signer.publicKey,
          organization: wanted.organization,
        };
  await issue(prepare(request, deps), deps, authorityRecord(deps, wanted, slot));
  const made = await loadAuthority(deps, known);
  if (made === undefined) throw new SealyardError('SY-AUTHORITY-DAMAGED', authorityId(wanted.purpose));
  return made;
}

/** An authority exists from the commit that holds its certificate. */
function authorityRecord(deps: CeremonyDeps, wanted: Wanted, slot: string): Together {
  const id = authorityId(wanted.purpose);
  return (certificate: Certificate) => {
    const timeMs = deps.clock.now().getTime();
    const { purpose } = wanted;
    const { serial, der } = certificate;
    const parent = wanted.parent?.id ?? null;
    return {
      puts: [
        {
          table: AUTHORITIES,
          mode: 'insert',
          row: { id, purpose, key_slot: slot, parent, serial, der, created_ms: timeMs },
        },
      ],
      events: [
        {
          timeMs,
          action: 'authority.created',
          actor: { kind: 'system' },
          object: { type: 'authority', id },
          outcome: 'done',
          data: { purpose, subject: certificate.subject.text, serial },
        },
      ],
    };
  };
}
