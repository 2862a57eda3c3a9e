// revoke and release: the rows, the authority's state and the audit record become true together, or not at all.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Authority } from '../authority/authority.ts';
import type { AuthorityDirectory } from '../authority/directory.ts';
import { revocationOfAuthority, type StateChange } from '../authority/state.ts';
import type { RevocationReason } from '../formats/x509/crl.ts';
import type { Change, Commit, Put, Records, Row } from '../ground/change.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Action, Actor, Event } from '../ground/events.ts';
import type { Serial } from '../ground/ids.ts';
import type { JsonObject } from '../ground/json.ts';
import type { Clock } from '../ground/ports.ts';
import { CERTIFICATES } from '../issue/tables.ts';
import { findRecord, type RevocationRecord, recordPut, shardOfCertificate } from './record.ts';
import { REVOCATIONS } from './tables.ts';

export interface RevokeDeps {
  readonly records: Records;
  readonly commit: Commit;
  readonly clock: Clock;
  readonly authorities: Pick<AuthorityDirectory, 'get' | 'reload'>;
  /** How long an expired certificate of this profile stays in the CRL; 0 for a profile that is not known any more. */
  readonly retentionSeconds: (profile: string) => number;
  /** After each change that is, or may be, on disk. */
  readonly changed: (changes: readonly RevocationChange[]) => void;
}

/** A certificate whose row is another now, or may be: whoever answers from memory reads it again. */
export interface RevocationChange {
  readonly authority: string;
  readonly shard: number;
  readonly serial: Serial;
  /** It had no row before, and has one now. */
  readonly isNew: boolean;
}

export interface RevokeOptions {
  readonly targets: readonly Serial[];
  readonly reason: RevocationReason;
  readonly actor: Actor;
  /** When the key is known or suspected to have been compromised; not in the future (RFC 5280 §5.3.2). */
  readonly invalidityDate?: Date;
  /** Rows and events that become true with the first of them, e.g. a key put on the block list. */
  readonly together?: { readonly puts: readonly Put[]; readonly events: readonly Event[] };
}

export interface RevokeOutcome {
  readonly revoked: readonly Serial[];
  /** Revoked before, by whomever. */
  readonly already: readonly Serial[];
}

/** Rows and events of this many certificates go in one commit. */
export const AT_ONCE = 200;
/** Two who revoke the same at the same time: the second looks again. */
const ATTEMPTS = 5;

/**
 * Revokes certificates; returns when that is on disk. Some hundred at a time become revoked in one commit: after a
 * failure the same call goes on where it stopped.
 * @throws SealyardError `SY-REVOKE-UNKNOWN`, `SY-REVOKE-ALREADY` (nothing was left to do), `SY-REVOKE-ROOT`,
 *   `SY-REVOKE-NO-ISSUER`, `SY-REVOKE-REASON`, and what the store throws
 */
export async function revoke(o: RevokeOptions, deps: RevokeDeps): Promise<RevokeOutcome> {
  refuseReason(o, deps.clock.now());
  // Everything that could be refused is refused before the first commit.
  const found: Target[] = [];
  for (const serial of new Set(o.targets)) {
    if (found.length % AT_ONCE === AT_ONCE - 1) await nextTurn();
    found.push(targetOf(serial, deps));
  }
  const revoked: Serial[] = [];
  const already: Serial[] = [];
  for (let at = 0; at < found.length; at += AT_ONCE) {
    const part = found.slice(at, at + AT_ONCE);
    const outcome = await commitPart(part, at === 0 ? o : { ...o, together: NOTHING }, deps);
    revoked.push(...outcome.revoked);
    already.push(...outcome.already);
  }
  const [first] = already;
  if (revoked.length === 0 && first !== undefined) throw new SealyardError('SY-REVOKE-ALREADY', first);
  return { revoked, already };
}

const NOTHING = { puts: [], events: [] };

