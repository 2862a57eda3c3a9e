// Reading a URL on somebody's word: http or https, no credentials inside, and IP addresses only in plain spelling.
import { isIPv4 } from 'node:net';
import { SealyardError } from '../ground/errors.ts';

const MAX_URL_LENGTH = 8192;

/**
 * Parses a URL that we are about to connect to.
 * The URL standard turns `0x7f.1`, `2130706433` and `0177.0.0.1` into 127.0.0.1; nobody who means well writes that,
 * and other parsers along the way may read it differently, so only the canonical spelling passes.
 * @throws SealyardError `SY-REACH-URL`; its detail never repeats the URL, which may hold a secret
 */
export function readUrl(text: string): URL {
  if (text.length > MAX_URL_LENGTH || hasControlCharacter(text))
    throw new SealyardError('SY-REACH-URL', 'too long or with control characters');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new SealyardError('SY-REACH-URL', 'neither http nor https');
  if (url.username !== '' || url.password !== '')
    throw new SealyardError('SY-REACH-URL', 'it holds a user name or password');
  if (isIPv4(url.hostname) && writtenHost(text) !== url.hostname)
    throw new SealyardError('SY-REACH-URL', 'an IP address in an unusual spelling');
  url.hash = '';
  return url;
}

/** Where a request goes, without path and query, for messages. */
export function originOf(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

/** The host without the brackets of an IPv6 literal, as sockets want it. */
export function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

/** The host as it stands in the text: after the scheme's slashes, up to the port, path, query or fragment. */
function writtenHost(text: string): string {
  return /^\s*[a-z]+:\/\/([^/?#:\\]*)/i.exec(text)?.[1] ?? '';
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f) return true;
  }
  return false;
}
