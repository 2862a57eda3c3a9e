// The rows and events that tell of a certificate, from intent to issued.
import { hash } from 'node:crypto';
import type { Certificate } from '../formats/x509/certificate.ts';
import { toHex } from '../ground/bytes.ts';
import type { LeafIndexCell, Put } from '../ground/change.ts';
import type { Actor, Event } from '../ground/events.ts';
import { canonicalJson, type JsonObject } from '../ground/json.ts';
import type { PreparedCertificate } from './prepare.ts';
import type { KeylessRequest } from './request.ts';
import { CERTIFICATES, TOKEN_USES } from './tables.ts';

/** The row of a certificate that may come to exist: serial and TBS are on record before anybody could use it. */
export function intendedPut(prepared: PreparedCertificate, logIndex: LeafIndexCell | null): Put {
  return {
    table: CERTIFICATES,
    mode: 'insert',
    row: { ...commonRow(prepared), state: 'intended', tbs: prepared.tbs, der: null, log_index: logIndex },
  };
}

export function issuedPut(
  prepared: PreparedCertificate,
  certificate: Certificate,
  logIndex: LeafIndexCell | number,
): Put {
  return {
    table: CERTIFICATES,
    mode: 'replace',
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
  const { template, request } = prepared;
  const actor = actorOf(prepared);
  const keyless = request.profile === 'keyless' ? request : undefined;
  return {
    serial: template.serial,
    profile: prepared.profile,
    authority: prepared.issuer.id,
    not_before_ms: template.notBefore.getTime(),
    not_after_ms: template.notAfter.getTime(),
    created_ms: prepared.at.getTime(),
    requester: actor.kind === 'identity' ? actor.id : 'system',
    requester_issuer: actor.kind === 'identity' ? actor.issuer : null,
    identity: keyless === undefined ? null : canonicalJson(identityJson(keyless)),
    environment: keyless?.grant.environment ?? null,
    policy_version: keyless?.policyVersion ?? null,
    token_id: keyless === undefined ? null : tokenKey(keyless),
    tbs_sha256: sha256(prepared.tbs),
  };
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
    ...(request.profile === 'keyless' ? { policyVersion: request.policyVersion } : {}),
    data,
  };
}

function summary(prepared: PreparedCertificate): JsonObject {
  const { request, template } = prepared;
  return {
    profile: prepared.profile,
    authority: prepared.issuer.id,
    notAfter: template.notAfter.toISOString(),
    ...(request.profile === 'keyless' ? keylessSummary(request) : {}),
  };
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
  if (request.profile !== 'keyless') return { kind: 'system' };
  return { kind: 'identity', id: request.identity.subject, issuer: request.identity.issuer };
}

function sha256(bytes: Uint8Array): Uint8Array {
  const digest = hash('sha256', bytes, 'buffer');
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
}
