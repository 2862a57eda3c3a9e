// The orders of an account, page by page (RFC 8555 §7.1.2.1): those under way and those that gave a certificate.
import type { Row } from '../ground/change.ts';
import type { EnrolDeps } from './deps.ts';
import type { Accounts } from './enrolment.ts';
import { isOrderId } from './ids.ts';
import { EnrolError } from './problem.ts';
import { integerOf, textOf } from './row.ts';
import { OPEN_ORDERS, ORDERS } from './tables.ts';

const PAGE = 100;
/** Smaller than every id. */
const FIRST = '';

/** @throws EnrolError `SY-ENROL-NOT-FOUND` for a cursor that is none */
export function ordersOf(
  { records, clock }: Pick<EnrolDeps, 'records' | 'clock'>,
  account: string,
  cursor?: string,
): ReturnType<Accounts['orders']> {
  if (cursor !== undefined && !isOrderId(cursor)) throw new EnrolError('SY-ENROL-NOT-FOUND', 'cursor');
  const after = { account, id: cursor ?? FIRST };
  const limit = PAGE + 1;
  const nowMs = clock.now().getTime();
  const rows: readonly Row[] = [
    ...records.find(OPEN_ORDERS, { where: { account, state: 'open' }, after, limit }),
    ...records.find(OPEN_ORDERS, { where: { account, state: 'valid' }, after, limit }),
    ...records.find(ORDERS, { where: { account, state: 'valid' }, after: { id: after.id }, limit }),
  ];
  const isAlive = (row: Row): boolean => row['state'] === 'valid' || integerOf(row, 'expires_ms') > nowMs;
  const alive = new Map(rows.map((row) => [textOf(row, 'id'), isAlive(row)]));
  const sorted = [...alive.keys()].sort();
  const page = sorted.slice(0, PAGE);
  const last = page.at(-1);
  return {
    ids: page.filter((id) => alive.get(id)),
    ...(sorted.length > PAGE && last !== undefined ? { next: last } : {}),
  };
}
