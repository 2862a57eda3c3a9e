// Service tokens: exchange of the one-time token, creation, list, revocation; and job tokens of the built-in issuer.

import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import { isObject, type JsonObject } from '../../ground/json.ts';
import {
  createServiceToken,
  exchangeBootstrapToken,
  type ListedToken,
  listTokens,
  revokeToken,
} from '../../identity/administrators.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import { bearerToken, type Caller, refuseForeignHost } from './caller.ts';
import type { AdminDeps } from './deps.ts';
import { readBody } from './messages.ts';

const DEFAULT_LIFETIME_SECONDS = 30 * 86_400;
const DEFAULT_JOB_SECONDS = 600;

/** The one call without a role: its token is good for nothing else. */
export async function exchangeToken(request: DoorRequest, deps: AdminDeps): Promise<DoorReply> {
  refuseForeignHost(request, deps.publicUrl);
  readBody(request, []);
  const { records, random, clock } = deps;
  const made = exchangeBootstrapToken({ token: bearerToken(request), records, random, now: clock.now() });
  await deps.commit(made.change);
  deps.bootstrapExchanged();
  return jsonReply(201, { id: made.id, token: made.token });
}

export async function createToken(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['name', 'lifetimeSeconds']);
  const name = body.text('name', 64);
  const lifetimeSeconds = body.has('lifetimeSeconds')
    ? body.count('lifetimeSeconds')
    : DEFAULT_LIFETIME_SECONDS;
  const now = deps.clock.now();
  const made = createServiceToken({ name, lifetimeSeconds, random: deps.random, now, actor: caller.actor });
  await deps.commit(made.change);
  const expiresAt = new Date(now.getTime() + lifetimeSeconds * 1000).toISOString();
  return jsonReply(201, { id: made.id, name, token: made.token, expiresAt });
}

export function tokenList(deps: AdminDeps): DoorReply {
  return jsonReply(200, { tokens: listTokens(deps.records).map(listedToken) });
}

function listedToken(token: ListedToken): JsonObject {
  return {
    id: token.id,
    name: token.name,
    kind: token.kind,
    createdAt: token.createdAt.toISOString(),
    expiresAt: token.expiresAt.toISOString(),
    revoked: token.endedAt !== undefined,
    ...(token.endedAt === undefined ? {} : { endedAt: token.endedAt.toISOString() }),
  };
}

/** By id, or by a name that one living token has. */
export async function endToken(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const wanted = request.params['id'] ?? '';
  const living = listTokens(deps.records).filter(({ endedAt }) => endedAt === undefined);
  const named = living.filter(({ id, name }) => id === wanted || name === wanted);
  const [only, ...others] = named;
  if (others.length > 0)
    throw new SealyardError('SY-ADMIN-MALFORMED', 'several tokens have this name: use the id');
  const now = deps.clock.now();
  const id = only?.id ?? wanted;
  await deps.commit(revokeToken({ id, records: deps.records, now, actor: caller.actor }));
  return jsonReply(200, { id });
}

/** A token as a CI job would have it, from the built-in issuer. */
export async function mintJobToken(
  request: DoorRequest,
  caller: Caller,
  deps: AdminDeps,
): Promise<DoorReply> {
  const issuer = deps.developmentIssuer;
  if (issuer === undefined) throw new SealyardError('SY-ADMIN-DEVELOPMENT');
  const body = readBody(request, ['subject', 'audience', 'lifetimeSeconds', 'claims']);
  const subject = body.text('subject', 512);
  const audience = body.optionalText('audience', 2048) ?? deps.publicUrl;
  const lifetimeSeconds = body.has('lifetimeSeconds') ? body.count('lifetimeSeconds') : DEFAULT_JOB_SECONDS;
  const claims = body.json('claims') ?? {};
  if (claims !== null && !isObject(claims)) throw body.refusal('claims', 'is not an object');
  const token = await issuer
    .mint({ subject, audience, lifetimeSeconds, ...(claims === null ? {} : { claims }) })
    .catch((error: unknown) => {
      // What the caller asked for is at fault, not the token that it came with.
      if (!isSealyardError(error, 'SY-IDENTITY-CLAIMS')) throw error;
      throw new SealyardError('SY-ADMIN-MALFORMED', `no such token is minted: ${error.detail ?? 'claims'}`);
    });
  const now = deps.clock.now();
  await deps.commit({
    puts: [],
    events: [
      {
        timeMs: now.getTime(),
        action: 'token.created',
        actor: caller.actor,
        object: { type: 'job-token', id: subject },
        outcome: 'done',
        data: { audience, lifetimeSeconds, issuer: issuer.url },
      },
    ],
  });
  const expiresAt = new Date(now.getTime() + lifetimeSeconds * 1000).toISOString();
  return jsonReply(201, { token, issuer: issuer.url, subject, audience, expiresAt });
}
