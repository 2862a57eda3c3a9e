// Where a Kubernetes object names images: pods and everything that holds a pod template.
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';

export interface ImageUse {
  /** JSON pointer (RFC 6901) of the string in the object. */
  readonly path: string;
  /** The reference as written; empty where a pod's container has none. */
  readonly image: string;
}

/** Where the pod specification lies, by kind. Other kinds are searched at all of these places. */
const POD_SPEC_PATHS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  PodTemplate: ['template', 'spec'],
  Deployment: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

// Image volumes (volumes[].image.reference) mount an image's files: skipped, they would be a way in.
const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/**
 * All images of an object, in the order in which they stand; none for kinds that run nothing.
 * @throws SealyardError `SY-ADMIT-OBJECT` where something that should hold images has another shape
 */
export function imagesOf(object: Json): readonly ImageUse[] {
  if (!isObject(object)) throw new SealyardError('SY-ADMIT-OBJECT', 'not an object');
  const kind = object['kind'];
  if (typeof kind !== 'string') throw new SealyardError('SY-ADMIT-OBJECT', 'it has no kind');
  const known = Object.hasOwn(POD_SPEC_PATHS, kind) ? POD_SPEC_PATHS[kind] : undefined;
  if (known !== undefined) return imagesAt(object, known, kind === 'Pod');
  // A kind that we do not know may still embed a pod template at the usual place; its `spec` alone proves nothing.
  return uniquePaths().flatMap((path) =>
    looksLikePodSpec(object, path) ? imagesAt(object, path, false) : [],
  );
}

function imagesAt(object: JsonObject, path: readonly string[], imageRequired: boolean): ImageUse[] {
  const spec = descend(object, path);
  if (spec === undefined) {
    // A pod without a specification is no pod; a controller's template may be absent (ReplicationController).
    if (imageRequired) throw new SealyardError('SY-ADMIT-OBJECT', 'a pod without a specification');
    return [];
  }
  const base = `/${path.join('/')}`;
  return [
    ...CONTAINER_LISTS.flatMap((list) => containerImages(spec, list, base, imageRequired)),
    ...volumeImages(spec, base),
  ];
}

function containerImages(
  spec: JsonObject,
  list: string,
  base: string,
  imageRequired: boolean,
): readonly ImageUse[] {
  return members(spec, list).flatMap((container, i): ImageUse[] => {
    const image = text(container, 'image', `${list}[${i}]`);
    if (image === undefined && !imageRequired) return [];
    return [{ path: `${base}/${list}/${i}/image`, image: image ?? '' }];
  });
}

function volumeImages(spec: JsonObject, base: string): readonly ImageUse[] {
  return members(spec, 'volumes').flatMap((volume, i): ImageUse[] => {
    const source = volume['image'];
    if (source === undefined || source === null) return [];
    if (!isObject(source)) throw new SealyardError('SY-ADMIT-OBJECT', `volumes[${i}].image`);
    const image = text(source, 'reference', `volumes[${i}].image`);
    return image === undefined ? [] : [{ path: `${base}/volumes/${i}/image/reference`, image }];
  });
}

function members(spec: JsonObject, list: string): readonly JsonObject[] {
  const value = spec[list];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new SealyardError('SY-ADMIT-OBJECT', `${list} is not a list`);
  return value.map((member: Json, i) => {
    if (!isObject(member)) throw new SealyardError('SY-ADMIT-OBJECT', `${list}[${i}] is not an object`);
    return member;
  });
}

function text(object: JsonObject, name: string, where: string): string | undefined {
  const value = object[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new SealyardError('SY-ADMIT-OBJECT', `${where}.${name} is not a text`);
  return value;
}

function descend(object: JsonObject, path: readonly string[]): JsonObject | undefined {
  let at: JsonObject = object;
  for (const [depth, name] of path.entries()) {
    const next = at[name];
    if (next === undefined || next === null) return undefined;
    if (!isObject(next))
      throw new SealyardError('SY-ADMIT-OBJECT', `${path.slice(0, depth + 1).join('.')} is not an object`);
    at = next;
  }
  return at;
}

function looksLikePodSpec(object: JsonObject, path: readonly string[]): boolean {
  let at: Json | undefined = object;
  for (const name of path) at = isObject(at) ? at[name] : undefined;
  return isObject(at) && Array.isArray(at['containers']);
}

function uniquePaths(): readonly (readonly string[])[] {
  return [...new Map(Object.values(POD_SPEC_PATHS).map((path) => [path.join('/'), path])).values()];
}
