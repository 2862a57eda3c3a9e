// How an authority's state changes: as a part of somebody's Change, so that state and reason become true together.
import type { Precondition, Put, Records } from '../ground/change.ts';
import type { Actor, Event } from '../ground/events.ts';
import { MAX_AUTHORITIES } from './naming.ts';
import { type AuthorityRecord, authorityPut, readAuthorityRecord } from './record.ts';
import { AUTHORITIES, CROSS_CERTIFICATES } from './tables.ts';

export interface StateChange {
  readonly puts: readonly Put[];
  /** Nobody else may have changed the state in between. */
  readonly preconditions: readonly Precondition[];
  readonly events: readonly Event[];
}

interface Why {
  readonly actor: Actor;
  readonly timeMs: number;
  /** For the audit record, e.g. `keyCompromise` or the id of the next generation. */
  readonly reason: string;
}

/** A newer generation takes over: this one signs CRLs and OCSP responders, and issues no more. */
export function retirement(record: AuthorityRecord, why: Why): StateChange {
  return changeOf(record, 'retired', 'authority.retired', why);
}

/**
 * What becomes of the authority whose certificate has this serial when it is revoked, or released from a hold; of a
 * cross-certificate, nothing leads through it any more. To be committed with the revocation; then
 * `AuthorityDirectory.reload()`.
 * @param serial lower-case hex, of a certificate that one of our authorities signed
 * @returns `undefined` where the serial is no CA certificate's
 */
export function revocationOfAuthority(
  records: Records,
  serial: string,
  o: Why & { readonly to: 'revoked' | 'released' },
): StateChange | undefined {
  const row = records.find(AUTHORITIES, { where: { serial }, limit: 1 })[0];
  if (row !== undefined) {
    const record = readAuthorityRecord(row);
    return o.to === 'revoked'
      ? changeOf(record, 'revoked', 'authority.revoked', o)
      : changeOf(record, stateAfterHold(records, record), 'authority.released', o);
  }
  const cross = records.find(CROSS_CERTIFICATES, { where: { serial }, limit: 1 })[0];
  if (cross === undefined) return undefined;
  const { sha256, state } = cross;
  if (sha256 === undefined || state === undefined) return undefined;
  return {
    puts: [
      {
        table: CROSS_CERTIFICATES,
        mode: 'replace',
        row: { ...cross, state: o.to === 'revoked' ? 'revoked' : 'active' },
      },
    ],
    preconditions: [{ table: CROSS_CERTIFICATES, key: { sha256 }, expect: { state } }],
    events: [
      eventOf(String(cross['authority']), o.to === 'revoked' ? 'authority.revoked' : 'authority.released', {
        ...o,
        crossCertificate: serial,
      }),
    ],
  };
}

/** A newer generation may have taken over while it was held. */
function stateAfterHold(records: Records, { name, generation }: AuthorityRecord): 'active' | 'retired' {
  const newer = records
    .find(AUTHORITIES, { where: { name }, limit: MAX_AUTHORITIES })
    .some((row) => row['state'] === 'active' && Number(row['generation']) > generation);
  return newer ? 'retired' : 'active';
}

function changeOf(
  record: AuthorityRecord,
  state: 'active' | 'retired' | 'revoked',
  action: Event['action'],
  why: Why,
): StateChange {
  return {
    puts: [authorityPut({ ...record, state, changedMs: why.timeMs }, 'replace')],
    preconditions: [{ table: AUTHORITIES, key: { id: record.id }, expect: { state: record.state } }],
    events: [eventOf(record.id, action, why)],
  };
}

function eventOf(
  id: string,
  action: Event['action'],
  why: Why & { readonly crossCertificate?: string },
): Event {
  return {
    timeMs: why.timeMs,
    action,
    actor: why.actor,
    object: { type: 'authority', id },
    outcome: 'done',
    data: {
      reason: why.reason,
      ...(why.crossCertificate === undefined ? {} : { crossCertificate: why.crossCertificate }),
    },
  };
}
