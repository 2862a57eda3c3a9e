// The key of a new authority: made here or adopted, and put on record together with the authority.
import type { KeyObject } from 'node:crypto';
import { type AuthorityPurpose, KEY_PURPOSE_OF } from '../../authority/authority.ts';
import { toHex } from '../../ground/bytes.ts';
import type { Put } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Actor, Event } from '../../ground/events.ts';
import type { Clock, Random } from '../../ground/ports.ts';
import type { KeyStore, Signer } from '../../keys/signer.ts';
import { KEYS } from '../../keys/tables.ts';
import type { KeyKind } from '../../policy/issuance.ts';
import { keyOfKind } from './terms.ts';

interface KeyDeps {
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly random: Random;
}

export interface AuthorityKey {
  readonly signer: Signer;
  readonly slot: string;
  /** To be committed with the authority; until then, and where that fails, the key is one that nobody uses. */
  readonly change: { readonly puts: readonly Put[]; readonly events: readonly Event[] };
}

interface KeyOrder {
  readonly id: string;
  readonly purpose: AuthorityPurpose;
  readonly actor: Actor;
}

/** @throws SealyardError what `KeyStore.create` throws */
export async function newKey(deps: KeyDeps, o: KeyOrder & { readonly kind: KeyKind }): Promise<AuthorityKey> {
  const signer = await deps.keys.create({ purpose: KEY_PURPOSE_OF[o.purpose], ...keyOfKind(o.kind) });
  return recorded(deps, o, signer, 'made');
}

/** @throws SealyardError what `KeyStore.adopt` throws; `SY-KEYS-ALGORITHM` where the store takes no keys from outside */
export async function adoptKey(
  deps: KeyDeps,
  o: KeyOrder & { readonly privateKey: KeyObject },
): Promise<AuthorityKey> {
  const signer = await deps.keys.adopt?.({ purpose: KEY_PURPOSE_OF[o.purpose], privateKey: o.privateKey });
  if (signer === undefined)
    throw new SealyardError('SY-KEYS-ALGORITHM', 'this key store takes no foreign keys');
  return recorded(deps, o, signer, 'adopted');
}

function recorded(deps: KeyDeps, o: KeyOrder, signer: Signer, how: 'made' | 'adopted'): AuthorityKey {
  const purpose = KEY_PURPOSE_OF[o.purpose];
  // A slot of its own for each attempt: what a crash left behind is never taken for the key of another attempt.
  const slot = `${purpose}/${o.id}.${toHex(deps.random.bytes(4))}`;
  const { algorithm, spki } = signer.publicKey;
  const timeMs = deps.clock.now().getTime();
  return {
    signer,
    slot,
    change: {
      puts: [
        {
          table: KEYS,
          mode: 'insert',
          row: { slot, purpose, algorithm, ref: signer.ref, spki, created_ms: timeMs },
        },
      ],
      events: [
        {
          timeMs,
          action: 'key.created',
          actor: o.actor,
          object: { type: 'key', id: signer.ref },
          outcome: 'done',
          data: { slot, purpose, algorithm, how },
        },
      ],
    },
  };
}
