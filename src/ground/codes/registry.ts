// Error codes of the room `registry` (and its doors).
import type { ErrorTable } from './shape.ts';

export const REGISTRY_CODES = {
  'SY-REGISTRY-NOT-FOUND': {
    kind: 'not-found',
    sentence: 'the image is not in the registry',
    cause: 'the repository, tag or digest does not exist, or the registry hides it from these credentials',
    next: 'check the reference; log in to the registry if it is private',
  },
  'SY-REGISTRY-UNAUTHENTICATED': {
    kind: 'unauthenticated',
    sentence: 'the registry wants credentials',
    cause: 'none were found for this registry, or it did not accept them',
    next: 'log in to the registry (docker login, or a credential file)',
  },
  'SY-REGISTRY-REFUSED': {
    kind: 'refused',
    sentence: 'the registry does not allow this',
    cause: 'the credentials lack the right to pull from or push to the repository',
    next: 'ask for the right, or use other credentials',
  },
  'SY-REGISTRY-BUSY': {
    kind: 'unavailable',
    sentence: 'the registry is busy or out of order',
    cause: 'it answered 429 or 5xx more often than was retried',
    next: 'try again later',
  },
  'SY-REGISTRY-ANSWER': {
    kind: 'unreachable',
    sentence: 'the registry gave an answer that makes no sense',
    cause: 'the host is no OCI registry, is broken, or is hostile',
    next: 'check the host name in the reference',
  },
  'SY-REGISTRY-DIGEST-MISMATCH': {
    kind: 'unreachable',
    sentence: 'the registry sent other bytes than were asked for',
    cause: 'the digest or size of the content does not match: it is damaged or was tampered with',
    next: 'do not use this content; push the image again or ask the operator of the registry',
  },
  'SY-REGISTRY-TOO-LARGE': {
    kind: 'unreachable',
    sentence: 'the registry holds something larger than is read',
    cause: 'a manifest, blob or list of referrers exceeds its documented bound',
    next: 'remove what does not belong there, or ask the operator of the registry',
  },
  'SY-REGISTRY-CONFLICT': {
    kind: 'conflict',
    sentence: 'others kept overwriting the list of signatures',
    cause: 'the registry has no referrers API, and several writers replaced its fallback tag at once',
    next: 'try again',
  },
  'SY-REGISTRY-CREDENTIALS': {
    kind: 'usage',
    sentence: 'the registry credentials cannot be used',
    cause: 'the credential file is malformed, or its credential helper is missing or failed',
    next: 'log in again, or repair the file named',
  },
  'SY-REGISTRY-REFERENCE': {
    kind: 'usage',
    sentence: 'the reference does not fit what is asked for',
    cause: 'it names another registry, or has neither tag nor digest where one is needed',
    next: 'write it as registry/repository:tag, registry/repository@sha256:… or oci:folder:tag',
  },
  'SY-REGISTRY-LAYOUT': {
    kind: 'usage',
    sentence: 'the folder is not a usable OCI image layout',
    cause: 'oci-layout or index.json is missing or malformed, or the folder cannot be written',
    next: 'check the folder, or name a new one',
  },
} as const satisfies ErrorTable;
