// The admin door: one table of endpoints, each with the role that it needs; loopback gives nobody a role.
import { SealyardError } from '../../ground/errors.ts';
import type { Role } from '../../policy/policy.ts';
import type { DoorReply, DoorRequest, Route } from '../door.ts';
import { jsonReply, problemReply } from '../problem.ts';
import { AUTHORITY_ENDPOINTS } from './authorities.ts';
import { BINDING_ENDPOINTS } from './bindings.ts';
import { BLOCKED_KEY_ENDPOINTS } from './blocked-keys.ts';
import { authorize, type Caller, RefusalRecord, refuseForeignHost } from './caller.ts';
import { CAMPAIGN_ENDPOINTS } from './campaigns.ts';
import { CERTIFICATE_ENDPOINTS } from './certificates.ts';
import type { AdminDeps } from './deps.ts';
import { BODY_LIMIT_BYTES } from './messages.ts';
import { openApiDocument } from './openapi.ts';
import { auditEvents, logHead, logProof, policyDocument } from './read.ts';
import { REVOCATION_ENDPOINTS } from './revocation.ts';
import { createToken, endToken, exchangeToken, mintJobToken, tokenList } from './tokens.ts';
import { why } from './why.ts';

export type { AdminDeps } from './deps.ts';

interface Described {
  readonly method: Route['method'];
  readonly path: string;
  readonly summary: string;
  readonly query?: readonly string[];
  readonly body?: Readonly<Record<string, { readonly type: string; readonly required: boolean }>>;
  /** Of the good answer. */
  readonly status: number;
}

/** A row of the table; without a role, the handler judges the caller itself. */
export type Endpoint =
  | (Described & {
      readonly role: Role;
      handle(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> | DoorReply;
    })
  | (Described & {
      readonly role?: undefined;
      handle(request: DoorRequest, deps: AdminDeps): Promise<DoorReply> | DoorReply;
    });

const ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/admin/v1/openapi.json',
    summary: 'this document',
    status: 200,
    handle: (request, deps) => {
      refuseForeignHost(request, deps.publicUrl);
      return jsonReply(200, openApiDocument(ENDPOINTS, deps.publicUrl));
    },
  },
  {
    method: 'POST',
    path: '/admin/v1/tokens/exchange',
    summary: 'turn the one-time administrator token into a service token',
    status: 201,
    handle: exchangeToken,
  },
  {
    method: 'POST',
    path: '/admin/v1/tokens',
    summary: 'create a service token',
    role: 'administrator',
    body: { name: { type: 'string', required: true }, lifetimeSeconds: { type: 'integer', required: false } },
    status: 201,
    handle: createToken,
  },
  {
    method: 'GET',
    path: '/admin/v1/tokens',
    summary: 'the service tokens, without their secrets',
    role: 'administrator',
    status: 200,
    handle: (_request, _caller, deps) => tokenList(deps),
  },
  {
    method: 'DELETE',
    path: '/admin/v1/tokens/:id',
    summary: 'end a service token, by id or by a name that only one has',
    role: 'administrator',
    status: 200,
    handle: endToken,
  },
  {
    method: 'POST',
    path: '/admin/v1/development/tokens',
    summary: 'mint a job token of the built-in issuer',
    role: 'operator',
    body: {
      subject: { type: 'string', required: true },
      audience: { type: 'string', required: false },
      lifetimeSeconds: { type: 'integer', required: false },
      claims: { type: 'object', required: false },
    },
    status: 201,
    handle: mintJobToken,
  },
  {
    method: 'GET',
    path: '/admin/v1/status',
    summary: 'is the yard well, and what does it hold',
    role: 'viewer',
    status: 200,
    handle: (_request, _caller, deps) => jsonReply(200, deps.status()),
  },
  {
    method: 'GET',
    path: '/admin/v1/why',
    summary: 'the evidence chain around an image digest or a certificate serial',
    role: 'viewer',
    query: ['subject'],
    status: 200,
    handle: (request, _caller, deps) => why(request, deps),
  },
  {
    method: 'GET',
    path: '/admin/v1/audit',
    summary: 'search the audit log',
    role: 'auditor',
    query: ['action', 'actor', 'type', 'id', 'outcome', 'policy', 'from', 'until', 'order', 'after', 'limit'],
    status: 200,
    handle: (request, _caller, deps) => auditEvents(request, deps),
  },
  {
    method: 'GET',
    path: '/admin/v1/policy',
    summary: 'the policy document, in force or on record',
    role: 'viewer',
    query: ['version'],
    status: 200,
    handle: (request, _caller, deps) => policyDocument(request, deps),
  },
  {
    method: 'GET',
    path: '/admin/v1/log/:log/head',
    summary: 'head and checkpoint of a log',
    role: 'viewer',
    status: 200,
    handle: (request, _caller, deps) => logHead(request, deps),
  },
  {
    method: 'GET',
    path: '/admin/v1/log/:log/proof',
    summary: 'inclusion (index, size) or consistency (first, second) proof',
    role: 'viewer',
    query: ['index', 'size', 'first', 'second'],
    status: 200,
    handle: (request, _caller, deps) => logProof(request, deps),
  },
  ...AUTHORITY_ENDPOINTS,
  ...REVOCATION_ENDPOINTS,
  ...BLOCKED_KEY_ENDPOINTS,
  ...CERTIFICATE_ENDPOINTS,
  ...BINDING_ENDPOINTS,
  ...CAMPAIGN_ENDPOINTS,
  {
    method: 'POST',
    path: '/admin/v1/backup',
    summary: 'copy records and sealed keys into a new folder of the data directory',
    role: 'administrator',
    status: 201,
    handle: async (_request, _caller, deps) => jsonReply(201, { path: await deps.backup() }),
  },
];

export function adminRoutes(deps: AdminDeps): Route[] {
  const refusals = new RefusalRecord(deps);
  return ENDPOINTS.map((endpoint) => ({
    method: endpoint.method,
    path: endpoint.path,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    listeners: ['tls'],
    handle: async (request) => {
      try {
        refuseMediaType(request);
        if (endpoint.role === undefined) return await endpoint.handle(request, deps);
        return await endpoint.handle(request, await authorize(request, endpoint.role, deps), deps);
      } catch (error) {
        await refusals.note(error, request);
        throw error;
      }
    },
    problem: problemReply,
  }));
}

// A form or text body is what a browser sends across origins without asking: only JSON has a preflight. An absent
// body needs no type.
function refuseMediaType({ headers, body }: DoorRequest): void {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (body.length > 0 && type !== 'application/json')
    throw new SealyardError('SY-HTTP-MEDIA-TYPE', 'application/json');
}
