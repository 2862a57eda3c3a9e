// The block list on the admin API: keys that are known to be compromised get no server or workload certificate from now on.
import { importBlockedKeys } from '../../issue/blocked-keys.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import type { Caller } from './caller.ts';
import type { AdminDeps } from './deps.ts';
import { readBody } from './messages.ts';
import type { Endpoint } from './routes.ts';

/** So many, a reason and a source fit into the 64 KiB of a body, and into one commit. */
const MOST_KEYS = 900;
const MAX_TEXT = 500;
const FINGERPRINT = /^[0-9a-fA-F]{64}$/;

export const BLOCKED_KEY_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/admin/v1/blocked-keys',
    summary:
      'block keys, by the SHA-256 of their SubjectPublicKeyInfo: they get no server or workload certificate any more',
    role: 'operator',
    body: {
      keys: { type: 'array', required: true },
      reason: { type: 'string', required: false },
      source: { type: 'string', required: false },
    },
    status: 201,
    handle: blockKeys,
  },
];

/** All of them or, where one cannot be read, none. Certificates on record with these keys stay: revoking is another call. */
async function blockKeys(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['keys', 'reason', 'source']);
  const lines = body.list('keys', MOST_KEYS).map((item, i) => {
    if (typeof item === 'string' && FINGERPRINT.test(item)) return item;
    throw body.refusal('keys', `item ${i} is no SHA-256 in hex`);
  });
  if (lines.length === 0) throw body.refusal('keys', 'is empty');
  const reason = body.optionalText('reason', MAX_TEXT) ?? 'keyCompromise';
  const source = body.optionalText('source', MAX_TEXT) ?? 'admin API';
  const count = await importBlockedKeys({ lines, reason, source, actor: caller.actor }, deps);
  return jsonReply(201, { count });
}
