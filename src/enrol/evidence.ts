// What the certificate's event tells of its order: what proved the names. The certificate and its order are one event.
import type { Json, JsonObject } from '../ground/json.ts';
import { type AuthorizationBody, type OrderState, orderedName } from './order-record.ts';

/** Of an event's 64 KiB. */
const MOST_EVIDENCE = 40_000;

/** The names stand in the certificate: where the policy alone vouched for them, that is all there is to say. */
export function evidenceOfOrder({ body }: OrderState): JsonObject {
  const { authorizations } = body;
  if (authorizations.every(byPolicy)) return { proof: 'policy' };
  const proofs = authorizations.map(evidenceOf);
  const size = JSON.stringify(proofs).length;
  return {
    proof: 'challenge',
    proven: size <= MOST_EVIDENCE ? proofs : proofs.map(({ evidence: _tooMuch, ...rest }) => rest),
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
