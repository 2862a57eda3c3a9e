// Who refers to an image: the referrers API, and the tag that stands in for it where a registry has none.
import { type Descriptor, MEDIA_TYPES, referrersTag } from '../formats/oci.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Digest } from '../ground/ids.ts';
import type { ReachResponse } from '../reach/reach.ts';
import { listed, MANIFEST_MEDIA_TYPES } from './content.ts';
import { MAX_MANIFEST_BYTES, MAX_REFERRER_PAGES, MAX_REFERRERS } from './registry.ts';
import { refusalOf, type Session } from './session.ts';

export interface ReferrersQuery {
  readonly session: Session;
  readonly repository: string;
  readonly digest: Digest;
  readonly signal: AbortSignal | undefined;
}

/** distribution-spec, "Listing Referrers". @throws SealyardError */
export async function remoteReferrers(q: ReferrersQuery): Promise<readonly Descriptor[]> {
  const prefix = `/v2/${q.repository}/referrers/`;
  const found: Descriptor[] = [];
  let target: string | undefined = `${prefix}${q.digest}`;
  for (let page = 0; target !== undefined; page++) {
    if (page >= MAX_REFERRER_PAGES)
      throw new SealyardError('SY-REGISTRY-TOO-LARGE', `more than ${MAX_REFERRER_PAGES} pages of referrers`);
    const response = await askPage(q, target);
    if (!isReferrersAnswer(response)) {
      if (page > 0) throw new SealyardError('SY-REGISTRY-ANSWER', 'the list of referrers breaks off');
      return fallbackReferrers(q);
    }
    found.push(...listed(response.body));
    if (found.length > MAX_REFERRERS)
      throw new SealyardError('SY-REGISTRY-TOO-LARGE', `more than ${MAX_REFERRERS} referrers`);
    target = nextPage(response, q.session.origin, prefix);
  }
  return found;
}

/** What stands under the fallback tag (distribution-spec, "Referrers Tag Schema"); `undefined` where nothing does. */
export async function readFallback(q: ReferrersQuery): Promise<ReachResponse | undefined> {
  const response = await q.session.ask({
    method: 'GET',
    target: `/v2/${q.repository}/manifests/${referrersTag(q.digest)}`,
    repository: q.repository,
    action: 'pull',
    headers: { accept: MANIFEST_MEDIA_TYPES.join(', ') },
    maxBytes: MAX_MANIFEST_BYTES,
    signal: q.signal,
  });
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw refusalOf(response, `${q.repository}:${referrersTag(q.digest)}`);
  return response;
}

async function askPage(q: ReferrersQuery, target: string): Promise<ReachResponse> {
  const response = await q.session.ask({
    method: 'GET',
    target,
    repository: q.repository,
    action: 'pull',
    headers: { accept: MEDIA_TYPES.index },
    maxBytes: MAX_MANIFEST_BYTES,
    signal: q.signal,
  });
  // Registries without the API say so in several ways; a refusal or a fault is no such answer.
  if ([200, 400, 404, 405, 501].includes(response.status)) return response;
  throw refusalOf(response, `${q.repository} (referrers)`);
}

/** A web page with status 200 is not a list of referrers: the specification asks to check the media type. */
function isReferrersAnswer(response: ReachResponse): boolean {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim();
  return response.status === 200 && type === MEDIA_TYPES.index;
}

/** RFC 8288: `<…>; rel="next"`, followed only within the same list of the same registry. */
function nextPage(response: ReachResponse, origin: string, prefix: string): string | undefined {
  const link = /^\s*<([^<>]{1,4096})>\s*;[^,]{0,256}\brel="?next"?/.exec(response.headers.get('link') ?? '');
  const target = link?.[1];
  if (target === undefined) return undefined;
  const url = URL.canParse(target, response.url) ? new URL(target, response.url) : undefined;
  if (url === undefined || url.origin !== origin || !url.pathname.startsWith(prefix))
    throw new SealyardError('SY-REGISTRY-ANSWER', 'the list of referrers continues elsewhere');
  return url.pathname + url.search;
}

async function fallbackReferrers(q: ReferrersQuery): Promise<readonly Descriptor[]> {
  const response = await readFallback(q);
  return response === undefined ? [] : listed(response.body);
}