function refuseReason({ reason, invalidityDate }: RevokeOptions, now: Date): void {
  if (reason === 'removeFromCRL') throw new SealyardError('SY-REVOKE-REASON', reason);
  if (invalidityDate !== undefined && invalidityDate.getTime() > now.getTime())
    throw new SealyardError('SY-REVOKE-REASON', 'the invalidity date lies in the future');
}

interface Target {
  readonly serial: Serial;
  readonly row: Row;
  readonly issuer: Pick<Authority, 'id' | 'shards'>;
}

function targetOf(serial: Serial, deps: RevokeDeps): Target {
  const row = deps.records.get(CERTIFICATES, { serial });
  if (row === undefined) throw new SealyardError('SY-REVOKE-UNKNOWN', serial);
  if (row['profile'] === 'root') throw new SealyardError('SY-REVOKE-ROOT', serial);
  const issuer = deps.authorities.get(String(row['authority']));
  if (issuer === undefined)
    throw new SealyardError('SY-REVOKE-NO-ISSUER', `${serial} of ${String(row['authority'])}`);
  return { serial, row, issuer };
}

interface Plan {
  readonly change: Change;
  readonly records: readonly RevocationRecord[];
  readonly isNew: ReadonlySet<RevocationRecord>;
  readonly already: readonly Serial[];
  readonly touchesAuthorities: boolean;
}

async function commitPart(
  part: readonly Target[],
  o: RevokeOptions,
  deps: RevokeDeps,
): Promise<RevokeOutcome> {
  for (let attempt = 1; ; attempt++) {
    const plan = planOf(part, o, deps);
    try {
      if (plan.records.length > 0 || (o.together?.puts.length ?? 0) > 0) await deps.commit(plan.change);
    } catch (error) {
      if (isSealyardError(error, 'SY-STORE-CONFLICT') && attempt < ATTEMPTS) continue;
      // It may be on disk all the same: whoever answers from memory must look again.
      deps.changed(plan.records.map((record) => ({ ...record, isNew: false })));
      throw error;
    }
    deps.changed(plan.records.map((record) => ({ ...record, isNew: plan.isNew.has(record) })));
    if (plan.touchesAuthorities) await deps.authorities.reload();
    return { revoked: plan.records.map(({ serial }) => serial), already: plan.already };
  }
}

function planOf(part: readonly Target[], o: RevokeOptions, deps: RevokeDeps): Plan {
  const nowMs = deps.clock.now().getTime();
  const planned = part.map((target) => planTarget(target, o, nowMs, deps));
  const done = planned.flatMap((each) => ('record' in each ? [each] : []));
  const states = done.flatMap(({ state }) => (state === undefined ? [] : [state]));
  return {
    change: {
      puts: [
        ...done.map(({ put }) => put),
        ...states.flatMap(({ puts }) => puts),
        ...(o.together?.puts ?? []),
      ],
      preconditions: [
        ...done.flatMap(({ precondition }) => (precondition === undefined ? [] : [precondition])),
        ...states.flatMap(({ preconditions }) => preconditions),
      ],
      events: [
        ...done.map(({ event }) => event),
        ...states.flatMap(({ events }) => events),
        ...(o.together?.events ?? []),
      ],
    },
    records: done.map(({ record }) => record),
    isNew: new Set(done.flatMap(({ record, put }) => (put.mode === 'insert' ? [record] : []))),
    already: planned.flatMap((each) => ('already' in each ? [each.already] : [])),
    touchesAuthorities: states.length > 0,
  };
}

interface Planned {
  readonly record: RevocationRecord;
  readonly put: Put;
  readonly precondition: NonNullable<Change['preconditions']>[number] | undefined;
  readonly event: Event;
  readonly state: StateChange | undefined;
}

