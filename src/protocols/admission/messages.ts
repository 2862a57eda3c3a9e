// AdmissionReview (admission.k8s.io/v1): reading the request, writing the response.
import { fromUtf8, toBase64, toUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../ground/json.ts';
import type { DoorReply } from '../door.ts';

/** An object is at most 1.5 MiB in etcd; a review of an update holds two. */
export const MAX_REVIEW_BYTES = 3 * 1024 * 1024;
const MAX_DEPTH = 128;
const MAX_UID_LENGTH = 256;
// "Individual warning messages over 256 characters may be truncated by the API server"; kubectl prints each.
const MAX_WARNING_LENGTH = 255;
const MAX_WARNINGS = 16;
const MAX_MESSAGE_LENGTH = 4096;

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

export interface ReviewRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly subResource: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly user: string;
  readonly dryRun: boolean;
  readonly object: Json;
  readonly oldObject: Json;
}

/**
 * The request's envelope: enough to answer with its uid.
 * @throws SealyardError `SY-ADMIT-REVIEW`, `SY-JSON-*`
 */
export function readEnvelope(body: Uint8Array): { uid: string; request: JsonObject } {
  const text = fromUtf8(body);
  if (text === undefined) throw new SealyardError('SY-JSON-MALFORMED');
  const review = parseJson(text, { maxLength: MAX_REVIEW_BYTES, maxDepth: MAX_DEPTH });
  if (!isObject(review) || review['apiVersion'] !== API_VERSION || review['kind'] !== KIND)
    throw new SealyardError('SY-ADMIT-REVIEW', 'apiVersion or kind');
  const request = review['request'];
  if (!isObject(request)) throw new SealyardError('SY-ADMIT-REVIEW', 'request');
  const uid = request['uid'];
  if (typeof uid !== 'string' || uid === '' || uid.length > MAX_UID_LENGTH)
    throw new SealyardError('SY-ADMIT-REVIEW', 'request.uid');
  return { uid, request };
}

/** The rest of the request. @throws SealyardError `SY-ADMIT-REVIEW` */
export function readRequest(uid: string, request: JsonObject): ReviewRequest {
  const { operation, dryRun } = request;
  if (operation !== 'CREATE' && operation !== 'UPDATE' && operation !== 'DELETE' && operation !== 'CONNECT')
    throw new SealyardError('SY-ADMIT-REVIEW', 'request.operation');
  // Taken for true, a wrong type would leave a real decision unrecorded.
  if (dryRun !== undefined && dryRun !== null && typeof dryRun !== 'boolean')
    throw new SealyardError('SY-ADMIT-REVIEW', 'request.dryRun');
  const { kind: kindObject, userInfo } = request;
  return {
    uid,
    operation,
    subResource: text(request, 'subResource'),
    namespace: text(request, 'namespace'),
    name: text(request, 'name'),
    kind: isObject(kindObject) ? text(kindObject, 'kind') : '',
    user: isObject(userInfo) ? text(userInfo, 'username') : '',
    dryRun: dryRun === true,
    object: request['object'] ?? null,
    oldObject: request['oldObject'] ?? null,
  };
}

function text(object: JsonObject, name: string): string {
  const value = object[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new SealyardError('SY-ADMIT-REVIEW', `request…${name}`);
  return value;
}

export interface ReviewResponse {
  readonly uid: string;
  readonly allowed: boolean;
  /** Why not; also the status that kubectl shows. */
  readonly refusal?: { readonly code: string; readonly message: string; readonly httpStatus: number };
  readonly warnings?: readonly string[];
  /** Names without prefix: the API server puts the webhook's name before them. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly patch?: readonly JsonObject[];
}

/** The answer is an AdmissionReview with status 200, whatever it says. */
export function reviewReply(response: ReviewResponse): DoorReply {
  const { uid, allowed, refusal, patch } = response;
  const warnings = (response.warnings ?? []).slice(0, MAX_WARNINGS).map(asWarning);
  const annotations = response.auditAnnotations ?? {};
  const body: JsonObject = {
    uid,
    allowed,
    ...(refusal === undefined
      ? {}
      : {
          status: {
            code: refusal.httpStatus,
            reason: refusal.code,
            message: refusal.message.slice(0, MAX_MESSAGE_LENGTH),
          },
        }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(Object.keys(annotations).length === 0 ? {} : { auditAnnotations: { ...annotations } }),
    ...(patch === undefined || patch.length === 0
      ? {}
      : { patchType: 'JSONPatch', patch: toBase64(toUtf8(JSON.stringify(patch))) }),
  };
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: API_VERSION, kind: KIND, response: body }),
  };
}

/** Becomes an HTTP header at the API server: one line, short. */
function asWarning(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return line.length <= MAX_WARNING_LENGTH ? line : `${line.slice(0, MAX_WARNING_LENGTH - 1)}…`;
}
