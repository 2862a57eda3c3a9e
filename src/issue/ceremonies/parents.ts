// Which authority may sign another, and why one may not.
import type { Authority, AuthorityPurpose } from '../../authority/authority.ts';
import type { AuthorityDirectory } from '../../authority/directory.ts';
import { roomBelow } from '../../authority/paths.ts';
import { SealyardError } from '../../ground/errors.ts';

/**
 * The authority that signs a new one: the one that is named, else the newest root that can.
 * @throws SealyardError `SY-AUTHORITY-NOT-FOUND`, `SY-AUTHORITY-PARENT`
 */
export function parentFor(
  directory: AuthorityDirectory,
  purpose: Exclude<AuthorityPurpose, 'root'>,
  wanted: string | undefined,
  now: Date,
): Authority {
  if (wanted !== undefined) return signingParent(directory, wanted, purpose, now);
  const root = directory
    .all()
    .findLast((each) => each.purpose === 'root' && reasonAgainst(each, purpose, now) === undefined);
  if (root === undefined)
    throw new SealyardError(
      'SY-AUTHORITY-PARENT',
      'no root here can: name one, or write a request for an offline one',
    );
  return root;
}

/** @throws SealyardError `SY-AUTHORITY-NOT-FOUND`, `SY-AUTHORITY-PARENT` */
export function signingParent(
  directory: AuthorityDirectory,
  id: string,
  purpose: AuthorityPurpose,
  now: Date,
): Authority {
  const known = directory.known().find((each) => each.id === id);
  if (known === undefined) throw new SealyardError('SY-AUTHORITY-NOT-FOUND', printable(id));
  const authority = directory.get(id);
  if (authority === undefined)
    throw new SealyardError('SY-AUTHORITY-PARENT', `the key of ${id} is not here: write a request for it`);
  const reason = reasonAgainst(authority, purpose, now);
  if (reason !== undefined) throw new SealyardError('SY-AUTHORITY-PARENT', `${id} ${reason}`);
  return authority;
}

function reasonAgainst(authority: Authority, purpose: AuthorityPurpose, now: Date): string | undefined {
  const { state, certificate, chain } = authority;
  if (authority.purpose !== 'root' && authority.purpose !== 'intermediate') return 'signs leaves only';
  if (state !== 'active') return `is ${state}`;
  if (now > certificate.notAfter || now < certificate.notBefore) return 'has ended';
  const room = roomBelow(chain);
  if (room !== undefined && room < 1) return 'has no room below (path length)';
  // An intermediate that may have nothing below it could sign leaves alone, which is not what it is for.
  return purpose === 'intermediate' && room === 1
    ? 'has no room below for what an intermediate signs'
    : undefined;
}

/** An id that somebody sent, for a message. */
export function printable(id: string): string {
  return /^[a-z0-9-]{1,48}$/.test(id) ? id : 'of another form';
}
