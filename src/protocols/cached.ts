// Answers that anybody may keep for a while: validators, conditional requests and freshness (RFC 9110 §13, RFC 9111).
import type { DoorReply, DoorRequest } from './door.ts';

export interface CachedBody {
  readonly body: Uint8Array;
  readonly contentType: string;
  /** Identifies these bytes among all that the address ever gave; without quotes. */
  readonly tag: string;
  readonly lastModified: Date;
  /** When the content itself runs out. */
  readonly expires: Date;
  /** How long caches may go on with it, at most until `expires`. */
  readonly maxAgeSeconds: number;
}

/** 200 with the body, or 304 where the client has it already. */
export function cachedReply(request: DoorRequest, o: CachedBody, now: Date): DoorReply {
  const left = Math.floor((o.expires.getTime() - now.getTime()) / 1000);
  const headers = {
    // RFC 5019 §6.2, of which CRLs have the same need: no transformation, no use beyond its time.
    'cache-control': `public, max-age=${Math.max(0, Math.min(o.maxAgeSeconds, left))}, no-transform, must-revalidate`,
    etag: `"${o.tag}"`,
    'last-modified': o.lastModified.toUTCString(),
    expires: o.expires.toUTCString(),
  };
  if (isUnchanged(request, o)) return { status: 304, headers };
  return { status: 200, headers: { ...headers, 'content-type': o.contentType }, body: o.body };
}

/** RFC 9110 §13.2.2: If-None-Match decides where it is there, else If-Modified-Since. */
function isUnchanged({ headers }: DoorRequest, { tag, lastModified }: CachedBody): boolean {
  const match = headers['if-none-match'];
  if (match !== undefined)
    return match
      .split(',')
      .some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === `"${tag}"`);
  const since = headers['if-modified-since'];
  if (since === undefined) return false;
  const sinceMs = Date.parse(since);
  return Number.isFinite(sinceMs) && Math.floor(lastModified.getTime() / 1000) * 1000 <= sinceMs;
}
