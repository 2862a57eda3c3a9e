// The mutating webhook: pins tags to digests, so that what the validating one judges is what gets pulled.
import { DEFAULT_DEADLINE_MS, MAX_IMAGES } from '../../admit/admit.ts';
import type { ImageUse } from '../../admit/images.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import { isObject, type JsonObject } from '../../ground/json.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { type ReviewRequest, reviewReply } from './messages.ts';
import { type AdmissionDeps, newImages, siteOf } from './review.ts';

/**
 * Never refuses an image: what could not be pinned stays as it is, and the validating webhook says no with the reason.
 * @throws SealyardError where the request itself cannot be judged
 */
export async function mutate(
  deps: AdmissionDeps,
  door: DoorRequest,
  request: ReviewRequest,
): Promise<DoorReply> {
  siteOf(door, deps.policy());
  const images = isOwnedTemplate(request) ? [] : newImages(request);
  if (images.length > MAX_IMAGES) throw new SealyardError('SY-ADMIT-TOO-MANY', `${images.length}`);
  const late = new SealyardError('SY-ADMIT-TIMEOUT');
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(late), deps.deadlineMs ?? DEFAULT_DEADLINE_MS);
  try {
    const pinned = await Promise.all(images.map((image) => pin(deps, image, deadline.signal)));
    return reviewReply({
      uid: request.uid,
      allowed: true,
      patch: pinned.flatMap(({ patch }) => patch),
      warnings: pinned.flatMap(({ warning }) => warning),
    });
  } finally {
    clearTimeout(timer);
  }
}

interface Pinned {
  readonly patch: readonly JsonObject[];
  readonly warning: readonly string[];
}

async function pin(deps: AdmissionDeps, use: ImageUse, signal: AbortSignal): Promise<Pinned> {
  try {
    const { image, digest } = await deps.evidence.settle(use.image, signal);
    if (image.digest !== undefined) return { patch: [], warning: [] };
    // The reference stays as people wrote it, tag included; `test` keeps the patch from another webhook's change.
    const tagged = use.image.includes(':', use.image.lastIndexOf('/') + 1)
      ? use.image
      : `${use.image}:latest`;
    return {
      patch: [
        { op: 'test', path: use.path, value: use.image },
        { op: 'replace', path: use.path, value: `${tagged}@${digest}` },
      ],
      warning: [],
    };
  } catch (error) {
    const reason = isSealyardError(error) ? error.code : 'SY-INTERNAL';
    return { patch: [], warning: [`${use.image.slice(0, 160)} was not pinned to a digest: ${reason}`] };
  }
}

/** A controller sets its template back when somebody changes it, and both would go on for ever; its owner is pinned. */
function isOwnedTemplate(request: ReviewRequest): boolean {
  const object = isObject(request.object) ? request.object : {};
  const metadata = object['metadata'];
  const owners = isObject(metadata) ? metadata['ownerReferences'] : undefined;
  const isOwned =
    Array.isArray(owners) && owners.some((owner) => isObject(owner) && owner['controller'] === true);
  return isOwned && object['kind'] !== 'Pod';
}