function planTarget(
  target: Target,
  o: RevokeOptions,
  nowMs: number,
  deps: RevokeDeps,
): Planned | { readonly already: Serial } {
  const { serial, row, issuer } = target;
  const shard = shardOfCertificate(row, serial, issuer.shards);
  const before = findRecord(deps.records, { authority: issuer.id, shard, serial });
  const held = o.reason === 'certificateHold';
  if (before?.state === 'revoked' || (before?.state === 'hold' && held)) return { already: serial };
  const notAfterMs = Number(row['not_after_ms']);
  const record: RevocationRecord = {
    authority: issuer.id,
    shard,
    serial,
    state: held ? 'hold' : 'revoked',
    reason: o.reason,
    // What was made during the hold must not become good again because the hold ended badly.
    revokedMs: before?.state === 'hold' ? before.revokedMs : nowMs,
    changedMs: nowMs,
    invalidityMs: o.invalidityDate?.getTime(),
    notAfterMs,
    retainedUntilMs: notAfterMs + 1000 * deps.retentionSeconds(String(row['profile'])),
  };
  const why = { actor: o.actor, timeMs: nowMs, reason: o.reason };
  return {
    record,
    ...putOf(record, before),
    event: eventOf('certificate.revoked', record, o.actor, {
      reason: o.reason,
      profile: String(row['profile']),
      ...(o.invalidityDate === undefined ? {} : { invalidityDate: o.invalidityDate.toISOString() }),
    }),
    // A hold that becomes final has stopped the authority already.
    state:
      before?.state === 'hold'
        ? undefined
        : revocationOfAuthority(deps.records, serial, { ...why, to: 'revoked' }),
  };
}

/** What is there stays as it was seen: of two who change the same certificate one is refused, and looks again. */
function putOf(
  record: RevocationRecord,
  before: RevocationRecord | undefined,
): Pick<Planned, 'put' | 'precondition'> {
  if (before === undefined) return { put: recordPut(record, 'insert'), precondition: undefined };
  const { authority, shard, serial } = record;
  return {
    put: recordPut(record, 'replace'),
    precondition: {
      table: REVOCATIONS,
      key: { authority, shard, serial },
      expect: { state: before.state, changed_ms: before.changedMs },
    },
  };
}

/**
 * Ends a hold (RFC 5280 §5.3.1 removeFromCRL); the certificate is good again.
 * @throws SealyardError `SY-REVOKE-UNKNOWN`, `SY-REVOKE-NOT-HELD`, `SY-REVOKE-NO-ISSUER`, and what the store throws
 */
export async function release(
  o: { readonly serial: Serial; readonly actor: Actor },
  deps: RevokeDeps,
): Promise<void> {
  const { serial, row, issuer } = targetOf(o.serial, deps);
  const shard = shardOfCertificate(row, serial, issuer.shards);
  const before = findRecord(deps.records, { authority: issuer.id, shard, serial });
  if (before?.state !== 'hold') throw new SealyardError('SY-REVOKE-NOT-HELD', serial);
  const timeMs = deps.clock.now().getTime();
  const record: RevocationRecord = { ...before, state: 'released', changedMs: timeMs };
  const { put, precondition } = putOf(record, before);
  const why = { actor: o.actor, timeMs, reason: 'release' };
  const state = revocationOfAuthority(deps.records, serial, { ...why, to: 'released' });
  try {
    await deps.commit({
      puts: [put, ...(state?.puts ?? [])],
      preconditions: [...(precondition === undefined ? [] : [precondition]), ...(state?.preconditions ?? [])],
      events: [eventOf('certificate.released', record, o.actor, {}), ...(state?.events ?? [])],
    });
  } catch (error) {
    if (isSealyardError(error, 'SY-STORE-CONFLICT')) throw new SealyardError('SY-REVOKE-NOT-HELD', serial);
    throw error;
  } finally {
    deps.changed([{ ...record, isNew: false }]);
  }
  if (state !== undefined) await deps.authorities.reload();
}

function eventOf(action: Action, record: RevocationRecord, actor: Actor, data: JsonObject): Event {
  return {
    timeMs: record.changedMs,
    action,
    actor,
    object: { type: 'certificate', id: record.serial },
    outcome: 'done',
    data: { authority: record.authority, shard: record.shard, ...data },
  };
}
