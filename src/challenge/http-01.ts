// http-01 (RFC 8555 §8.3, RFC 8738 §3): a file with the key authorization at a well-known place.
import { isSealyardError } from '../ground/errors.ts';
import { hostOf, readUrl } from '../reach/url.ts';
import { connectTo, handshake } from './connect.ts';
import { excerpt, settled, unsettled } from './failure.ts';
import { type Got, get } from './http-get.ts';
import type { Look } from './look.ts';
import type { ValidationTarget } from './target.ts';

const MAX_REDIRECTS = 10;
/** Baseline Requirements 3.2.2.4.19: only these count as redirects of a validation. */
const REDIRECTS = new Set([301, 302, 307, 308]);

/** @throws ChallengeFailure */
export async function validateHttp(look: Look, target: ValidationTarget): Promise<void> {
  const name = target.identifier.value;
  const host = name.includes(':') ? `[${name}]` : name;
  const path = `/.well-known/acme-challenge/${target.token}`;
  const start = new URL(`http://${host}${path}`);
  const { url, got } = await follow(look, start);
  if (got.status !== 200)
    throw unsettled('SY-CHALLENGE-RESPONSE', `${url}: status ${got.status} instead of 200`);
  if (withoutTrailingSpace(got.body) !== target.keyAuthorization)
    throw settled(
      'SY-CHALLENGE-MISMATCH',
      `${url}: the file holds ${excerpt(got.body)} instead of the key authorization "${target.token}.<thumbprint of the account key>"`,
    );
  look.saw({ url });
}

async function follow(look: Look, start: URL): Promise<{ url: string; got: Got }> {
  const visited = new Set<string>();
  for (let url = start; ; ) {
    const shown = show(look, url);
    if (visited.has(url.href)) throw refused(shown, 'a loop of redirects');
    if (visited.size > MAX_REDIRECTS) throw refused(shown, `more than ${MAX_REDIRECTS} redirects`);
    visited.add(url.href);
    const got = await fetchOnce(look, url, shown);
    if (got.status === 303) throw refused(shown, 'status 303 is no redirect of a validation');
    if (!REDIRECTS.has(got.status)) return { url: shown, got };
    if (got.location === undefined) throw refused(shown, `status ${got.status} without a Location`);
    look.saw({ url: shown, status: got.status, location: got.location.slice(0, 256) });
    url = nextUrl(look, url, got.location, shown);
  }
}

/** Each hop is resolved and judged for itself, and connects to the address that was judged. */
async function fetchOnce(look: Look, url: URL, shown: string): Promise<Got> {
  const secure = url.protocol === 'https:';
  const host = hostOf(url).replace(/\.$/, '');
  const connection = await connectTo(look, host, portOf(look, url));
  try {
    look.doing(`fetching ${shown}`);
    // The certificate of a redirect's target is what this validation is for: it cannot be asked for beforehand.
    const socket = secure
      ? await handshake(
          look,
          connection,
          { servername: url.hostname === host ? host : undefined, protocols: ['http/1.1'] },
          (why) => unsettled('SY-CHALLENGE-CONNECTION', `${shown}: TLS failed: ${why}`),
        )
      : connection.socket;
    return await get(look, {
      socket,
      url: shown,
      host: hostHeader(look, url),
      path: `${url.pathname}${url.search}`,
    });
  } finally {
    connection.socket.destroy();
  }
}

/** @throws ChallengeFailure `SY-CHALLENGE-REDIRECT` */
function nextUrl(look: Look, from: URL, location: string, shown: string): URL {
  const target = readLocation(from, location, shown);
  // A port that is written must be the one that we would take anyway: a redirect is no port scanner.
  if (target.port !== '' && Number(target.port) !== portOf(look, target))
    throw refused(shown, `a redirect to port ${target.port}`);
  target.port = '';
  return target;
}

function readLocation(from: URL, location: string, shown: string): URL {
  try {
    // Absolute as written, so that the spelling of its host is judged too.
    if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return readUrl(location);
    if (location.startsWith('//')) return readUrl(`${from.protocol}${location}`);
    return readUrl(new URL(location, from).href);
  } catch (error) {
    const why = isSealyardError(error, 'SY-REACH-URL') ? error.detail : 'not a URL';
    throw refused(shown, `a redirect to ${excerpt(location)}: ${why}`);
  }
}

function portOf(look: Look, url: URL): number {
  return url.protocol === 'https:' ? look.view.tlsPort : look.view.httpPort;
}

function hostHeader(look: Look, url: URL): string {
  const port = portOf(look, url);
  return port === (url.protocol === 'https:' ? 443 : 80) ? url.hostname : `${url.hostname}:${port}`;
}

/** The URL with the port that is really used, cut to what fits into a sentence. */
function show(look: Look, url: URL): string {
  return `${url.protocol}//${hostHeader(look, url)}${url.pathname}`.slice(0, 256);
}

function refused(url: string, why: string): Error {
  return settled('SY-CHALLENGE-REDIRECT', `${url}: ${why}`);
}

/** RFC 8555 §8.3: white space at the end does not count. */
function withoutTrailingSpace(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\r\n\v\f'.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
