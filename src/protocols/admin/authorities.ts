// The authorities on the admin API: look, create, import, cross-sign, rotate. Private keys go in and never come out.
import { AUTHORITY_PURPOSES, type AuthorityPurpose } from '../../authority/authority.ts';
import { authorityWarnings } from '../../authority/warnings.ts';
import { encodePem } from '../../formats/pem.ts';
import type { ProtoMessage } from '../../formats/proto-json.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Json, JsonObject } from '../../ground/json.ts';
import { readNameConstraints } from '../../issue/ceremonies/name-constraints.ts';
import { printable } from '../../issue/ceremonies/parents.ts';
import type { CaWishes } from '../../issue/ceremonies/terms.ts';
import { KEY_KINDS, type KeyKind } from '../../policy/issuance.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import { authorityDetails, authoritySummary, pendingSummary } from './authority-json.ts';
import type { Caller } from './caller.ts';
import type { AdminDeps } from './deps.ts';
import { readBody } from './messages.ts';
import type { Endpoint } from './routes.ts';

const DAY_SECONDS = 86_400;
const MAX_TEXT = 64 * 1024;
const MAX_NAME = 64;
const MAX_SUBTREES = 256;

const WISHES = [
  'organization',
  'commonName',
  'lifetimeDays',
  'pathLength',
  'permitted',
  'excluded',
  'key',
] as const;
const WISHES_BODY: NonNullable<Endpoint['body']> = {
  organization: { type: 'string', required: false },
  commonName: { type: 'string', required: false },
  lifetimeDays: { type: 'integer', required: false },
  pathLength: { type: 'integer', required: false },
  permitted: { type: 'array', required: false },
  excluded: { type: 'array', required: false },
  key: { type: 'string', required: false },
};

export const AUTHORITY_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/admin/v1/authorities',
    summary: 'the authorities on record, those that wait for a certificate, and what is to be known of them',
    role: 'viewer',
    status: 200,
    handle: (_request, _caller, deps) => authorityList(deps),
  },
  {
    method: 'GET',
    path: '/admin/v1/authorities/:id',
    summary: 'an authority with its chains, or the request that waits to be signed',
    role: 'viewer',
    status: 200,
    handle: (request, _caller, deps) => jsonReply(200, describe(request.params['id'] ?? '', deps)),
  },
  {
    method: 'POST',
    path: '/admin/v1/authorities',
    summary: 'make a root, an authority below one of ours, or a key and a request for an offline one',
    role: 'administrator',
    body: {
      purpose: { type: 'string', required: true },
      name: { type: 'string', required: false },
      parent: { type: 'string', required: false },
      shards: { type: 'integer', required: false },
      request: { type: 'boolean', required: false },
      ...WISHES_BODY,
    },
    status: 201,
    handle: createAuthority,
  },
  {
    method: 'POST',
    path: '/admin/v1/authorities/import',
    summary: 'bring an authority along with its key, answer a request, or record anchors without keys',
    role: 'administrator',
    body: {
      certificates: { type: 'string', required: true },
      key: { type: 'string', required: false },
      passphrase: { type: 'string', required: false },
      name: { type: 'string', required: false },
      purpose: { type: 'string', required: false },
      shards: { type: 'integer', required: false },
    },
    status: 201,
    handle: importAuthority,
  },
  {
    method: 'POST',
    path: '/admin/v1/authorities/record',
    summary:
      'put certificates of any age and kind on record: known, watched, revocable where one of ours signed them',
    role: 'administrator',
    body: { certificates: { type: 'string', required: true } },
    status: 201,
    handle: recordCertificates,
  },
  {
    method: 'POST',
    path: '/admin/v1/authorities/:id/cross-certificates',
    summary: 'have another authority certify the name and key of this one',
    role: 'administrator',
    body: { by: { type: 'string', required: true }, lifetimeDays: { type: 'integer', required: false } },
    status: 201,
    handle: crossSign,
  },
  {
    method: 'POST',
    path: '/admin/v1/authorities/:id/rotate',
    summary: 'a new generation takes over; this one goes on signing revocation lists only',
    role: 'administrator',
    body: {
      parent: { type: 'string', required: false },
      request: { type: 'boolean', required: false },
      ...WISHES_BODY,
    },
    status: 201,
    handle: rotate,
  },
];

function authorityList(deps: AdminDeps): DoorReply {
  const { directory } = deps;
  const now = deps.clock.now();
  return jsonReply(200, {
    authorities: directory.known().map((each) => authoritySummary(each, directory)),
    pending: directory.pending().map(pendingSummary),
    warnings: authorityWarnings(directory, now).map((warning): Json => ({ ...warning })),
  });
}

/** @throws SealyardError `SY-AUTHORITY-NOT-FOUND` */
function describe(id: string, { directory, clock }: Pick<AdminDeps, 'directory' | 'clock'>): JsonObject {
  const known = directory.known().find((each) => each.id === id);
  const warnings = authorityWarnings(directory, clock.now()).filter(({ authority }) => authority === id);
  const told = { warnings: warnings.map((warning): Json => ({ ...warning })) };
  if (known !== undefined) return { ...authorityDetails(known, directory), ...told };
  const pending = directory.pending().find((each) => each.id === id);
  if (pending === undefined) throw new SealyardError('SY-AUTHORITY-NOT-FOUND', printable(id));
  return { ...pendingSummary(pending), ...told };
}

