// Accounts, orders, authorizations and challenges as ACME shows them (RFC 8555 §7.1). `error` stands last: see reply.ts.
import type { Account, Authorization, Challenge, Order } from '../../enrol/enrolment.ts';
import type { Json, JsonObject } from '../../ground/json.ts';
import type { RequestedName } from '../../policy/issuance.ts';
import type { Acme } from './deps.ts';
import { renderProblem } from './problems.ts';

/** What a client waits for an order that is being signed: it takes milliseconds. */
const ORDER_RETRY_SECONDS = 1;

/** @param binding the external account binding of the request that made it (RFC 8555 §7.3.4) */
export function renderAccount(acme: Acme, account: Account, binding?: Json): JsonObject {
  return {
    status: account.status,
    contact: account.contacts,
    ...(account.termsAgreed ? { termsOfServiceAgreed: true } : {}),
    orders: acme.urls.orders(account.id),
    ...(binding === undefined ? {} : { externalAccountBinding: binding }),
  };
}

export function renderOrder(acme: Acme, order: Order): JsonObject {
  const { urls } = acme;
  return {
    status: order.status,
    expires: timestamp(order.expiresAt),
    identifiers: order.identifiers.map(renderIdentifier),
    ...(order.profile === undefined ? {} : { profile: order.profile }),
    ...(order.notBefore === undefined ? {} : { notBefore: timestamp(order.notBefore) }),
    ...(order.notAfter === undefined ? {} : { notAfter: timestamp(order.notAfter) }),
    ...(order.replaces === undefined ? {} : { replaces: order.replaces }),
    authorizations: order.authorizations.map(({ id }) => urls.authorization(id)),
    finalize: urls.finalize(order.id),
    ...(order.serial === undefined ? {} : { certificate: urls.certificate(order.serial) }),
    ...(order.error === undefined ? {} : { error: renderProblem(order.error) }),
  };
}

/** RFC 8555 §7.4: while the certificate is being made, or a name of it validated. */
export function retryOfOrder(order: Order): number | undefined {
  if (order.status === 'processing') return ORDER_RETRY_SECONDS;
  return order.status === 'pending' ? leastOf(order.authorizations.map(retryOfAuthorization)) : undefined;
}

export function renderAuthorization(acme: Acme, authorization: Authorization): JsonObject {
  return {
    identifier: renderIdentifier(authorization.identifier),
    status: authorization.status,
    expires: timestamp(authorization.expiresAt),
    // RFC 8555 §7.1.4: true or absent.
    ...(authorization.wildcard ? { wildcard: true } : {}),
    challenges: authorization.challenges.map((challenge) =>
      renderChallenge(acme, authorization.id, challenge),
    ),
  };
}

/** RFC 8555 §8.2: while one of its challenges is being validated. */
export function retryOfAuthorization(authorization: Authorization): number | undefined {
  if (authorization.status !== 'pending') return undefined;
  return leastOf(authorization.challenges.map(retryOfChallenge));
}

function leastOf(pauses: readonly (number | undefined)[]): number | undefined {
  const known = pauses.filter((pause) => pause !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

export function renderChallenge(acme: Acme, authorizationId: string, challenge: Challenge): JsonObject {
  return {
    type: challenge.type,
    url: acme.urls.challenge(authorizationId, challenge.id),
    status: challenge.status,
    ...(challenge.validatedAt === undefined ? {} : { validated: timestamp(challenge.validatedAt) }),
    ...(challenge.type === 'dns-persist-01' ? issuerNames(acme) : { token: challenge.token }),
    ...(challenge.error === undefined ? {} : { error: renderProblem(challenge.error) }),
  };
}

/** draft-ietf-acme-dns-persist: the member has the first name up to draft -01, the second since -02. */
function issuerNames({ meta }: Acme): JsonObject {
  return { 'issuer-domain-names': meta.caaIdentities, issuerDomainNames: meta.caaIdentities };
}

/** At least a second, since the header has no fractions. */
export function retryOfChallenge(challenge: Challenge): number | undefined {
  if (challenge.status !== 'processing') return undefined;
  return Math.max(1, Math.ceil(challenge.retryAfterSeconds ?? 1));
}

function renderIdentifier({ type, value }: RequestedName): JsonObject {
  return { type, value };
}

/** RFC 3339 without fractions: Go's and Python's readers take both, shell scripts do not. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
