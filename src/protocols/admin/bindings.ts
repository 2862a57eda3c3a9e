// External account bindings and the accounts behind them, on the admin API.
import type { Account, Binding, Page } from '../../enrol/enrolment.ts';
import { toBase64Url } from '../../ground/bytes.ts';
import type { JsonObject } from '../../ground/json.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import type { Caller } from './caller.ts';
import type { AdminDeps } from './deps.ts';
import { readBody, readQuery, wholeNumber } from './messages.ts';
import type { Endpoint } from './routes.ts';

const MOST_LISTED = 500;

export const BINDING_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/admin/v1/bindings',
    summary: 'an external account binding for an identity of the policy; its key is in this answer alone',
    role: 'operator',
    body: {
      identity: { type: 'string', required: true },
      environment: { type: 'string', required: false },
      uses: { type: 'integer', required: false },
      expiresAt: { type: 'string', required: false },
      note: { type: 'string', required: false },
    },
    status: 201,
    handle: createBinding,
  },
  {
    method: 'GET',
    path: '/admin/v1/bindings',
    summary: 'the external account bindings, without their keys',
    role: 'viewer',
    query: ['after', 'limit'],
    status: 200,
    handle: (request, _caller, deps) =>
      pageReply('bindings', deps.enrolment.bindings.list(pageOf(request)), bindingJson),
  },
  {
    method: 'DELETE',
    path: '/admin/v1/bindings/:id',
    summary: 'revoke a binding: no more accounts, and those made with it lose the identity',
    role: 'operator',
    status: 200,
    handle: async (request, caller, deps) => {
      const revoked = await deps.enrolment.bindings.revoke(request.params['id'] ?? '', caller.actor);
      return jsonReply(200, bindingJson(revoked));
    },
  },
  {
    method: 'GET',
    path: '/admin/v1/accounts',
    summary: 'the ACME accounts',
    role: 'viewer',
    query: ['after', 'limit'],
    status: 200,
    handle: (request, _caller, deps) =>
      pageReply('accounts', deps.enrolment.accounts.list(pageOf(request)), accountJson),
  },
  {
    method: 'POST',
    path: '/admin/v1/accounts/:id/unpause',
    summary: 'let an account that was paused for its failures order again',
    role: 'operator',
    status: 200,
    handle: async (request, caller, deps) => {
      const account = await deps.enrolment.accounts.unpause(request.params['id'] ?? '', caller.actor);
      return jsonReply(200, accountJson(account));
    },
  },
];

async function createBinding(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['identity', 'environment', 'uses', 'expiresAt', 'note']);
  const [environment, note] = [body.optionalText('environment', 64), body.optionalText('note', 256)];
  const expiresAt = body.optionalTime('expiresAt');
  const { binding, hmacKey } = await deps.enrolment.bindings.create({
    identity: body.text('identity', 64),
    actor: caller.actor,
    ...(environment === undefined ? {} : { environment }),
    ...(body.has('uses') ? { uses: body.count('uses') } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(note === undefined ? {} : { note }),
  });
  return jsonReply(201, { ...bindingJson(binding), hmacKey: toBase64Url(hmacKey) });
}

function pageOf(request: DoorRequest): { after?: string; limit: number } {
  const { after, limit } = readQuery(request, ['after', 'limit']);
  const most = limit === undefined ? 100 : Math.max(wholeNumber(limit, 'limit', MOST_LISTED), 1);
  return { limit: most, ...(after === undefined ? {} : { after }) };
}

function pageReply<Item>(name: string, page: Page<Item>, render: (item: Item) => JsonObject): DoorReply {
  const { items, next } = page;
  return jsonReply(200, { [name]: items.map(render), ...(next === undefined ? {} : { next }) });
}

function bindingJson({ createdAt, expiresAt, ...rest }: Binding): JsonObject {
  return {
    ...rest,
    createdAt: createdAt.toISOString(),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
  };
}

function accountJson({
  id,
  status,
  contacts,
  keyThumbprint,
  binding,
  paused,
  createdAt,
}: Account): JsonObject {
  return {
    id,
    status,
    contacts,
    keyThumbprint,
    createdAt: createdAt.toISOString(),
    ...(binding === undefined ? {} : { binding: binding.keyId, identity: binding.identity }),
    ...(paused === undefined ? {} : { pausedSince: paused.since.toISOString(), failures: paused.failures }),
  };
}
