// A revocation as a row and as a value, and what the rows say of one serial.

import { shardOf } from '../authority/shards.ts';
import { REASON_CODES, type RevocationReason, reasonOfCode } from '../formats/x509/crl.ts';
import type { Put, Records, Row } from '../ground/change.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import { CERTIFICATES } from '../issue/tables.ts';
import { REVOCATIONS } from './tables.ts';

export type RevocationState = 'revoked' | 'hold' | 'released';

export interface RevocationRecord {
  /** The authority that issued the certificate, and signs its CRL. */
  readonly authority: string;
  readonly shard: number;
  readonly serial: Serial;
  readonly state: RevocationState;
  readonly reason: RevocationReason;
  /** From when on the certificate counts as revoked; of a hold that became final, the day of the hold. */
  readonly revokedMs: number;
  readonly changedMs: number;
  readonly invalidityMs: number | undefined;
  readonly notAfterMs: number;
  /** The entry stays in the CRL until then. */
  readonly retainedUntilMs: number;
}

export function recordPut(record: RevocationRecord, mode: 'insert' | 'replace'): Put {
  return {
    table: REVOCATIONS,
    mode,
    row: {
      authority: record.authority,
      shard: record.shard,
      serial: record.serial,
      state: record.state,
      reason: REASON_CODES[record.reason],
      revoked_ms: record.revokedMs,
      changed_ms: record.changedMs,
      invalidity_ms: record.invalidityMs ?? null,
      not_after_ms: record.notAfterMs,
      retained_until_ms: record.retainedUntilMs,
    },
  };
}

/** @throws TypeError for a row that this program did not write */
export function readRecord(row: Row): RevocationRecord {
  const serial = asSerial(String(row['serial']));
  const reason = reasonOfCode(Number(row['reason']));
  const { state, invalidity_ms: invalidity } = row;
  if (serial === undefined || reason === undefined || !isState(state))
    throw new TypeError('a row of revocations that cannot be read');
  return {
    authority: String(row['authority']),
    shard: Number(row['shard']),
    serial,
    state,
    reason,
    revokedMs: Number(row['revoked_ms']),
    changedMs: Number(row['changed_ms']),
    invalidityMs: typeof invalidity === 'number' ? invalidity : undefined,
    notAfterMs: Number(row['not_after_ms']),
    retainedUntilMs: Number(row['retained_until_ms']),
  };
}

function isState(cell: Row[string] | undefined): cell is RevocationState {
  return cell === 'revoked' || cell === 'hold' || cell === 'released';
}

/** Which shard a certificate is in: as it was recorded when it was issued, else as its serial says. */
export function shardOfCertificate(row: Row | undefined, serial: Serial, shards: number): number {
  const recorded = row?.['crl_shard'];
  return typeof recorded === 'number' ? recorded : shardOf(serial, shards);
}

export function findRecord(
  records: Records,
  key: { readonly authority: string; readonly shard: number; readonly serial: Serial },
): RevocationRecord | undefined {
  const { authority, shard, serial } = key;
  const row = records.get(REVOCATIONS, { authority, shard, serial });
  return row === undefined ? undefined : readRecord(row);
}

export type CertificateStatus =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly at: Date; readonly reason: RevocationReason }
  /** Never issued by this authority. */
  | { readonly status: 'unknown' };

/**
 * What is known of a serial of one authority. A serial that is on record as intended only never left the yard, so that
 * it counts as never issued.
 */
export function statusOf(
  records: Records,
  issuer: { readonly id: string; readonly shards: number },
  serial: Serial,
): CertificateStatus {
  const certificate = records.get(CERTIFICATES, { serial });
  const ours = certificate?.['authority'] === issuer.id ? certificate : undefined;
  const shard = shardOfCertificate(ours, serial, issuer.shards);
  const record = findRecord(records, { authority: issuer.id, shard, serial });
  if (record !== undefined && record.state !== 'released')
    return { status: 'revoked', at: new Date(record.revokedMs), reason: record.reason };
  return { status: ours !== undefined && ours['state'] !== 'intended' ? 'good' : 'unknown' };
}
