// Reads an authority from its record and makes sure that certificate, key and issuer belong together.
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { equalBytes } from '../ground/bytes.ts';
import type { Records, Row } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { findKey } from '../keys/pinned.ts';
import type { KeyStore } from '../keys/signer.ts';
import { verifySignature } from '../verify/key.ts';
import { type Authority, type AuthorityPurpose, authorityOf, KEY_PURPOSE_OF } from './authority.ts';
import { AUTHORITIES } from './tables.ts';

/** The id under which an authority stands, e.g. `code-signing-1`. */
export function authorityId(purpose: AuthorityPurpose, generation = 1): string {
  return `${purpose}-${generation}`;
}

/**
 * The recorded authority, `undefined` where there is none yet. Writes nothing.
 * @param o.parent the authority that signed it; absent for a root
 * @throws SealyardError `SY-AUTHORITY-DAMAGED`, `SY-KEYS-PIN` and what `KeyStore.open` throws
 */
export async function loadAuthority(
  deps: { readonly records: Records; readonly keys: KeyStore },
  o: { readonly purpose: AuthorityPurpose; readonly parent?: Authority },
): Promise<Authority | undefined> {
  const id = authorityId(o.purpose);
  const row = deps.records.get(AUTHORITIES, { id });
  if (row === undefined) return undefined;
  const certificate = certificateOf(row, id);
  const slot = String(row['key_slot']);
  const key = await findKey(deps, { slot, purpose: KEY_PURPOSE_OF[o.purpose] });
  if (key === undefined) throw damaged(id, 'its key is not on record');
  if (!equalBytes(key.signer.publicKey.spki, certificate.spki)) throw damaged(id, 'its key is another');
  refuseForeignIssuer(id, certificate, o.parent, row);
  const chain = [certificate, ...(o.parent?.chain ?? [])] as const;
  return authorityOf({ id, purpose: o.purpose, chain: [chain[0], ...chain.slice(1)], signer: key.signer });
}

function certificateOf(row: Row, id: string): Certificate {
  const { der } = row;
  if (!(der instanceof Uint8Array)) throw damaged(id, 'its certificate is missing');
  return parseCertificate(der);
}

function refuseForeignIssuer(
  id: string,
  certificate: Certificate,
  parent: Authority | undefined,
  row: Row,
): void {
  if ((row['parent'] ?? undefined) !== parent?.id) throw damaged(id, 'it was signed by another authority');
  if (parent === undefined) return;
  const { tbs, signatureAlgorithm, signature } = certificate;
  if (!verifySignature(parent.signer.publicKey, signatureAlgorithm, tbs, signature))
    throw damaged(id, `${parent.id} did not sign it`);
}

function damaged(id: string, what: string): SealyardError {
  return new SealyardError('SY-AUTHORITY-DAMAGED', `${id}: ${what}`);
}
