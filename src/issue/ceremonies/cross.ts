// Cross-certificates: one authority certifies another's name and key, so that who trusts the one can trust the other.
import { createHash } from 'node:crypto';
import type { Authority, KnownAuthority } from '../../authority/authority.ts';
import { isSameAuthority, roomBelow, usagesBelow } from '../../authority/paths.ts';
import { CROSS_CERTIFICATES } from '../../authority/tables.ts';
import type { Certificate } from '../../formats/x509/certificate.ts';
import { toHex } from '../../ground/bytes.ts';
import type { Put } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Actor } from '../../ground/events.ts';
import { readPublicKey } from '../../verify/key.ts';
import { keyIdOf } from '../caller-key.ts';
import { issue } from '../issue.ts';
import { prepare } from '../prepare.ts';
import type { CaTerms } from '../request.ts';
import type { CeremoniesDeps } from './create.ts';
import { printable, signingParent } from './parents.ts';
import { lifetimeOf, terms, withinAbove } from './terms.ts';

export interface CrossOrder {
  /** The authority whose name and key are certified; its key may be elsewhere. */
  readonly id: string;
  /** The authority that signs. */
  readonly by: string;
  /** Absent: as long as both last. */
  readonly lifetimeSeconds?: number;
  readonly actor: Actor;
}

/** @throws SealyardError `SY-AUTHORITY-NOT-FOUND`, `-STATE`, `-PARENT`, `-TERMS`, and what lint and store throw */
export async function crossSign(deps: CeremoniesDeps, o: CrossOrder): Promise<Certificate> {
  const now = deps.clock.now();
  const subject = deps.directory.known().find(({ id }) => id === o.id);
  if (subject === undefined) throw new SealyardError('SY-AUTHORITY-NOT-FOUND', printable(o.id));
  if (subject.state === 'revoked') throw new SealyardError('SY-AUTHORITY-STATE', `${subject.id} is revoked`);
  const by = signingParent(deps.directory, o.by, subject.purpose, now);
  refuseCircle(deps, subject, by);
  const signsLeaves = subject.purpose !== 'root' && subject.purpose !== 'intermediate';
  const request = {
    profile: signsLeaves ? 'issuing-ca' : 'intermediate-ca',
    authority: by,
    publicKey: readPublicKey(subject.certificate.spki),
    terms: crossTerms(subject, by, now, o.lifetimeSeconds),
  } as const;
  const { certificate } = await issue(prepare(request, deps), deps, (made) => {
    const timeMs = deps.clock.now().getTime();
    return {
      puts: [crossPut({ authority: subject.id, issuer: by.id, certificate: made, timeMs })],
      events: [
        {
          timeMs,
          action: 'authority.cross-signed',
          actor: o.actor,
          object: { type: 'authority', id: subject.id },
          outcome: 'done',
          data: { by: by.id, serial: made.serial, notAfter: made.notAfter.toISOString() },
        },
      ],
    };
  });
  await deps.directory.reload();
  return certificate;
}

export function crossPut(o: {
  readonly authority: string;
  readonly issuer: string | undefined;
  readonly certificate: Certificate;
  readonly timeMs: number;
}): Put {
  const { serial, der } = o.certificate;
  return {
    table: CROSS_CERTIFICATES,
    mode: 'insert',
    row: {
      sha256: toHex(new Uint8Array(createHash('sha256').update(der).digest())),
      authority: o.authority,
      issuer: o.issuer ?? null,
      serial,
      state: 'active',
      der,
      created_ms: o.timeMs,
    },
  };
}

/** A certificate that only leads back to its own subject would help nobody. */
function refuseCircle(deps: CeremoniesDeps, subject: KnownAuthority, by: Authority): void {
  if (isSameAuthority(subject.certificate, by.certificate))
    throw terms('an authority does not cross-sign itself');
  const above = deps.directory.chains(by.id);
  if (above.every((chain) => chain.some((each) => isSameAuthority(each, subject.certificate))))
    throw terms(`${by.id} itself depends on ${subject.id}`);
}

/** Name, key identifier and limits are the subject's; lifetime, depth and usages no more than what signs allows. */
function crossTerms(
  { purpose, certificate }: KnownAuthority,
  by: Authority,
  now: Date,
  lifetimeSeconds: number | undefined,
): CaTerms {
  const left = Math.floor(certificate.notAfter.getTime() / 1000) - Math.floor(now.getTime() / 1000);
  const most = lifetimeOf(undefined, 'root', by, now);
  if (left < 1) throw new SealyardError('SY-AUTHORITY-ENDED', certificate.subject.text);
  const above = roomBelow(by.chain);
  const own = certificate.basicConstraints?.pathLength;
  return {
    subject: certificate.subject.der,
    keyId: certificate.subjectKeyId ?? keyIdOf(certificate.spki),
    lifetimeSeconds: lifetimeOf(lifetimeSeconds ?? Math.min(left, most), 'root', by, now),
    pathLength: above === undefined ? own : Math.min(above - 1, own ?? above - 1),
    nameConstraints: certificate.nameConstraints,
    extendedKeyUsage: withinAbove(certificate.extendedKeyUsage, usagesBelow(by.chain), purpose),
  };
}
