// What both webhooks share: whose cluster this is, and which images of the object are new.

import type { EvidenceSource } from '../../admit/evidence.ts';
import { type ImageUse, imagesOf } from '../../admit/images.ts';
import type { Commit } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { EnvironmentName } from '../../ground/ids.ts';
import { isObject, type Json } from '../../ground/json.ts';
import type { Clock, Random } from '../../ground/ports.ts';
import type { Policy } from '../../policy/index.ts';
import type { DoorRequest } from '../door.ts';
import type { ReviewRequest } from './messages.ts';

export interface AdmissionDeps {
  /** The policy in force at this moment. */
  readonly policy: () => Policy;
  readonly evidence: EvidenceSource;
  readonly commit: Commit;
  readonly clock: Clock;
  readonly random: Random;
  /** For judging one review; default 8 s, below the API server's 10. */
  readonly deadlineMs?: number;
}

export interface Site {
  readonly cluster: string;
  readonly environment: EnvironmentName;
}

/**
 * The cluster of the path; without one the policy's only cluster, since guessing among several would judge by the
 * wrong environment.
 * @throws SealyardError `SY-ADMIT-CLUSTER`
 */
export function siteOf(request: DoorRequest, policy: Policy): Site {
  const named = request.params['cluster'];
  const [only, ...others] = policy.clusters.keys();
  const cluster = named ?? (others.length === 0 ? only : undefined);
  const known = cluster === undefined ? undefined : policy.clusters.get(cluster);
  if (cluster === undefined || known === undefined) throw new SealyardError('SY-ADMIT-CLUSTER');
  return { cluster, environment: known.environment };
}

/**
 * The images that this request brings in. None for what runs nothing new: deletions, status and scale updates, images
 * that the old object had already (or running workloads could be neither scaled nor labelled once evidence expires),
 * and objects that are going away.
 * @throws SealyardError `SY-ADMIT-OBJECT`
 */
export function newImages(request: ReviewRequest): readonly ImageUse[] {
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return [];
  if (request.subResource === 'status' || request.subResource === 'scale') return [];
  const images = imagesOf(request.object);
  if (request.operation === 'CREATE') return images;
  // Only the API server sets it, and the old object shows that it was set before this request.
  if (isGoingAway(request.object) && isGoingAway(request.oldObject)) return [];
  const before = new Set(imagesOf(request.oldObject).map(({ image }) => image));
  return images.filter(({ image }) => !before.has(image));
}

function isGoingAway(object: Json): boolean {
  const metadata = isObject(object) ? object['metadata'] : undefined;
  return isObject(metadata) && typeof metadata['deletionTimestamp'] === 'string';
}
