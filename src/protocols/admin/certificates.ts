// Certificates on the admin API: issued to whom the policy trusts without a challenge, and looked up.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodePem } from '../../formats/pem.ts';
import type { Row } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import { asSerial } from '../../ground/ids.ts';
import type { JsonObject } from '../../ground/json.ts';
import { nameOf } from '../../issue/names.ts';
import type { IssuedCertificate } from '../../issue/request.ts';
import { CERTIFICATES } from '../../issue/tables.ts';
import { namesOf, ownersOf } from '../../revoke/select.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import type { AdminDeps } from './deps.ts';
import { readBody, readQuery, wholeNumber } from './messages.ts';
import { certificateJson } from './records.ts';
import { requesterOf } from './requester.ts';
import type { Endpoint } from './routes.ts';

const LONGEST_CSR = 48 * 1024;
const LONGEST_NAME = 2048;
const MOST_NAMES = 100;
const MOST_LISTED = 500;
/** Rows that one request looks at; where that was not all, the answer has a cursor. */
const MOST_SEARCHED = 5000;
const CHUNK = 250;

export const CERTIFICATE_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/admin/v1/certificates',
    summary: 'a certificate for names that the policy grants to the caller without a challenge',
    body: {
      csr: { type: 'string', required: true },
      profile: { type: 'string', required: false },
      names: { type: 'array', required: false },
      lifetimeSeconds: { type: 'integer', required: false },
      environment: { type: 'string', required: false },
    },
    status: 201,
    handle: issueCertificate,
  },
  {
    method: 'GET',
    path: '/admin/v1/certificates',
    summary: 'certificates on record, by serial or by what they say',
    role: 'viewer',
    query: [
      'serial',
      'name',
      'profile',
      'authority',
      'identity',
      'environment',
      'requester',
      'after',
      'limit',
    ],
    status: 200,
    handle: (request, _caller, deps) => listCertificates(request, deps),
  },
];

async function issueCertificate(request: DoorRequest, deps: AdminDeps): Promise<DoorReply> {
  const { who, actor } = await requesterOf(request, deps);
  const body = readBody(request, ['csr', 'profile', 'names', 'lifetimeSeconds', 'environment']);
  const names = body.list('names', MOST_NAMES).map((name) => {
    if (typeof name !== 'string' || name.length > LONGEST_NAME) throw body.refusal('names', 'holds no name');
    return nameOf(name);
  });
  const [profile, environment] = [body.optionalText('profile', 64), body.optionalText('environment', 64)];
  const issued = await deps.enrolment.issueDirectly(
    {
      who,
      requester: actor,
      via: 'admin',
      csr: body.text('csr', LONGEST_CSR),
      ...(names.length === 0 ? {} : { names }),
      ...(profile === undefined ? {} : { profile }),
      ...(environment === undefined ? {} : { environment }),
      ...(body.has('lifetimeSeconds') ? { lifetimeSeconds: body.count('lifetimeSeconds') } : {}),
    },
    { address: request.peer },
  );
  return jsonReply(201, issuedJson(issued));
}

function issuedJson({ serial, certificate, chain, logIndex }: IssuedCertificate): JsonObject {
  const above = chain.slice(1);
  // Whoever trusts the root has it (RFC 8446 §4.4.2).
  const sent = above.length > 1 ? above.slice(0, -1) : above;
  return {
    serial,
    certificate: encodePem('CERTIFICATE', certificate.der),
    chain: sent.map(({ der }) => encodePem('CERTIFICATE', der)).join(''),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    logIndex,
  };
}

const FILTERS = ['profile', 'authority', 'environment', 'requester'] as const;

async function listCertificates(request: DoorRequest, deps: AdminDeps): Promise<DoorReply> {
  const query = readQuery(request, ['serial', 'name', 'identity', ...FILTERS, 'after', 'limit']);
  const limit = Math.max(query.limit === undefined ? 100 : wholeNumber(query.limit, 'limit', MOST_LISTED), 1);
  const fits = (row: Row): boolean =>
    FILTERS.every((column) => query[column] === undefined || row[column] === query[column]) &&
    (query.identity === undefined || ownersOf(row).includes(query.identity)) &&
    (query.name === undefined || namesOf(row).includes(query.name));
  if (query.serial !== undefined) {
    const serial = asSerial(query.serial.replaceAll(':', '').toLowerCase());
    const row = serial === undefined ? undefined : deps.records.get(CERTIFICATES, { serial });
    if (row === undefined) throw new SealyardError('SY-ADMIN-NOT-FOUND', 'certificate');
    return jsonReply(200, { certificates: fits(row) ? [shown(row, deps)] : [] });
  }
  const { found, next } = await search(deps, { fits, limit, after: query.after });
  const certificates = found.map((row) => shown(row, deps));
  return jsonReply(200, { certificates, ...(next === undefined ? {} : { next }) });
}

/** In the order of serials, which is that of expiry; a bounded part of the records at a time, and turn by turn. */
async function search(
  { records }: AdminDeps,
  o: { fits: (row: Row) => boolean; limit: number; after: string | undefined },
): Promise<{ found: readonly Row[]; next: string | undefined }> {
  const found: Row[] = [];
  let after = o.after;
  for (let searched = 0; searched < MOST_SEARCHED; searched += CHUNK) {
    const position = after === undefined ? {} : { after: { serial: after } };
    const rows = records.find(CERTIFICATES, { where: {}, limit: CHUNK, ...position });
    for (const row of rows) {
      after = String(row['serial']);
      if (o.fits(row)) found.push(row);
      if (found.length === o.limit) return { found, next: after };
    }
    if (rows.length < CHUNK) return { found, next: undefined };
    await nextTurn();
  }
  return { found, next: after };
}

function shown(row: Row, { revocation }: AdminDeps): JsonObject {
  const serial = asSerial(String(row['serial']));
  const status = serial === undefined ? undefined : revocation.status(serial, String(row['authority']));
  return {
    ...certificateJson(row),
    names: namesOf(row),
    ...(status === undefined ? {} : { status: status.status }),
  };
}
