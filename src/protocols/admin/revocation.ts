// Revocation on the admin API: see what a selection hits, revoke it, end a hold, ask what is known of a serial.
import { encodePem } from '../../formats/pem.ts';
import type { ProtoMessage } from '../../formats/proto-json.ts';
import { type RevocationReason, reasonOfName } from '../../formats/x509/crl.ts';
import { SealyardError } from '../../ground/errors.ts';
import { asSerial, type Serial } from '../../ground/ids.ts';
import type { JsonObject } from '../../ground/json.ts';
import { CERTIFICATES } from '../../issue/tables.ts';
import type { CertificateStatus } from '../../revoke/record.ts';
import type { Hit } from '../../revoke/revocation.ts';
import type { Selection } from '../../revoke/select.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import type { Caller } from './caller.ts';
import type { AdminDeps } from './deps.ts';
import { readBody } from './messages.ts';
import type { Endpoint } from './routes.ts';

const SELECTION = [
  'serials',
  'keys',
  'identity',
  'name',
  'authority',
  'profile',
  'from',
  'until',
  'digest',
] as const;
const SELECTION_BODY: NonNullable<Endpoint['body']> = {
  serials: { type: 'array', required: false },
  keys: { type: 'array', required: false },
  identity: { type: 'string', required: false },
  name: { type: 'string', required: false },
  authority: { type: 'string', required: false },
  profile: { type: 'string', required: false },
  from: { type: 'string', required: false },
  until: { type: 'string', required: false },
  digest: { type: 'string', required: false },
};
const MOST_LISTED = 1000;
const MAX_TEXT = 2048;
/** Of an answer: the counts beside it tell the rest. */
const MOST_SHOWN = 1000;

export const REVOCATION_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/admin/v1/revocations/preview',
    summary: 'the certificates that a selection hits, with names, owners and last use; nothing changes',
    role: 'viewer',
    body: SELECTION_BODY,
    status: 200,
    handle: (request, _caller, deps) => preview(request, deps),
  },
  {
    method: 'POST',
    path: '/admin/v1/revocations',
    summary:
      'revoke the certificates that a selection hits; with keyCompromise all others with their keys too',
    role: 'operator',
    body: {
      ...SELECTION_BODY,
      reason: { type: 'string', required: false },
      invalidityDate: { type: 'string', required: false },
    },
    status: 200,
    handle: revokeSelected,
  },
  {
    method: 'POST',
    path: '/admin/v1/revocations/release',
    summary: 'end the hold of a certificate',
    role: 'operator',
    body: { serial: { type: 'string', required: true } },
    status: 200,
    handle: releaseOne,
  },
  {
    method: 'GET',
    path: '/admin/v1/revocations/:serial',
    summary: 'whether a certificate is revoked, since when and why',
    role: 'viewer',
    status: 200,
    handle: (request, _caller, deps) => statusOfSerial(request, deps),
  },
];

async function preview(request: DoorRequest, deps: AdminDeps): Promise<DoorReply> {
  const selection = readSelection(readBody(request, SELECTION));
  const { hits, total, revokedBefore } = await deps.revocation.preview(selection);
  return jsonReply(200, { total, revokedBefore, certificates: hits.map(hitJson) });
}

async function revokeSelected(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, [...SELECTION, 'reason', 'invalidityDate']);
  const selection = readSelection(body);
  const invalidityDate = body.optionalTime('invalidityDate');
  const outcome = await deps.revocation.revoke({
    // By serials alone each of them must exist; another selection passes over what is done already.
    what: serialsAlone(selection) ?? selection,
    reason: readReason(body),
    actor: caller.actor,
    ...(invalidityDate === undefined ? {} : { invalidityDate }),
  });
  return jsonReply(200, {
    count: outcome.revoked.length,
    more: outcome.more,
    revoked: outcome.revoked.slice(0, MOST_SHOWN),
    already: outcome.already.slice(0, MOST_SHOWN),
    sameKey: outcome.sameKey.slice(0, MOST_SHOWN),
  });
}

