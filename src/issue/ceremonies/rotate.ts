// Rotates an authority: a new generation with a new key takes over in the commit that makes it, the old one retires.
import type { AuthorityPurpose } from '../../authority/authority.ts';
import { allRecords, nextGeneration } from '../../authority/naming.ts';
import { retirement } from '../../authority/state.ts';
import type { Certificate } from '../../formats/x509/certificate.ts';
import { OID } from '../../formats/x509/oids.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Actor } from '../../ground/events.ts';
import type { KeyKind } from '../../policy/issuance.ts';
import { type CeremoniesDeps, type Made, makeGeneration } from './create.ts';
import { printable } from './parents.ts';
import { type CaWishes, kindOfKey } from './terms.ts';

export interface RotateOrder extends CaWishes {
  /** The generation that is to be followed; a second rotation of it is refused. */
  readonly id: string;
  /** Absent: the parent that the old one has. */
  readonly parent?: string;
  /** Absent: as the old one's. */
  readonly key?: KeyKind;
  /** The new one is to be signed elsewhere; the old one issues until the certificate is imported. */
  readonly request?: boolean;
  readonly actor: Actor;
}

/** @throws SealyardError `SY-AUTHORITY-NOT-FOUND`, `-STATE`, and what `createAuthority` throws */
export async function rotateAuthority(deps: CeremoniesDeps, o: RotateOrder): Promise<Made> {
  const records = allRecords(deps.records);
  const old = records.find(({ id }) => id === o.id);
  const known = deps.directory.known().find(({ id }) => id === o.id);
  if (old === undefined || known === undefined)
    throw new SealyardError('SY-AUTHORITY-NOT-FOUND', printable(o.id));
  if (old.state !== 'active') throw new SealyardError('SY-AUTHORITY-STATE', `${old.id} is ${old.state}`);
  if (known.key === 'elsewhere')
    throw new SealyardError('SY-AUTHORITY-STATE', `${old.id} has its key elsewhere: rotate it there`);
  const awaited = records.find(({ state, replaces }) => state === 'pending' && replaces === old.id);
  if (awaited !== undefined)
    throw new SealyardError(
      'SY-AUTHORITY-STATE',
      `${awaited.id} is to follow ${old.id} and waits for its certificate`,
    );
  const { certificate, purpose, shards } = known;
  const parent = o.parent ?? old.parent;
  const generation = nextGeneration(records, old.name);
  const change = () =>
    retirement(old, {
      actor: o.actor,
      timeMs: deps.clock.now().getTime(),
      reason: `generation ${generation}`,
    });
  return makeGeneration(deps, {
    ...carriedOver(certificate, purpose),
    ...o,
    purpose,
    name: old.name,
    generation,
    shards,
    key: o.key ?? kindOfKey(certificate.spki),
    ...(parent === undefined || o.request === true || purpose === 'root' ? {} : { parent }),
    retires: { id: old.id, change },
  });
}

/** What the new generation may do is what the old one could. */
function carriedOver(certificate: Certificate, purpose: AuthorityPurpose): CaWishes {
  const organization = certificate.subject.attributes.find(({ oid }) => oid === OID.organizationName)?.value;
  const pathLength = certificate.basicConstraints?.pathLength;
  const { nameConstraints } = certificate;
  return {
    ...(organization === undefined ? {} : { organization: organization.slice(0, 64) }),
    ...(nameConstraints === undefined ? {} : { nameConstraints }),
    ...(pathLength === undefined || (purpose !== 'root' && purpose !== 'intermediate') ? {} : { pathLength }),
  };
}
