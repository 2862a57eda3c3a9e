// `replaces` (RFC 9773 §5): which certificate an order renews, and that no two orders renew the same.
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import type { Precondition, Put, Row } from '../ground/change.ts';
import type { Serial } from '../ground/ids.ts';
import { readRequestedNames } from '../issue/names.ts';
import { CERTIFICATES } from '../issue/tables.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { parseCertificateId } from './certificate-id.ts';
import type { EnrolDeps } from './deps.ts';
import type { Account } from './enrolment.ts';
import { nameText, orderState } from './order-record.ts';
import { EnrolError } from './problem.ts';
import { textOf } from './row.ts';
import { REPLACEMENTS } from './tables.ts';

type Needs = Pick<EnrolDeps, 'records' | 'clock'>;

/** A certificate on record that was issued, or put on record from elsewhere. */
export interface RecordedCertificate {
  readonly serial: Serial;
  readonly row: Row;
  readonly certificate: Certificate;
}

export function recordedCertificate({ records }: Needs, serial: string): RecordedCertificate | undefined {
  const row = records.get(CERTIFICATES, { serial });
  const der = row?.['der'];
  if (row === undefined || !(der instanceof Uint8Array)) return undefined;
  const certificate = parseCertificate(der);
  return { serial: certificate.serial, row, certificate };
}

/** Whether the account ordered it. */
export function isOwn({ row }: RecordedCertificate, account: Account): boolean {
  return row['requester'] === account.id && row['requester_issuer'] === 'acme';
}

export function namesOf({ certificate }: RecordedCertificate): readonly RequestedName[] {
  const { subject, subjectAltNames } = certificate;
  return readRequestedNames({
    subject,
    requested: { ...(subjectAltNames === undefined ? {} : { subjectAltNames }) },
  });
}

/**
 * The rows by which an order becomes the one that replaces the certificate.
 * @throws EnrolError `SY-ENROL-ORDER-WRONG`, `SY-ENROL-ALREADY-REPLACED`, `SY-ENROL-CERTIFICATE-ID`
 */
export function replacing(
  needs: Needs,
  o: { account: Account; names: readonly RequestedName[]; replaces: string; orderId: string },
): { put: Put; precondition: Precondition } {
  const { serial } = parseCertificateId(o.replaces);
  const recorded = recordedCertificate(needs, serial);
  // One answer for all certificates that are not this account's: nobody learns which exist.
  if (recorded === undefined || !isOwn(recorded, o.account))
    throw new EnrolError(
      'SY-ENROL-ORDER-WRONG',
      'the account has no certificate of the identifier in "replaces"',
    );
  const asked = new Set(o.names.map(nameText));
  if (!namesOf(recorded).some((name) => asked.has(nameText(name))))
    throw new EnrolError('SY-ENROL-ORDER-WRONG', 'the order and what it replaces have no name in common');
  const before = needs.records.get(REPLACEMENTS, { serial });
  if (before !== undefined && holds(needs, before)) throw new EnrolError('SY-ENROL-ALREADY-REPLACED');
  return {
    put: {
      table: REPLACEMENTS,
      mode: 'replace',
      row: { serial, account: o.account.id, order_id: o.orderId },
    },
    precondition: {
      table: REPLACEMENTS,
      key: { serial },
      expect: before === undefined ? 'absent' : { order_id: textOf(before, 'order_id') },
    },
  };
}

/** An order that ended without a certificate has replaced nothing. */
function holds({ records, clock }: Needs, row: Row): boolean {
  const order = orderState(records, textOf(row, 'account'), textOf(row, 'order_id'));
  if (order === undefined) return false;
  return order.state === 'valid' || (order.state === 'open' && order.expiresMs > clock.now().getTime());
}
