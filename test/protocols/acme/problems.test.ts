// Whatever goes wrong becomes a problem document that ACME clients understand, and tells nothing that is not theirs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EnrolError } from '../../../src/enrol/problem.ts';
import { type Code, ERRORS, SealyardError } from '../../../src/ground/errors.ts';
import type { JsonObject } from '../../../src/ground/json.ts';
import { ACME_TYPES, acmeTypeOf } from '../../../src/protocols/acme/problem-types.ts';
import { acmeProblem, renderProblem } from '../../../src/protocols/acme/problems.ts';

const context = {
  nonce: 'AAAA',
  indexUrl: 'https://ca.example/acme/directory',
  accountUrl: (id: string) => `https://ca.example/acme/account/${id}`,
};
/** https://www.iana.org/assignments/acme: error types of RFC 8555, RFC 9773 and draft-ietf-acme-profiles. */
const REGISTRY =
  `accountDoesNotExist alreadyReplaced alreadyRevoked badCSR badNonce badPublicKey badRevocationReason
  badSignatureAlgorithm caa compound connection dns externalAccountRequired incorrectResponse invalidContact
  invalidProfile malformed orderNotReady rateLimited rejectedIdentifier serverInternal tls unauthorized
  unsupportedContact unsupportedIdentifier userActionRequired`.split(/\s+/);

const problemOf = (error: unknown) => {
  const reply = acmeProblem(error, context);
  return { reply, body: JSON.parse(String(reply.body)) as JsonObject };
};

test('RFC 8555 §6.7: every code that the rooms behind ACME have becomes a type of the registry', () => {
  assert.deepEqual(Object.keys(ACME_TYPES), REGISTRY);
  for (const code of Object.keys(ERRORS) as Code[]) {
    const { reply, body } = problemOf(new SealyardError(code, 'detail'));
    assert.ok(REGISTRY.includes(acmeTypeOf(code)), code);
    assert.equal(body['type'], `urn:ietf:params:acme:error:${acmeTypeOf(code)}`);
    assert.equal(body['code'], code);
    assert.equal(body['status'], reply.status);
    assert.ok(reply.status >= 400 && reply.status < 600, code);
    assert.equal(reply.status >= 500, acmeTypeOf(code) === 'serverInternal' || reply.status === 504, code);
  }
});

test('statuses that clients rely on', () => {
  const statuses: readonly (readonly [Code, number, string])[] = [
    ['SY-ACME-NONCE', 400, 'badNonce'],
    ['SY-ACME-ACCOUNT-UNKNOWN', 400, 'accountDoesNotExist'],
    ['SY-ACME-ACCOUNT-ENDED', 401, 'unauthorized'],
    ['SY-ACME-URL', 403, 'unauthorized'],
    ['SY-ENROL-ORDER-NOT-READY', 403, 'orderNotReady'],
    ['SY-ENROL-NOT-FOUND', 404, 'malformed'],
    ['SY-ENROL-KEY-IN-USE', 409, 'malformed'],
    ['SY-ENROL-ALREADY-REPLACED', 409, 'alreadyReplaced'],
    ['SY-ENROL-RATE-LIMITED', 429, 'rateLimited'],
    ['SY-HTTP-METHOD', 405, 'malformed'],
    ['SY-HTTP-TOO-LARGE', 413, 'malformed'],
    ['SY-HTTP-MEDIA-TYPE', 415, 'malformed'],
    ['SY-STORE-UNAVAILABLE', 503, 'serverInternal'],
    ['SY-REVOKE-ALREADY', 400, 'alreadyRevoked'],
    ['SY-ISSUE-KEY-ROCA', 400, 'badCSR'],
  ];
  for (const [code, status, type] of statuses) {
    assert.equal(problemOf(new SealyardError(code)).reply.status, status, code);
    assert.equal(acmeTypeOf(code), type, code);
  }
});

test('what nobody meant to throw is serverInternal and says nothing', () => {
  for (const error of [new Error('secret'), new TypeError('secret'), 'secret', undefined]) {
    const { reply, body } = problemOf(error);
    assert.equal(reply.status, 500);
    assert.equal(body['type'], 'urn:ietf:params:acme:error:serverInternal');
    assert.equal(String(reply.body).includes('secret'), false);
  }
});

test('RFC 8555 §6.7.1: subproblems are absent rather than empty, and only they name identifiers', () => {
  const identifier = { type: 'dns', value: 'a.example' } as const;
  const inner = { code: 'SY-ENROL-NAME', detail: 'no', identifier } as const;
  const { body } = problemOf(new EnrolError('SY-ENROL-REJECTED', '1 of 2', { subproblems: [inner] }));
  assert.equal('identifier' in body, false);
  assert.deepEqual(body['subproblems'], [
    {
      type: 'urn:ietf:params:acme:error:rejectedIdentifier',
      detail: 'no',
      status: 403,
      code: 'SY-ENROL-NAME',
      identifier,
    },
  ]);
  for (const subproblems of [[], undefined]) {
    const problem = renderProblem({
      code: 'SY-CHALLENGE-DNS',
      detail: 'x',
      identifier,
      ...(subproblems && { subproblems }),
    });
    assert.deepEqual(Object.keys(problem), ['type', 'detail', 'status', 'code']);
  }
  assert.equal('subproblems' in problemOf(new EnrolError('SY-ENROL-REJECTED')).body, false);
});

test('Retry-After goes with what passes', () => {
  const { reply } = problemOf(
    new SealyardError('SY-ENROL-RATE-LIMITED', undefined, { retryAfterSeconds: 7 }),
  );
  assert.equal(reply.headers?.['retry-after'], '7');
});
