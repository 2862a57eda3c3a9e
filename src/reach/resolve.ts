// From a host name to addresses. The answer is only a proposal: each address is judged before we connect to it.
import { lookup, Resolver } from 'node:dns/promises';
import { SealyardError } from '../ground/errors.ts';

/** All addresses of a name, at least one. @throws SealyardError `SY-REACH-NAME-UNKNOWN` */
export type ResolveName = (host: string) => Promise<readonly string[]>;

const QUERY_TIMEOUT_MS = 3000;

/**
 * Asks the name servers of this machine by `dns.Resolver`, whose sockets do not occupy the thread pool; where they
 * know nothing, the machine's own files and search domains, since an internal registry often stands only there.
 */
export function systemResolver(): ResolveName {
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: 2 });
  return async (host) => {
    // RFC 6761 §6.3: localhost names never go to a name server, which could answer anything.
    if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1', '::1'];
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    return found.length > 0 ? found : fromFiles(host);
  };
}

async function fromFiles(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true, order: 'ipv4first' });
    if (found.length > 0) return found.map(({ address }) => address);
  } catch {
    // The library's error says no more than that it was not found.
  }
  throw new SealyardError('SY-REACH-NAME-UNKNOWN', host);
}
