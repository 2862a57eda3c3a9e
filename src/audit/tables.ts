// The table of audit events: one row per leaf of the audit log, for search; the leaf is the evidence.
import type { Table } from '../ground/change.ts';

export const EVENTS: Table = {
  name: 'events',
  columns: {
    log_index: 'integer',
    time_ms: 'integer',
    action: 'text',
    actor: 'text',
    object_type: 'text',
    object_id: 'text',
    outcome: 'text',
    policy_version: 'text',
    record: 'text',
  },
  nullable: ['policy_version'],
  primaryKey: ['log_index'],
  entryText: { column: 'record', log: 'audit', index: 'log_index' },
  indexes: [['object_type', 'object_id'], ['action'], ['actor'], ['time_ms']],
};

export const AUDIT_TABLES: readonly Table[] = [EVENTS];
