// The key of a slot: made once, recorded with its public key, and compared with the record ever after.
import type { KeyAlgorithm } from '../formats/algorithms.ts';
import { equalBytes } from '../ground/bytes.ts';
import type { Commit, Records, Row } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Clock } from '../ground/ports.ts';
import type { KeyPurpose, KeyStore, Signer } from './signer.ts';
import { KEYS } from './tables.ts';

export interface PinDeps {
  readonly keys: KeyStore;
  readonly commit: Commit;
  readonly records: Records;
  readonly clock: Clock;
}

export interface PinnedKey {
  readonly signer: Signer;
  readonly createdAt: Date;
}

/**
 * The key of a slot; makes and records it where there is none. A crash between the two leaves a key that nobody uses.
 * @param o.slot e.g. `root-ca/1`
 * @throws SealyardError `SY-KEYS-PIN` where the store's key is not the recorded one, and what `KeyStore` throws
 */
export async function ensureKey(
  deps: PinDeps,
  o: { readonly slot: string; readonly purpose: KeyPurpose; readonly algorithm: KeyAlgorithm },
): Promise<PinnedKey> {
  const existing = deps.records.get(KEYS, { slot: o.slot });
  if (existing !== undefined) return openPinned(deps.keys, existing, o.purpose);
  const signer = await deps.keys.create(o);
  const timeMs = deps.clock.now().getTime();
  await deps.commit({
    puts: [
      {
        table: KEYS,
        mode: 'insert',
        row: {
          slot: o.slot,
          purpose: o.purpose,
          algorithm: o.algorithm,
          ref: signer.ref,
          spki: signer.publicKey.spki,
          created_ms: timeMs,
        },
      },
    ],
    events: [
      {
        timeMs,
        action: 'key.created',
        actor: { kind: 'system' },
        object: { type: 'key', id: signer.ref },
        outcome: 'done',
        data: { slot: o.slot, purpose: o.purpose, algorithm: o.algorithm },
      },
    ],
  });
  return { signer, createdAt: new Date(timeMs) };
}

/** The key of a slot that must exist, `undefined` where the slot is empty. Writes nothing. */
export async function findKey(
  deps: Pick<PinDeps, 'keys' | 'records'>,
  o: { readonly slot: string; readonly purpose: KeyPurpose },
): Promise<PinnedKey | undefined> {
  const row = deps.records.get(KEYS, { slot: o.slot });
  return row === undefined ? undefined : openPinned(deps.keys, row, o.purpose);
}

async function openPinned(keys: KeyStore, row: Row, purpose: KeyPurpose): Promise<PinnedKey> {
  const { ref, spki, created_ms: createdMs } = row;
  if (typeof ref !== 'string' || !(spki instanceof Uint8Array) || typeof createdMs !== 'number')
    throw new SealyardError('SY-KEYS-PIN');
  const signer = await keys.open(ref);
  if (signer.purpose !== purpose || row['purpose'] !== purpose || !equalBytes(signer.publicKey.spki, spki))
    throw new SealyardError('SY-KEYS-PIN', ref);
  return { signer, createdAt: new Date(createdMs) };
}
