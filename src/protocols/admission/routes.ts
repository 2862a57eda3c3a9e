// The Kubernetes admission door: a validating and a mutating webhook for each cluster of the policy.
import { SealyardError } from '../../ground/errors.ts';
import type { DoorReply, DoorRequest, Route } from '../door.ts';
import { MAX_REVIEW_BYTES, type ReviewRequest, readEnvelope, readRequest } from './messages.ts';
import { mutate } from './mutate.ts';
import { deniedReview, problem } from './problems.ts';
import type { AdmissionDeps } from './review.ts';
import { validate } from './validate.ts';

export type { AdmissionDeps } from './review.ts';

type Webhook = (deps: AdmissionDeps, door: DoorRequest, request: ReviewRequest) => Promise<DoorReply>;

/** More at once than this, of at most 3 MiB each, is no rollout but a fault; the API server asks again. */
const MAX_AT_ONCE = 512;

const WEBHOOKS: Readonly<Record<string, Webhook>> = { validate, mutate };

export function admissionRoutes(deps: AdmissionDeps): Route[] {
  const gate = { atOnce: 0 };
  return Object.entries(WEBHOOKS).flatMap(([name, webhook]) =>
    [`/admission/:cluster/${name}`, `/admission/${name}`].map(
      (path): Route => ({
        method: 'POST',
        path,
        bodyLimitBytes: MAX_REVIEW_BYTES,
        contentTypes: ['application/json'],
        listeners: ['tls', 'admission'],
        handle: (request) => handle(deps, gate, webhook, request),
        problem,
      }),
    ),
  );
}

/** Once the uid is known, every answer is a review: the API server then shows our sentence, not its own. */
async function handle(
  deps: AdmissionDeps,
  gate: { atOnce: number },
  webhook: Webhook,
  door: DoorRequest,
): Promise<DoorReply> {
  const { uid, request } = readEnvelope(door.body);
  gate.atOnce++;
  try {
    if (gate.atOnce > MAX_AT_ONCE) throw new SealyardError('SY-ADMIT-BUSY');
    return await webhook(deps, door, readRequest(uid, request));
  } catch (error) {
    return deniedReview(uid, error);
  } finally {
    gate.atOnce--;
  }
}
