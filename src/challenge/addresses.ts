// Where a challenge connects to: the addresses of a name, each judged, in the order in which they are tried.
import { isIP, isIPv6 } from 'node:net';
import { networkKind } from '../reach/address.ts';
import type { View } from './config.ts';
import { settled, unsettled } from './failure.ts';
import { ask, type Look } from './look.ts';

/** Two of each family: a name with a thousand addresses does not get a thousand connections. */
const MAX_OF_A_FAMILY = 2;

/**
 * Addresses that may be connected to, IPv6 first, families taking turns. The caller connects to these very addresses:
 * the name is not looked up again, so that no later answer can lead elsewhere.
 * @param host a name, or an IP address in canonical text
 * @throws ChallengeFailure `SY-CHALLENGE-DNS`, `SY-CHALLENGE-NAME-UNKNOWN`, `SY-CHALLENGE-ADDRESS-REFUSED`
 */
export async function addressesOf(look: Look, host: string): Promise<readonly string[]> {
  const found = isIP(host) === 0 ? await resolve(look, host) : [host];
  const permitted = found.filter((address) => mayReach(look.view, address));
  const refused = found.filter((address) => !mayReach(look.view, address)).map(describe);
  if (refused.length > 0) look.saw({ refused: refused.slice(0, 8) });
  if (permitted.length === 0)
    throw settled('SY-CHALLENGE-ADDRESS-REFUSED', `${host} leads to ${refused.slice(0, 4).join(', ')}`);
  const v6 = permitted.filter((address) => isIPv6(address)).slice(0, MAX_OF_A_FAMILY);
  const v4 = permitted.filter((address) => !isIPv6(address)).slice(0, MAX_OF_A_FAMILY);
  return [0, 1].flatMap((turn) => [v6[turn], v4[turn]].filter((address) => address !== undefined));
}

function mayReach(view: View, address: string): boolean {
  return view.allow.includes(networkKind(address)) || view.networks.has(address);
}

function describe(address: string): string {
  return `${address} (${networkKind(address)})`;
}

async function resolve(look: Look, name: string): Promise<readonly string[]> {
  // RFC 6761 §6.3: localhost names never go to a name server, which could answer anything.
  if (name === 'localhost' || name.endsWith('.localhost')) return ['::1', '127.0.0.1'];
  const answers = await Promise.allSettled([ask(look, name, 'AAAA'), ask(look, name, 'A')]);
  look.signal.throwIfAborted();
  const found = answers.flatMap((answer) =>
    answer.status === 'fulfilled'
      ? answer.value.records.flatMap((r) => (r.type === 'A' || r.type === 'AAAA' ? [r.address] : []))
      : [],
  );
  if (found.length > 0) return found;
  // Nothing found and one question unanswered: that is not the same as nothing there.
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  throw unsettled('SY-CHALLENGE-NAME-UNKNOWN', `${name}: neither A nor AAAA records`);
}
