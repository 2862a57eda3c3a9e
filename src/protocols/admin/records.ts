// Rows as the admin API shows them: named members, dates as text, JSON columns as JSON.

import { encodePem } from '../../formats/pem.ts';
import type { Cell, Row } from '../../ground/change.ts';
import { type Json, type JsonObject, parseJson } from '../../ground/json.ts';

export function decisionJson(row: Row): JsonObject {
  return {
    id: plain(row['id']),
    time: time(row['time_ms']),
    cluster: plain(row['cluster']),
    environment: plain(row['environment']),
    namespace: plain(row['namespace']),
    kind: plain(row['kind']),
    name: plain(row['name']),
    operation: plain(row['operation']),
    user: plain(row['user']),
    image: plain(row['image']),
    digest: plain(row['digest']),
    allowed: row['allowed'] === 1,
    code: plain(row['code']),
    message: plain(row['message']),
    policyVersion: plain(row['policy_version']),
    bundles: json(row['bundles']),
  };
}

export function entryJson(row: Row): JsonObject {
  return {
    log: 'signature',
    logIndex: plain(row['log_index']),
    leafHash: plain(row['leaf_hash']),
    signedDigest: plain(row['signed_digest']),
    keyHash: plain(row['key_hash']),
    serial: plain(row['serial']),
    time: time(row['created_ms']),
  };
}

export function certificateJson(row: Row): JsonObject {
  const der = row['der'];
  return {
    serial: plain(row['serial']),
    state: plain(row['state']),
    profile: plain(row['profile']),
    authority: plain(row['authority']),
    notBefore: time(row['not_before_ms']),
    notAfter: time(row['not_after_ms']),
    requester: plain(row['requester']),
    requesterIssuer: plain(row['requester_issuer']),
    identity: json(row['identity']),
    environment: plain(row['environment']),
    policyVersion: plain(row['policy_version']),
    logIndex: plain(row['log_index']),
    pem: der instanceof Uint8Array ? encodePem('CERTIFICATE', der) : null,
  };
}

export function authorityJson(row: Row): JsonObject {
  const der = row['der'];
  return {
    id: plain(row['id']),
    purpose: plain(row['purpose']),
    parent: plain(row['parent']),
    serial: plain(row['serial']),
    key: plain(row['key_slot']),
    createdAt: time(row['created_ms']),
    pem: der instanceof Uint8Array ? encodePem('CERTIFICATE', der) : null,
  };
}

function plain(cell: Cell | undefined): Json {
  return typeof cell === 'string' || typeof cell === 'number' ? cell : null;
}

function time(cell: Cell | undefined): Json {
  return typeof cell === 'number' ? new Date(cell).toISOString() : null;
}

function json(cell: Cell | undefined): Json {
  return typeof cell === 'string' ? parseJson(cell) : null;
}
