// dns-01 (RFC 8555 §8.4): the digest of the key authorization in a TXT record, perhaps behind an alias.
import { createHash } from 'node:crypto';
import { excerpt, unsettled } from './failure.ts';
import { ask, type Look } from './look.ts';
import type { ValidationTarget } from './target.ts';

/** @throws ChallengeFailure */
export async function validateDns(look: Look, target: ValidationTarget): Promise<void> {
  const name = `_acme-challenge.${target.identifier.value}`;
  const expected = createHash('sha256').update(target.keyAuthorization).digest('base64url');
  const values = await textsAt(look, name);
  if (values.length === 0)
    throw unsettled('SY-CHALLENGE-RECORD-MISSING', `${name}: no TXT record; expected "${expected}"`);
  // Several records are usual: a wildcard and its base name are proven at the same place.
  if (!values.includes(expected))
    throw unsettled(
      'SY-CHALLENGE-MISMATCH',
      `${name}: ${values.length} TXT record(s), ${values.slice(0, 3).map(excerpt).join(', ')}; expected "${expected}"`,
    );
  look.saw({ record: name, value: expected, of: values.length });
}

/** The texts of all TXT records of a name. @throws ChallengeFailure `SY-CHALLENGE-DNS` */
export async function textsAt(look: Look, name: string): Promise<readonly string[]> {
  const answer = await ask(look, name, 'TXT');
  return answer.records.flatMap((record) => (record.type === 'TXT' ? [record.text] : []));
}
