// Who may revoke a certificate (RFC 8555 §7.6): who ordered it, who has its key, who is authorized for all of its names.
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { equalBytes } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Actor } from '../ground/events.ts';
import { decideIssue } from '../policy/decide-issue.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { actorOf } from './account-record.ts';
import { usableAdvances } from './advance-record.ts';
import type { Account, Authorization, RevocationRights } from './enrolment.ts';
import { whoIs } from './grants.ts';
import { nameText, orderedName, orderOfRow } from './order-record.ts';
import { authorizationView } from './order-view.ts';
import { EnrolError } from './problem.ts';
import { isOwn, namesOf, type RecordedCertificate, recordedCertificate } from './replacements.ts';
import { type Room, viewDeps } from './room.ts';
import { OPEN_ORDERS, ORDERS } from './tables.ts';

/** Orders of an account that are searched for authorizations, newest first. */
const MOST_SEARCHED = 2000;

export function createRevocationRights(room: Room): RevocationRights {
  return {
    authorize: ({ certificateDer, by }) => {
      const recorded = known(room, certificateDer);
      const actor = 'account' in by ? byAccount(room, recorded, by.account) : byKey(recorded, by.spki);
      if (actor === undefined) throw new EnrolError('SY-ENROL-UNAUTHORIZED', 'revocation');
      return { serial: recorded.serial, actor };
    },
  };
}

/** The very certificate that was issued: a serial alone proves nothing. */
function known(room: Room, der: Uint8Array): RecordedCertificate {
  const recorded = recordedCertificate(room, readGiven(der).serial);
  if (recorded === undefined || !equalBytes(recorded.certificate.der, der))
    throw new EnrolError('SY-ENROL-NOT-FOUND', 'certificate');
  return recorded;
}

function readGiven(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof SealyardError)
      throw new EnrolError('SY-ENROL-NOT-FOUND', 'certificate', { cause: error });
    throw error;
  }
}

function byKey({ certificate, serial }: RecordedCertificate, spki: Uint8Array): Actor | undefined {
  return equalBytes(certificate.spki, spki)
    ? { kind: 'identity', id: serial, issuer: 'certificate-key' }
    : undefined;
}

function byAccount(room: Room, recorded: RecordedCertificate, account: Account): Actor | undefined {
  return isOwn(recorded, account) || isAuthorized(room, recorded, account) ? actorOf(account) : undefined;
}

function isAuthorized(room: Room, recorded: RecordedCertificate, account: Account): boolean {
  const names = namesOf(recorded);
  if (names.length === 0) return false;
  if (isGranted(room, recorded, account, names)) return true;
  const nowMs = room.clock.now().getTime();
  const unproven = new Set(
    names
      .filter((name) => usableAdvances(room.records, account.id, nameText(name), nowMs).length === 0)
      .map(nameText),
  );
  if (unproven.size > 0) strikeProven(room, account, unproven);
  return unproven.size === 0;
}

/** Whom the policy grants the names without a challenge is authorized for them. */
function isGranted(
  room: Room,
  { row }: RecordedCertificate,
  account: Account,
  names: readonly RequestedName[],
): boolean {
  const who = whoIs(room.bindings, account);
  const profile = row['profile'];
  const environment = account.binding?.environment;
  if (who.length === 0 || typeof profile !== 'string') return false;
  const decision = decideIssue(room.policy(), {
    who,
    names,
    profile,
    canChallenge: false,
    now: room.clock.now(),
    ...(environment === undefined ? {} : { environment }),
  });
  return decision.granted && decision.proof === 'policy';
}

/** Takes out of `unproven` what the account's orders hold valid authorizations for. */
function strikeProven(room: Room, { id: account }: Account, unproven: Set<string>): void {
  const deps = viewDeps(room);
  for (const table of [OPEN_ORDERS, ORDERS]) {
    const rows = room.records.find(table, { where: { account }, limit: MOST_SEARCHED, reverse: true });
    for (const row of rows) {
      const order = orderOfRow(row, table === ORDERS);
      for (const [i, body] of order.body.authorizations.entries()) {
        const view = authorizationView(order, body, `${order.id}.${i}`, deps);
        if (provesControl(view)) unproven.delete(nameText(orderedName(body)));
      }
      if (unproven.size === 0) return;
    }
  }
}

/** A grant of the past proves nothing now; a challenge does as long as its authorization lives. */
function provesControl({ status, proof }: Authorization): boolean {
  return status === 'valid' && proof === 'challenge';
}
