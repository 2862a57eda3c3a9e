// The rows and events that tell of a certificate, from intent to issued.
import { hash } from 'node:crypto';
import { shardOf } from '../authority/shards.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { toHex } from '../ground/bytes.ts';
import type { LeafIndexCell, Put } from '../ground/change.ts';
import type { Actor, Event } from '../ground/events.ts';
import { canonicalJson, type JsonObject } from '../ground/json.ts';
import { LINT_SET } from './lint/lint.ts';
import type { PreparedCertificate } from './prepare.ts';
import type { KeylessRequest, SubscriberRequest } from './request.ts';
import { CERTIFICATES, TOKEN_USES } from './tables.ts';

/** The row of a certificate that may come to exist: serial and TBS are on record before anybody could use it. */
export function intendedPut(prepared: PreparedCertificate, logIndex: LeafIndexCell | null): Put {
  return {
    table: CERTIFICATES,
    mode: 'insert',
    row: { ...commonRow(prepared), state: 'intended', tbs: prepared.tbs, der: null, log_index: logIndex },
  };
}

/** The row of a certificate that is signed; `insert` where no intent is on record before it. */
export function issuedPut(
  prepared: PreparedCertificate,
  certificate: Certificate,
  logIndex: LeafIndexCell | number,
  mode: 'insert' | 'replace' = 'replace',
): Put {
  return {
    table: CERTIFICATES,
    mode,
    row: { ...commonRow(prepared), state: 'issued', tbs: null, der: certificate.der, log_index: logIndex },
  };
}

// Both rows of a certificate say the same of it: computed once.
const commonRows = new WeakMap<PreparedCertificate, ReturnType<typeof newCommonRow>>();

function commonRow(prepared: PreparedCertificate): ReturnType<typeof newCommonRow> {
  let row = commonRows.get(prepared);
  if (row === undefined) {
    row = newCommonRow(prepared);
    commonRows.set(prepared, row);
  }
  return row;
}

function newCommonRow(prepared: PreparedCertificate) {
  const { template } = prepared;
  const actor = actorOf(prepared);
  return {
    serial: template.serial,
    profile: profileName(prepared),
    authority: prepared.issuer.id,
    not_before_ms: template.notBefore.getTime(),
    not_after_ms: template.notAfter.getTime(),
    created_ms: prepared.at.getTime(),
    requester: actor.kind === 'identity' ? actor.id : 'system',
    requester_issuer: actor.kind === 'identity' ? actor.issuer : null,
    tbs_sha256: sha256(prepared.tbs),
    ...particulars(prepared),
  };
}

/** What the row says by kind of request. */
function particulars({ request, template, issuer }: PreparedCertificate) {
  const crlShard = issuer.authority === undefined ? null : shardOf(template.serial, issuer.authority.shards);
  switch (request.profile) {
    case 'keyless':
      return {
        via: 'keyless',
        names: request.identity.san.value,
        spki_sha256: null,
        crl_shard: null,
        identity: canonicalJson(identityJson(request)),
        environment: request.grant.environment,
        policy_version: request.policyVersion,
        token_id: tokenKey(request),
      };
    case 'subscriber':
      return {
        ...UNASKED,
        via: request.via,
        names: request.names.map(({ value }) => value).join(' '),
        spki_sha256: sha256(template.spki),
        crl_shard: crlShard,
        identity: canonicalJson(grantJson(request)),
        environment: request.grant.environment,
        policy_version: request.grant.policyVersion,
      };
    default:
      return { ...UNASKED, spki_sha256: sha256(template.spki), crl_shard: crlShard };
  }
}

/** Nobody asked: the yard made it for itself. */
const UNASKED = {
  via: 'system',
  names: '',
  identity: null,
  environment: null,
  policy_version: null,
  token_id: null,
} as const;

function profileName({ request }: PreparedCertificate): string {
  return request.profile === 'subscriber' ? request.grant.profile.name : request.profile;
}

