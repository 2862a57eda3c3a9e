// The record of what was admitted and what was not: one row for each image of each review.
import type { Table } from '../ground/change.ts';

export const DECISIONS: Table = {
  name: 'decisions',
  columns: {
    /** Time in milliseconds (13 digits) and random hex, so that the key's order is the order of time. */
    id: 'text',
    time_ms: 'integer',
    cluster: 'text',
    environment: 'text',
    namespace: 'text',
    /** Kind and name of the object, and the request's operation, user and uid, as the API server tells them. */
    kind: 'text',
    name: 'text',
    operation: 'text',
    user: 'text',
    review_uid: 'text',
    /** JSON pointer of the reference in the object, and the reference as written. */
    path: 'text',
    image: 'text',
    digest: 'text',
    /** 0 or 1. */
    allowed: 'integer',
    code: 'text',
    policy_version: 'text',
    /** JSON list of the digests of the bundles that were before the policy. */
    bundles: 'text',
    message: 'text',
  },
  nullable: ['digest'],
  primaryKey: ['id'],
  indexes: [['digest'], ['cluster', 'time_ms'], ['review_uid']],
};

export const ADMIT_TABLES: readonly Table[] = [DECISIONS];
