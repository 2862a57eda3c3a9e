// What enrolment keeps: accounts and their keys, bindings, orders, authorizations made in advance, campaigns.
import type { Table } from '../ground/change.ts';

/** `version` grows with each change: the precondition by which concurrent changes find each other. */
export const ACCOUNTS: Table = {
  name: 'accounts',
  columns: {
    id: 'text',
    version: 'integer',
    status: 'text',
    thumbprint: 'text',
    spki_sha256: 'blob',
    binding: 'text',
    failures: 'integer',
    paused_ms: 'integer',
    created_ms: 'integer',
    body: 'text',
  },
  nullable: ['binding', 'paused_ms'],
  primaryKey: ['id'],
};

/** A row of its own per key makes "one key, one account" hold among concurrent requests. */
export const ACCOUNT_KEYS: Table = {
  name: 'account_keys',
  columns: { thumbprint: 'text', account: 'text' },
  primaryKey: ['thumbprint'],
};

export const BINDINGS: Table = {
  name: 'bindings',
  columns: {
    key_id: 'text',
    identity: 'text',
    environment: 'text',
    sealed: 'blob',
    uses: 'integer',
    used: 'integer',
    expires_ms: 'integer',
    revoked_ms: 'integer',
    note: 'text',
    created_ms: 'integer',
    created_by: 'text',
  },
  nullable: ['environment', 'uses', 'expires_ms', 'revoked_ms', 'note'],
  primaryKey: ['key_id'],
};

const ORDER_COLUMNS = {
  account: 'text',
  id: 'text',
  version: 'integer',
  /** `open`, `valid` or `invalid`. */
  state: 'text',
  /** 1 while a challenge is being validated: what `recover` looks for. */
  processing: 'integer',
  expires_ms: 'integer',
  serial: 'text',
  /** JSON of `order-record.ts`, the authorizations inside: one row, and so one page, an order. */
  body: 'text',
} as const;

/**
 * Orders under way, and those that ended a moment ago. The table stays small, so that the three changes of an order
 * meet few pages; `archive.ts` moves the finished ones on, many in one commit.
 */
export const OPEN_ORDERS: Table = {
  name: 'open_orders',
  columns: ORDER_COLUMNS,
  nullable: ['serial'],
  primaryKey: ['account', 'id'],
};

/** Orders that ended, kept apart by the week in which they were made: their ids begin with it. */
export const ORDERS: Table = {
  name: 'orders',
  columns: ORDER_COLUMNS,
  nullable: ['serial'],
  primaryKey: ['id'],
  indexes: [['account', 'id']],
  partition: { column: 'id', characters: 4 },
};

/** Authorizations made in advance (RFC 8555 §7.4.1). */
export const AUTHORIZATIONS: Table = {
  name: 'authorizations',
  columns: {
    account: 'text',
    id: 'text',
    version: 'integer',
    name: 'text',
    processing: 'integer',
    expires_ms: 'integer',
    body: 'text',
  },
  primaryKey: ['account', 'id'],
  indexes: [['account', 'name']],
};

/** Which order replaces which certificate (RFC 9773 §5). */
export const REPLACEMENTS: Table = {
  name: 'replacements',
  columns: { serial: 'text', account: 'text', order_id: 'text' },
  primaryKey: ['serial'],
};

export const CAMPAIGNS: Table = {
  name: 'renewal_campaigns',
  columns: {
    id: 'text',
    authority: 'text',
    profile: 'text',
    issued_before_ms: 'integer',
    explanation_url: 'text',
    created_ms: 'integer',
    created_by: 'text',
    ended_ms: 'integer',
  },
  nullable: ['authority', 'profile', 'explanation_url', 'ended_ms'],
  primaryKey: ['id'],
};

export const ENROL_TABLES: readonly Table[] = [
  ACCOUNTS,
  ACCOUNT_KEYS,
  BINDINGS,
  OPEN_ORDERS,
  ORDERS,
  AUTHORIZATIONS,
  REPLACEMENTS,
  CAMPAIGNS,
];
