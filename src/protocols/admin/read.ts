// Reading calls of the admin API: the audit log, the policy document, the heads and proofs of the logs.
import { dataOf, type RecordedEvent } from '../../audit/record.ts';
import { searchEvents } from '../../audit/search.ts';
import { toBase64 } from '../../ground/bytes.ts';
import type { LogName } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Action } from '../../ground/events.ts';
import type { JsonObject } from '../../ground/json.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import type { AdminDeps } from './deps.ts';
import { readQuery, wholeNumber } from './messages.ts';
import { headJson } from './why.ts';

const ACTIONS: Readonly<Record<Action, true>> = {
  'yard.created': true,
  'yard.started': true,
  'yard.restored': true,
  'authority.created': true,
  'authority.requested': true,
  'authority.imported': true,
  'authority.recorded': true,
  'authority.cross-signed': true,
  'authority.retired': true,
  'authority.revoked': true,
  'authority.released': true,
  'authority.warned': true,
  'key.created': true,
  'certificate.intended': true,
  'certificate.issued': true,
  'certificate.refused': true,
  'certificate.recorded': true,
  'key.blocked': true,
  'certificate.revoked': true,
  'certificate.released': true,
  'token.created': true,
  'token.exchanged': true,
  'token.revoked': true,
  'token.refused': true,
  'log.entry-added': true,
  'account.created': true,
  'account.updated': true,
  'account.key-changed': true,
  'account.deactivated': true,
  'account.paused': true,
  'account.unpaused': true,
  'binding.created': true,
  'binding.revoked': true,
  'authorization.validated': true,
  'order.failed': true,
  'order.refused': true,
  'campaign.started': true,
  'campaign.ended': true,
  'admission.decided': true,
  'policy.loaded': true,
  'policy.refused': true,
  'clock.refused': true,
};
const OUTCOMES = ['done', 'refused', 'failed'] as const;
const LOGS: readonly LogName[] = ['certificate', 'signature', 'audit'];

/** Newest first unless `order=oldest`; `after` goes on behind an index. */
export function auditEvents(request: DoorRequest, deps: AdminDeps): DoorReply {
  const query = readQuery(request, [
    'action',
    'actor',
    'type',
    'id',
    'outcome',
    'policy',
    'from',
    'until',
    'order',
    'after',
    'limit',
  ]);
  const { action, outcome } = query;
  if (action !== undefined && !isAction(action)) throw malformed('action');
  const knownOutcome = OUTCOMES.find((each) => each === outcome);
  if (outcome !== undefined && knownOutcome === undefined) throw malformed('outcome');
  if (query.order !== undefined && query.order !== 'oldest' && query.order !== 'newest')
    throw malformed('order');
  const events = searchEvents(deps.records, {
    ...(action === undefined ? {} : { action }),
    ...(knownOutcome === undefined ? {} : { outcome: knownOutcome }),
    ...(query.actor === undefined ? {} : { actor: query.actor }),
    ...(query.type === undefined ? {} : { objectType: query.type }),
    ...(query.id === undefined ? {} : { objectId: query.id }),
    ...(query.policy === undefined ? {} : { policyVersion: query.policy }),
    ...(query.from === undefined ? {} : { fromMs: timeOf(query.from, 'from') }),
    ...(query.until === undefined ? {} : { untilMs: timeOf(query.until, 'until') }),
    ...(query.after === undefined ? {} : { after: wholeNumber(query.after, 'after') }),
    oldestFirst: query.order === 'oldest',
    limit: query.limit === undefined ? 100 : wholeNumber(query.limit, 'limit', 1000),
  });
  return jsonReply(200, { events: events.map(eventJson), size: deps.logs.head('audit').size });
}

function eventJson(event: RecordedEvent): JsonObject {
  return { logIndex: event.logIndex, ...event.record };
}

function isAction(text: string): text is Action {
  return Object.hasOwn(ACTIONS, text);
}

function timeOf(text: string, name: string): number {
  const time = /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw malformed(name);
  return time;
}

function malformed(name: string): SealyardError {
  return new SealyardError('SY-ADMIN-MALFORMED', `${name} has no meaning here`);
}

/** The document in force, or a past version whose text is on record. */
export function policyDocument(request: DoorRequest, deps: AdminDeps): DoorReply {
  const { version } = readQuery(request, ['version']);
  const current = deps.policy();
  if (version === undefined || version === current.version)
    return jsonReply(200, {
      version: current.version,
      file: current.file,
      text: current.text,
      notices: current.notices.map((notice) => ({ ...notice })),
    });
  const [loaded] = searchEvents(deps.records, {
    action: 'policy.loaded',
    objectType: 'policy',
    objectId: version,
    limit: 1,
  });
  const text = loaded === undefined ? undefined : dataOf(loaded, 'text');
  if (typeof text !== 'string') throw new SealyardError('SY-ADMIN-NOT-FOUND', 'no such version on record');
  return jsonReply(200, { version, text, notices: [] });
}

export async function logHead(request: DoorRequest, deps: AdminDeps): Promise<DoorReply> {
  return jsonReply(200, await headJson(logName(request), deps.logs));
}

/** `?index=&size=` inclusion, or `?first=&second=` consistency; sizes default to the present head. */
export function logProof(request: DoorRequest, deps: AdminDeps): DoorReply {
  const log = logName(request);
  const query = readQuery(request, ['index', 'size', 'first', 'second']);
  const present = deps.logs.head(log).size;
  const number = (text: string | undefined, name: string) =>
    text === undefined ? present : wholeNumber(text, name);
  if (query.index !== undefined) {
    const index = wholeNumber(query.index, 'index');
    const size = number(query.size, 'size');
    const hashes = deps.logs.inclusionProof(log, index, size).map(toBase64);
    return jsonReply(200, { log, index, size, hashes });
  }
  if (query.first === undefined) throw new SealyardError('SY-ADMIN-MALFORMED', 'index or first is missing');
  const first = wholeNumber(query.first, 'first');
  const second = number(query.second, 'second');
  const hashes = deps.logs.consistencyProof(log, first, second).map(toBase64);
  return jsonReply(200, { log, first, second, hashes });
}

function logName(request: DoorRequest): LogName {
  const found = LOGS.find((log) => log === request.params['log']);
  if (found === undefined) throw new SealyardError('SY-ADMIN-NOT-FOUND', `logs: ${LOGS.join(', ')}`);
  return found;
}
