// The names in the listener's certificate: what clients call this yard, and loopback where it listens there.
import type { ListenerName } from '../issue/request.ts';
import { parseIp } from '../verify/ip.ts';
import { isLoopback, type YardConfig } from './config.ts';

/** In a fixed order, each once: the certificate is renewed where the list is another. */
export function listenerNames(
  publicUrl: string,
  config: Pick<YardConfig, 'listen' | 'listenAdmission' | 'listenMtls'>,
): readonly ListenerName[] {
  const hosts = [new URL(publicUrl).hostname.replace(/^\[|\]$/g, ''), config.listen.host];
  for (const more of [config.listenAdmission, config.listenMtls])
    if (more !== undefined) hosts.push(more.host);
  if (hosts.some(isLoopback)) hosts.push('localhost', '127.0.0.1', '::1');
  const named = hosts.filter((host) => host !== '0.0.0.0' && host !== '::');
  return [...new Set(named.map((host) => host.toLowerCase()))].map((host) => {
    const ip = parseIp(host);
    return ip === undefined ? { type: 'dns', value: host } : { type: 'ip', value: ip };
  });
}