async function createAuthority(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['purpose', 'name', 'parent', 'shards', 'request', ...WISHES]);
  const { id } = await deps.ceremonies.create({
    ...wishesOf(body),
    purpose: purposeOf(body) ?? refuse(body, 'purpose', 'is missing'),
    ...optional('name', body.optionalText('name', MAX_NAME)),
    ...optional('parent', body.optionalText('parent', MAX_NAME)),
    ...optional('key', keyKindOf(body)),
    ...optional('shards', countOf(body, 'shards')),
    request: flagOf(body, 'request'),
    actor: caller.actor,
  });
  return jsonReply(201, describe(id, deps));
}

async function importAuthority(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['certificates', 'key', 'passphrase', 'name', 'purpose', 'shards']);
  const { id, outcome, recorded } = await deps.ceremonies.importAuthority({
    certificates: body.text('certificates', MAX_TEXT),
    ...optional('key', body.optionalText('key', MAX_TEXT)),
    ...optional('passphrase', body.optionalText('passphrase', 1024)),
    ...optional('name', body.optionalText('name', MAX_NAME)),
    ...optional('purpose', purposeOf(body)),
    ...optional('shards', countOf(body, 'shards')),
    actor: caller.actor,
  });
  return jsonReply(201, { ...describe(id, deps), outcome, recorded });
}

async function recordCertificates(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['certificates']);
  const done = await deps.ceremonies.record({
    certificates: body.text('certificates', MAX_TEXT),
    actor: caller.actor,
  });
  const certificates = done.map(
    ({ serial, subject, notAfter, authority, recorded }): Json => ({
      serial,
      subject,
      notAfter: notAfter.toISOString(),
      authority: authority ?? null,
      recorded,
    }),
  );
  return jsonReply(201, { certificates });
}

async function crossSign(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['by', 'lifetimeDays']);
  const id = request.params['id'] ?? '';
  const certificate = await deps.ceremonies.crossSign({
    id,
    by: body.text('by', MAX_NAME),
    ...optional('lifetimeSeconds', daysOf(body)),
    actor: caller.actor,
  });
  const crossCertificate = encodePem('CERTIFICATE', certificate.der);
  return jsonReply(201, { ...describe(id, deps), crossCertificate, crossSerial: certificate.serial });
}

async function rotate(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['parent', 'request', ...WISHES]);
  const replaced = request.params['id'] ?? '';
  const { id } = await deps.ceremonies.rotate({
    ...wishesOf(body),
    id: replaced,
    ...optional('parent', body.optionalText('parent', MAX_NAME)),
    ...optional('key', keyKindOf(body)),
    request: flagOf(body, 'request'),
    actor: caller.actor,
  });
  return jsonReply(201, { ...describe(id, deps), replaces: replaced });
}

function wishesOf(body: ProtoMessage): CaWishes {
  return {
    ...optional('organization', body.optionalText('organization', MAX_NAME)),
    ...optional('commonName', body.optionalText('commonName', MAX_NAME)),
    ...optional('lifetimeSeconds', daysOf(body)),
    ...optional('pathLength', countOf(body, 'pathLength')),
    ...optional(
      'nameConstraints',
      readNameConstraints(textsOf(body, 'permitted'), textsOf(body, 'excluded')),
    ),
  };
}

/** Absent members stay absent: what a ceremony gets by default is not the same as `undefined`. */
function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]: Value });
}

function daysOf(body: ProtoMessage): number | undefined {
  const days = countOf(body, 'lifetimeDays');
  return days === undefined ? undefined : days * DAY_SECONDS;
}

function countOf(body: ProtoMessage, name: string): number | undefined {
  return body.has(name) ? body.count(name) : undefined;
}

function flagOf(body: ProtoMessage, name: string): boolean {
  const value = body.json(name);
  if (value === null) return false;
  return typeof value === 'boolean' ? value : refuse(body, name, 'is not true or false');
}

function textsOf(body: ProtoMessage, name: string): readonly string[] {
  return body
    .list(name, MAX_SUBTREES)
    .map((item) =>
      typeof item === 'string' ? item : refuse(body, name, 'holds something that is not text'),
    );
}

function purposeOf(body: ProtoMessage): AuthorityPurpose | undefined {
  const text = body.optionalText('purpose', 32);
  if (text === undefined) return undefined;
  return (
    AUTHORITY_PURPOSES.find((each) => each === text) ??
    refuse(body, 'purpose', `is none of ${AUTHORITY_PURPOSES.join(', ')}`)
  );
}

function keyKindOf(body: ProtoMessage): KeyKind | undefined {
  const text = body.optionalText('key', 32);
  if (text === undefined) return undefined;
  return KEY_KINDS.find((each) => each === text) ?? refuse(body, 'key', `is none of ${KEY_KINDS.join(', ')}`);
}

function refuse(body: ProtoMessage, name: string, why: string): never {
  throw body.refusal(name, why);
}
