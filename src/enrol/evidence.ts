// The one event of an order that succeeded: what was ordered, what proved it, by which line of the policy.
import type { Actor, Event } from '../ground/events.ts';
import type { Serial } from '../ground/ids.ts';
import type { Json, JsonObject } from '../ground/json.ts';
import type { IssueGrant } from '../policy/decide-issue.ts';
import { type AuthorizationBody, type OrderState, orderedName } from './order-record.ts';

/** Of an event's 64 KiB. */
const MOST_EVIDENCE = 40_000;

export function finalizedEvent(o: {
  readonly order: OrderState;
  readonly serial: Serial;
  readonly grant: IssueGrant;
  readonly caa: JsonObject;
  readonly at: Date;
  readonly actor: Actor;
}): Event {
  const { order, serial, grant } = o;
  return {
    timeMs: o.at.getTime(),
    action: 'order.finalized',
    actor: o.actor,
    object: { type: 'order', id: order.id },
    outcome: 'done',
    policyVersion: grant.policyVersion,
    data: { serial, line: grant.line, ...proofOf(order), ...o.caa },
  };
}

/** The names stand in the certificate: where the policy alone vouched for them, that is all there is to say. */
function proofOf({ body }: OrderState): JsonObject {
  const { authorizations } = body;
  if (authorizations.every(byPolicy)) return { proof: 'policy' };
  const proofs = authorizations.map(evidenceOf);
  const size = JSON.stringify(proofs).length;
  return {
    proof: 'challenge',
    names: size <= MOST_EVIDENCE ? proofs : proofs.map(({ evidence: _tooMuch, ...rest }) => rest),
  };
}

function byPolicy({ types, advance }: AuthorizationBody): boolean {
  return types === undefined && advance === undefined;
}

function evidenceOf(body: AuthorizationBody): Readonly<Record<string, Json>> {
  const { attempted = {}, evidence, advance } = body;
  const by = body.types?.find((type) => attempted[type]?.status === 'valid');
  return {
    name: orderedName(body).value,
    ...(by === undefined ? {} : { by }),
    ...(advance === undefined ? {} : { authorization: advance }),
    ...(byPolicy(body) ? { by: 'policy' } : {}),
    ...(evidence === undefined ? {} : { evidence }),
  };
}
