// Where a yard's services are: its signing config (v0.2), read as cosign reads it.
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';

export interface Endpoints {
  /** Base URL of the Fulcio API. */
  readonly certificates: string;
  /** Base URL of the Rekor v2 API. */
  readonly log: string;
  /** Full URL of the RFC 3161 service. */
  readonly timestamp: string;
}

const MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';
const MAX_SERVICES = 32;

/** @throws SealyardError `SY-SIGN-YARD` */
export function readSigningConfig(
  json: Json,
  o: { readonly now: Date; readonly yardUrl: string },
): Endpoints {
  if (!isObject(json) || json['mediaType'] !== MEDIA_TYPE)
    throw new SealyardError('SY-SIGN-YARD', 'its signing config is of another kind');
  return {
    certificates: pick(json, 'caUrls', 1, o),
    log: pick(json, 'rekorTlogUrls', 2, o),
    timestamp: pick(json, 'tsaUrls', 1, o),
  };
}

/** The valid service of our version with the newest start. */
function pick(
  config: JsonObject,
  list: string,
  version: number,
  o: { readonly now: Date; readonly yardUrl: string },
): string {
  const services = config[list];
  const usable = (Array.isArray(services) ? services.slice(0, MAX_SERVICES) : [])
    .filter(isObject)
    .filter((service) => service['majorApiVersion'] === version && isValidAt(service, o.now))
    .sort((a, b) => startOf(b) - startOf(a));
  const url = usable[0]?.['url'];
  if (typeof url !== 'string' || !URL.canParse(url))
    throw new SealyardError('SY-SIGN-YARD', `its signing config has no usable ${list}`);
  const { protocol, origin } = new URL(url);
  // The token goes there: not over plain http, unless the yard itself was reached so.
  if (protocol !== 'https:' && origin !== new URL(o.yardUrl).origin)
    throw new SealyardError('SY-SIGN-YARD', `its signing config names ${list} without TLS`);
  return url.replace(/\/+$/, '');
}

function isValidAt(service: JsonObject, now: Date): boolean {
  const end = period(service)['end'];
  const endMs = typeof end === 'string' ? Date.parse(end) : Number.POSITIVE_INFINITY;
  return startOf(service) <= now.getTime() && now.getTime() < endMs;
}

function startOf(service: JsonObject): number {
  const start = period(service)['start'];
  return typeof start === 'string' ? Date.parse(start) : Number.NEGATIVE_INFINITY;
}

function period(service: JsonObject): JsonObject {
  const validFor = service['validFor'];
  return isObject(validFor) ? validFor : {};
}
