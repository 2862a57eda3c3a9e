// Signs an authority's certificate and puts the authority on record with it, in one commit.
import { type Authority, type AuthorityPurpose, KEY_PURPOSE_OF } from '../../authority/authority.ts';
import { authorityPut } from '../../authority/record.ts';
import type { StateChange } from '../../authority/state.ts';
import type { Certificate } from '../../formats/x509/certificate.ts';
import type { Put } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Actor, Event } from '../../ground/events.ts';
import type { Signer } from '../../keys/signer.ts';
import { issue } from '../issue.ts';
import { prepare } from '../prepare.ts';
import type { CaTerms, IssueDeps, RootRequest, SubordinateCaRequest } from '../request.ts';
import { profileOf } from './terms.ts';

export interface NewAuthority {
  readonly id: string;
  readonly name: string;
  readonly purpose: AuthorityPurpose;
  readonly generation: number;
  readonly keySlot: string;
  readonly shards: number;
  readonly signer: Signer;
  /** Absent for a root, which signs itself. */
  readonly parent: Authority | undefined;
  readonly terms: CaTerms;
  readonly actor: Actor;
  /** What becomes true with it: the record of its key, the retirement of the generation before. */
  readonly with?: readonly (Partial<StateChange> | undefined)[];
}

/** An authority exists from the commit that holds its certificate. @throws SealyardError what `issue` throws */
export async function signAuthority(deps: IssueDeps, o: NewAuthority): Promise<Certificate> {
  const prepared = prepare(requestOf(o), deps);
  const { certificate } = await issue(prepared, deps, (made) => {
    const timeMs = deps.clock.now().getTime();
    const more = (o.with ?? []).filter((each) => each !== undefined);
    return {
      puts: [createdPut(o, made, timeMs), ...more.flatMap(({ puts = [] }) => puts)],
      preconditions: more.flatMap(({ preconditions = [] }) => preconditions),
      events: [createdEvent(o, made, timeMs), ...more.flatMap(({ events = [] }) => events)],
    };
  });
  return certificate;
}

function requestOf(o: NewAuthority): RootRequest | SubordinateCaRequest {
  const { terms, signer, parent } = o;
  const profile = profileOf(o.purpose);
  if (profile === 'root') return { profile, signer, terms };
  if (parent === undefined) throw new SealyardError('SY-AUTHORITY-PARENT', 'none was named');
  return { profile, authority: parent, publicKey: signer.publicKey, terms };
}

function createdPut(o: NewAuthority, certificate: Certificate, timeMs: number): Put {
  const { serial, der } = certificate;
  return authorityPut(
    {
      id: o.id,
      name: o.name,
      purpose: o.purpose,
      generation: o.generation,
      state: 'active',
      keySlot: o.keySlot,
      parent: o.parent?.id,
      replaces: undefined,
      serial,
      der,
      csr: undefined,
      shards: o.shards,
      createdMs: timeMs,
      changedMs: timeMs,
    },
    'insert',
  );
}

function createdEvent(o: NewAuthority, certificate: Certificate, timeMs: number): Event {
  return {
    timeMs,
    action: 'authority.created',
    actor: o.actor,
    object: { type: 'authority', id: o.id },
    outcome: 'done',
    data: {
      purpose: o.purpose,
      subject: certificate.subject.text,
      serial: certificate.serial,
      parent: o.parent?.id ?? null,
      keyPurpose: KEY_PURPOSE_OF[o.purpose],
      notAfter: certificate.notAfter.toISOString(),
      shards: o.shards,
    },
  };
}
