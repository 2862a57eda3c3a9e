// The validating webhook: judges each new image by its digest, records the decision, answers.
import { type AdmissionOutcome, admit } from '../../admit/admit.ts';
import { recordOf } from '../../admit/record.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { type ReviewRequest, reviewReply } from './messages.ts';
import { type AdmissionDeps, newImages, type Site, siteOf } from './review.ts';

/** @throws SealyardError; the caller answers it as a denial */
export async function validate(
  deps: AdmissionDeps,
  door: DoorRequest,
  request: ReviewRequest,
): Promise<DoorReply> {
  const policy = deps.policy();
  const site = siteOf(door, policy);
  const outcome = await admit({
    images: newImages(request),
    environment: site.environment,
    policy,
    evidence: deps.evidence,
    clock: deps.clock,
    requireDigest: true,
    ...(deps.deadlineMs === undefined ? {} : { deadlineMs: deps.deadlineMs }),
  });
  // Before the answer: what was allowed and is not on record cannot be explained later. A dry run leaves nothing.
  if (!request.dryRun && outcome.images.length > 0) await deps.commit(changeOf(deps, site, request, outcome));
  return reviewReply({
    uid: request.uid,
    allowed: outcome.allowed,
    warnings: warningsOf(outcome),
    auditAnnotations: annotationsOf(policy.version, outcome),
    ...(outcome.allowed
      ? {}
      : { refusal: { code: outcome.code, message: outcome.message, httpStatus: 403 } }),
  });
}

function changeOf(
  deps: AdmissionDeps,
  site: Site,
  request: ReviewRequest,
  outcome: AdmissionOutcome,
): ReturnType<typeof recordOf> {
  const { namespace, kind, name, operation, user, uid } = request;
  const review = { cluster: site.cluster, namespace, kind, name, operation, user, reviewUid: uid };
  return recordOf(review, outcome.images, deps);
}

/** Denials after the first, which the message tells in full, and bundles that were passed over. */
function warningsOf(outcome: AdmissionOutcome): readonly string[] {
  const denied = outcome.images.filter(({ decision }) => !decision.allowed).slice(1);
  const passedOver = outcome.images.filter(
    ({ decision, failedBundles }) => decision.allowed && failedBundles > 0,
  );
  return [
    ...denied.map(({ decision }) => `${decision.code}: ${decision.message}`),
    ...passedOver.map(
      ({ image, failedBundles }) => `${image}: ${failedBundles} of its signatures could not be verified`,
    ),
  ];
}

/** Lands in the API server's own audit log, under the webhook's name. */
function annotationsOf(policyVersion: string, outcome: AdmissionOutcome): Record<string, string> {
  const unique = (texts: readonly string[]): string => [...new Set(texts)].slice(0, 16).join(' ');
  const signers = outcome.images.flatMap(({ decision }) =>
    decision.satisfiedBy.flatMap(({ facts }) =>
      facts.map(({ signer }) => (signer.kind === 'certificate' ? signer.san.value : 'key')),
    ),
  );
  const digests = outcome.images.flatMap(({ digest }) => digest ?? []);
  return {
    verdict: outcome.code,
    policy: policyVersion,
    ...(digests.length === 0 ? {} : { digest: unique(digests) }),
    ...(signers.length === 0 ? {} : { signer: unique(signers) }),
  };
}
