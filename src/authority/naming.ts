// Ids of authorities: a name, which the generations share, and the number of the generation.
import type { Records } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { AUTHORITY_PURPOSES, type AuthorityPurpose } from './authority.ts';
import { type AuthorityRecord, readAuthorityRecord } from './record.ts';
import { AUTHORITIES } from './tables.ts';

/** Every yard is far below this; it bounds what one look at the records may read. */
export const MAX_AUTHORITIES = 10_000;

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

/** `tls-1` where the name is a purpose; a name that was given stands alone at first: `acme`, then `acme-2`. */
export function authorityId(name: string, generation = 1): string {
  return generation === 1 && !isPurpose(name) ? name : `${name}-${generation}`;
}

/**
 * A name that somebody gave. The end `-<number>` tells generations, and the purposes' names are their defaults.
 * @throws SealyardError `SY-AUTHORITY-NAME`
 */
export function checkedName(name: string, purpose: AuthorityPurpose): string {
  if (!NAME.test(name)) throw new SealyardError('SY-AUTHORITY-NAME', 'a–z, 0–9 and -, at most 40 characters');
  if (/-\d+$/.test(name))
    throw new SealyardError('SY-AUTHORITY-NAME', 'a number at the end tells generations');
  if (isPurpose(name) && name !== purpose) throw new SealyardError('SY-AUTHORITY-NAME', `it means ${name}`);
  return name;
}

export function allRecords(records: Records): readonly AuthorityRecord[] {
  return records
    .find(AUTHORITIES, { where: {}, limit: MAX_AUTHORITIES })
    .map(readAuthorityRecord)
    .sort((a, b) => a.createdMs - b.createdMs || a.generation - b.generation || (a.id < b.id ? -1 : 1));
}

/** The number that the next authority of this name gets: 1 where there is none. */
export function nextGeneration(known: readonly AuthorityRecord[], name: string): number {
  return known.reduce((most, each) => (each.name === name ? Math.max(most, each.generation) : most), 0) + 1;
}

function isPurpose(name: string): boolean {
  return AUTHORITY_PURPOSES.some((purpose) => purpose === name);
}