async function releaseOne(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const serial = readSerial(readBody(request, ['serial']).text('serial', MAX_TEXT));
  await deps.revocation.release({ serial, actor: caller.actor });
  return jsonReply(200, { serial });
}

/** @throws SealyardError `SY-REVOKE-UNKNOWN` */
function statusOfSerial(request: DoorRequest, { records, revocation }: AdminDeps): DoorReply {
  const serial = readSerial(request.params['serial'] ?? '');
  const row = records.get(CERTIFICATES, { serial });
  if (row === undefined) throw new SealyardError('SY-REVOKE-UNKNOWN', serial);
  const authority = String(row['authority']);
  const { der } = row;
  return jsonReply(200, {
    serial,
    authority,
    status: statusJson(revocation.status(serial, authority)),
    pem: der instanceof Uint8Array ? encodePem('CERTIFICATE', der) : null,
  });
}

function serialsAlone(selection: Selection): readonly Serial[] | undefined {
  const others = Object.entries(selection).some(([name, value]) => name !== 'serials' && value !== undefined);
  return others ? undefined : selection.serials;
}

function readSelection(body: ProtoMessage): Selection {
  const serials = readList(body, 'serials').map(readSerial);
  const keys = readList(body, 'keys');
  const bad = keys.find((key) => !/^[0-9a-f]{64}$/.test(key));
  if (bad !== undefined) throw body.refusal('keys', 'holds what is no SHA-256 in hex');
  const found: Selection = {
    ...(serials.length === 0 ? {} : { serials }),
    ...(keys.length === 0 ? {} : { keys }),
    ...optional('identity', body.optionalText('identity', MAX_TEXT)),
    ...optional('name', body.optionalText('name', MAX_TEXT)?.toLowerCase()),
    ...optional('authority', body.optionalText('authority', MAX_TEXT)),
    ...optional('profile', body.optionalText('profile', MAX_TEXT)),
    ...optional('digest', body.optionalText('digest', MAX_TEXT)),
    ...optional('from', body.optionalTime('from')),
    ...optional('until', body.optionalTime('until')),
  };
  if (Object.keys(found).length === 0) throw new SealyardError('SY-REVOKE-SELECTION', 'it is empty');
  return found;
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [K in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [K in Name]?: Value });
}

function readList(body: ProtoMessage, name: string): readonly string[] {
  return body.list(name, MOST_LISTED).map((item) => {
    if (typeof item !== 'string' || item.length > MAX_TEXT) throw body.refusal(name, 'holds what is no text');
    return item;
  });
}

/** With or without the colons of openssl, in any case. */
function readSerial(text: string): Serial {
  const serial = asSerial(text.toLowerCase().replaceAll(':', ''));
  if (serial === undefined) throw new SealyardError('SY-REVOKE-SELECTION', 'a serial is not hexadecimal');
  return serial;
}

function readReason(body: ProtoMessage): RevocationReason {
  const name = body.optionalText('reason', MAX_TEXT) ?? 'unspecified';
  const reason = reasonOfName(name);
  if (reason === undefined) throw new SealyardError('SY-REVOKE-REASON');
  return reason;
}

function hitJson(hit: Hit): JsonObject {
  return {
    serial: hit.serial,
    authority: hit.authority,
    profile: hit.profile,
    names: hit.names,
    owners: hit.owners,
    notBefore: hit.notBefore.toISOString(),
    notAfter: hit.notAfter.toISOString(),
    status: statusJson(hit.status),
    lastUse: hit.lastUse?.toISOString() ?? null,
  };
}

function statusJson(status: CertificateStatus): JsonObject {
  return status.status === 'revoked'
    ? { status: status.status, at: status.at.toISOString(), reason: status.reason }
    : { status: status.status };
}
