// The ceremony of a yard's first start: root and issuing authorities, made once, completed after a crash.
import {
  type Authorities,
  type AuthorityPurpose,
  defaultShards,
  KEY_PURPOSE_OF,
} from '../authority/authority.ts';
import type { AuthorityDirectory } from '../authority/directory.ts';
import { allRecords, authorityId } from '../authority/naming.ts';
import { defaultAuthorities, openDirectory } from '../authority/open.ts';
import { ensureKey } from '../keys/pinned.ts';
import type { KeyStore } from '../keys/signer.ts';
import { signAuthority } from './ceremonies/sign.ts';
import { DEFAULT_KEY, keyOfKind, termsOf } from './ceremonies/terms.ts';
import type { IssueDeps } from './request.ts';

export interface CeremonyDeps extends IssueDeps {
  readonly keys: KeyStore;
}

const FIRST: readonly AuthorityPurpose[] = ['root', 'tls', 'code-signing', 'timestamping'];

/**
 * The directory of the authorities on record; at the first start, makes a root and an authority for each use. Each is
 * complete in one commit, so a crash at any moment leaves whole authorities, unused keys, and serials that are on
 * record as intended.
 * @param organization e.g. the host of the public URL; stands in each subject
 * @throws SealyardError `SY-AUTHORITY-DAMAGED`, and what keys, store and `issue` throw
 */
export async function ensureDirectory(deps: CeremonyDeps, organization: string): Promise<AuthorityDirectory> {
  const directory = await openDirectory(deps);
  for (const purpose of FIRST) await ensureAuthority(deps, directory, { purpose, organization });
  return directory;
}

/** The same, for whoever needs no more than the authorities that issue by default. */
export async function ensureAuthorities(deps: CeremonyDeps, organization: string): Promise<Authorities> {
  return defaultAuthorities(await ensureDirectory(deps, organization));
}

async function ensureAuthority(
  deps: CeremonyDeps,
  directory: AuthorityDirectory,
  o: { readonly purpose: AuthorityPurpose; readonly organization: string },
): Promise<void> {
  const { purpose, organization } = o;
  const records = allRecords(deps.records);
  // Any of this purpose, however it came here and whatever became of it: somebody saw to it.
  if (records.some((each) => each.purpose === purpose)) return;
  const keyPurpose = KEY_PURPOSE_OF[purpose];
  const keySlot = `${keyPurpose}/1`;
  const { signer } = await ensureKey(deps, {
    slot: keySlot,
    purpose: keyPurpose,
    ...keyOfKind(DEFAULT_KEY[purpose]),
  });
  const parent = purpose === 'root' ? undefined : directory.get(authorityId('root'));
  const now = deps.clock.now();
  await signAuthority(deps, {
    id: authorityId(purpose),
    name: purpose,
    purpose,
    generation: 1,
    keySlot,
    shards: defaultShards(purpose),
    signer,
    parent,
    terms: termsOf({ purpose, spki: signer.publicKey.spki, wishes: {}, organization, parent, now }),
    actor: { kind: 'system' },
  });
  await directory.reload();
}
