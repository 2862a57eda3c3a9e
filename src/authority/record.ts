// An authority as a row: what is written when it comes to be, and read back strictly.
import type { Put, Row } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { AUTHORITY_PURPOSES, type AuthorityPurpose } from './authority.ts';
import { AUTHORITIES } from './tables.ts';

export type RecordedState = 'pending' | 'active' | 'retired' | 'revoked';

const STATES: readonly RecordedState[] = ['pending', 'active', 'retired', 'revoked'];

export interface AuthorityRecord {
  readonly id: string;
  readonly name: string;
  readonly purpose: AuthorityPurpose;
  readonly generation: number;
  readonly state: RecordedState;
  /** The slot of its key; `undefined`: the key is not this yard's. */
  readonly keySlot: string | undefined;
  /** The authority of ours that signed it. */
  readonly parent: string | undefined;
  /** While it is pending: the generation that retires when this one becomes active. */
  readonly replaces: string | undefined;
  readonly serial: string | undefined;
  /** Its certificate; `undefined` exactly while it is pending. */
  readonly der: Uint8Array | undefined;
  /** The request that an outside authority is to sign, kept afterwards. */
  readonly csr: Uint8Array | undefined;
  readonly shards: number;
  readonly createdMs: number;
  readonly changedMs: number;
}

export function authorityPut(record: AuthorityRecord, mode: 'insert' | 'replace'): Put {
  return { table: AUTHORITIES, mode, row: rowOf(record) };
}

function rowOf(record: AuthorityRecord): Row {
  return {
    id: record.id,
    name: record.name,
    purpose: record.purpose,
    generation: record.generation,
    state: record.state,
    key_slot: record.keySlot ?? null,
    parent: record.parent ?? null,
    replaces: record.replaces ?? null,
    serial: record.serial ?? null,
    der: record.der ?? null,
    csr: record.csr ?? null,
    shards: record.shards,
    created_ms: record.createdMs,
    changed_ms: record.changedMs,
  };
}

/** @throws SealyardError `SY-AUTHORITY-DAMAGED` */
export function readAuthorityRecord(row: Row): AuthorityRecord {
  const id = String(row['id']);
  const purpose = AUTHORITY_PURPOSES.find((each) => each === row['purpose']);
  const state = STATES.find((each) => each === row['state']);
  if (purpose === undefined || state === undefined) throw damaged(id, 'of no known purpose or state');
  const der = bytes(row['der']);
  const csr = bytes(row['csr']);
  if ((state === 'pending' ? csr : der) === undefined) throw damaged(id, 'its certificate is missing');
  return {
    id,
    name: String(row['name']),
    purpose,
    generation: Number(row['generation']),
    state,
    keySlot: text(row['key_slot']),
    parent: text(row['parent']),
    replaces: text(row['replaces']),
    serial: text(row['serial']),
    der,
    csr,
    shards: Number(row['shards']),
    createdMs: Number(row['created_ms']),
    changedMs: Number(row['changed_ms']),
  };
}

export function damaged(id: string, what: string): SealyardError {
  return new SealyardError('SY-AUTHORITY-DAMAGED', `${id}: ${what}`);
}

function text(cell: Row[string] | undefined): string | undefined {
  return typeof cell === 'string' ? cell : undefined;
}

function bytes(cell: Row[string] | undefined): Uint8Array | undefined {
  return cell instanceof Uint8Array ? cell : undefined;
}
