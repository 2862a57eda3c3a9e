// Error codes of the room `admit` and the admission door.
import type { ErrorTable } from './shape.ts';

export const ADMIT_CODES = {
  'SY-ADMIT-TIMEOUT': {
    kind: 'timeout',
    sentence: 'the evidence could not be gathered in time',
    cause: 'the registry was too slow',
    next: 'try again; check the registry',
  },
  'SY-ADMIT-UNREADABLE': {
    kind: 'refused',
    sentence: 'the image reference cannot be read',
    cause: 'the container names no image, or its reference is malformed',
    next: 'write the reference as registry/repository:tag or registry/repository@sha256:…',
  },
  'SY-ADMIT-UNKNOWN-IMAGE': {
    kind: 'refused',
    sentence: 'the image could not be found or read',
    cause: 'the registry does not have it, refuses us, or sent something that is not what was asked for',
    next: 'check the reference and the registry credentials of the yard',
  },
  'SY-ADMIT-UNPINNED': {
    kind: 'refused',
    sentence: 'the image is named by a tag alone, and what the tag means may change after this answer',
    cause: 'the reference has no digest, and the mutating webhook that adds it did not run before',
    next: 'install the mutating webhook, or write the reference with its digest',
  },
  'SY-ADMIT-TOO-MANY': {
    kind: 'too-many',
    sentence: 'the object names more images than one review judges',
    cause: 'the bound on images of one object was exceeded',
    next: 'split the workload',
  },
  'SY-ADMIT-BUSY': {
    kind: 'unavailable',
    sentence: 'too many reviews are under way',
    cause: 'more reviews came at once than are judged at once',
    next: 'try again',
  },
  'SY-ADMIT-CLUSTER': {
    kind: 'not-found',
    sentence: 'the policy knows no such cluster',
    cause: 'the path names no cluster of the policy, or none although there are several',
    next: 'call /admission/<cluster>/validate with a cluster that the policy lists under clusters',
  },
  'SY-ADMIT-REVIEW': {
    kind: 'malformed',
    sentence: 'the body is not an AdmissionReview',
    cause:
      'it is not JSON, or not apiVersion admission.k8s.io/v1, kind AdmissionReview with a request and uid',
    next: 'call this door from a Kubernetes API server of version 1.16 or later',
  },
  'SY-ADMIT-OBJECT': {
    kind: 'refused',
    sentence: 'the object holds images in a form that cannot be judged',
    cause: 'a pod specification is missing or malformed where this kind has one',
    next: 'check the object with kubectl apply --dry-run=client',
  },
} as const satisfies ErrorTable;