/** Which rule granted it, and whether control of the names was proven or policy's word was enough. */
function grantJson({ grant, order }: SubscriberRequest): JsonObject {
  const { identity, line, proof } = grant;
  return { identity, policyLine: line, proof, ...(order === undefined ? {} : { order }) };
}

/** Counts one use of the token; a number that is taken refuses the change. */
export function tokenUsePut(request: KeylessRequest, use: number, serial: string): Put {
  return {
    table: TOKEN_USES,
    mode: 'insert',
    row: { token: tokenKey(request), use, serial, expires_ms: request.identity.expiresAt.getTime() },
  };
}

const tokenKeys = new WeakMap<KeylessRequest, string>();

/** A token's id is unique to its issuer only, and as long as the issuer likes: both are hashed together. */
export function tokenKey(request: KeylessRequest): string {
  let key = tokenKeys.get(request);
  if (key === undefined) {
    const { issuer, tokenId } = request.identity;
    key = hash('sha256', JSON.stringify([issuer, tokenId]));
    tokenKeys.set(request, key);
  }
  return key;
}

export function intendedEvent(prepared: PreparedCertificate): Event {
  return certificateEvent(prepared, 'certificate.intended', prepared.at.getTime(), {
    ...summary(prepared),
    tbsSha256: toHex(commonRow(prepared).tbs_sha256),
  });
}

export function issuedEvent(prepared: PreparedCertificate, certificate: Certificate, o: JsonObject): Event {
  return certificateEvent(prepared, 'certificate.issued', prepared.at.getTime(), {
    ...summary(prepared),
    sha256: toHex(sha256(certificate.der)),
    ...o,
  });
}

function certificateEvent(
  prepared: PreparedCertificate,
  action: 'certificate.intended' | 'certificate.issued',
  timeMs: number,
  data: JsonObject,
): Event {
  const { request } = prepared;
  return {
    timeMs,
    action,
    actor: actorOf(prepared),
    object: { type: 'certificate', id: prepared.template.serial },
    outcome: 'done',
    ...policyVersionOf(request),
    data,
  };
}

function summary(prepared: PreparedCertificate): JsonObject {
  const { request, template } = prepared;
  return {
    profile: profileName(prepared),
    authority: prepared.issuer.id,
    notAfter: template.notAfter.toISOString(),
    ...(request.profile === 'keyless' ? keylessSummary(request) : {}),
    ...(request.profile === 'subscriber' ? subscriberSummary(prepared, request) : {}),
  };
}

function subscriberSummary({ warnings }: PreparedCertificate, request: SubscriberRequest): JsonObject {
  return {
    names: request.names.map(({ value }) => value),
    environment: request.grant.environment,
    via: request.via,
    ...grantJson(request),
    lint: LINT_SET,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

function policyVersionOf(request: PreparedCertificate['request']): { readonly policyVersion?: string } {
  if (request.profile === 'keyless') return { policyVersion: request.policyVersion };
  return request.profile === 'subscriber' ? { policyVersion: request.grant.policyVersion } : {};
}

function keylessSummary({ identity, grant }: KeylessRequest): JsonObject {
  return {
    name: identity.san.value,
    identity: grant.identity,
    environment: grant.environment,
    policyLine: grant.line,
  };
}

/** Who asked, as `why` shows it: no token, only what its verification established. */
function identityJson({ identity, grant }: KeylessRequest): JsonObject {
  return {
    issuer: identity.issuer,
    issuerName: identity.issuerName,
    issuerType: identity.issuerType,
    subject: identity.subject,
    san: { ...identity.san },
    identity: grant.identity,
    policyLine: grant.line,
    claims: grant.claims,
    extensions: Object.fromEntries([...identity.extensions].map(([n, text]) => [String(n), text])),
  };
}

function actorOf({ request }: PreparedCertificate): Actor {
  if (request.profile === 'subscriber') return request.requester;
  if (request.profile !== 'keyless') return { kind: 'system' };
  return { kind: 'identity', id: request.identity.subject, issuer: request.identity.issuer };
}

function sha256(bytes: Uint8Array): Uint8Array {
  const digest = hash('sha256', bytes, 'buffer');
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
}
