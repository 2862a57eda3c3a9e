// Which requests go through the operator's proxy: the usual reading of NO_PROXY.
import type { ProxySettings } from './agents.ts';
import { hostOf } from './url.ts';

/** Whether this URL is fetched through a proxy. Entries of `none`: `*`, `host`, `.suffix`, each perhaps with `:port`. */
export function isProxied(url: URL, proxy: ProxySettings): boolean {
  const server = url.protocol === 'https:' ? proxy.https : proxy.http;
  if (server === undefined || server === '') return false;
  const host = hostOf(url).toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return false;
  return !(proxy.none ?? '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry.toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const withPort = /^([^:]+):(\d+)$/.exec(entry);
  if (withPort !== null && withPort[2] !== port) return false;
  const name = (withPort?.[1] ?? entry).replace(/^\*?\./, '');
  return host === name || host.endsWith(`.${name}`);
}
