// Certificates that others issued, of any age: put on record, so that they are known, watched, and revocable.
import { hash } from 'node:crypto';
import type { KnownAuthority } from '../authority/authority.ts';
import { shardOf } from '../authority/shards.ts';
import { type Certificate, type GeneralName, parseCertificate } from '../formats/x509/certificate.ts';
import { sameName } from '../formats/x509/names.ts';
import { equalBytes, toHex } from '../ground/bytes.ts';
import type { Cell, Commit, Records, Row } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Actor } from '../ground/events.ts';
import type { Clock } from '../ground/ports.ts';
import { formatIp } from '../verify/ip.ts';
import { OUTSIDE_KEYS, readPublicKey, verifySignature } from '../verify/key.ts';
import { CERTIFICATES } from './tables.ts';

export interface ExternalCertificate {
  /** DER; any certificate that our parser reads, expired ones included. */
  readonly der: Uint8Array;
  /**
   * The authority of ours that signed it, e.g. before it was imported: then the certificate can be revoked, and its
   * place is in that authority's CRL. Absent: somebody else's, known and watched only.
   */
  readonly issuer?: KnownAuthority;
  readonly actor: Actor;
}

export interface ExternalDeps {
  readonly commit: Commit;
  readonly records: Records;
  readonly clock: Clock;
}

/** What stands in `authority` where none of ours signed it. */
export const FOREIGN_AUTHORITY = 'external';

/**
 * Puts a certificate on record in state `external`, with an event; one that is on record already stays as it is.
 * @returns the certificate, and whether it was put on record now
 * @throws SealyardError `SY-ISSUE-EXTERNAL` where another certificate has its serial number (records are by serial), or
 *   the authority did not sign it; `SY-X509-MALFORMED`, `SY-ALGORITHM-UNKNOWN`, and what the store throws
 */
export async function recordExternal(
  o: ExternalCertificate,
  deps: ExternalDeps,
): Promise<{ readonly certificate: Certificate; readonly recorded: boolean }> {
  const certificate = parseCertificate(o.der);
  if (o.issuer !== undefined) refuseForeign(certificate, o.issuer);
  const known = deps.records.get(CERTIFICATES, { serial: certificate.serial });
  if (known !== undefined) return sameOnRecord(certificate, known);
  const timeMs = deps.clock.now().getTime();
  const { serial } = certificate;
  await deps.commit({
    puts: [{ table: CERTIFICATES, mode: 'insert', row: externalRow(certificate, o, timeMs) }],
    events: [
      {
        timeMs,
        action: 'certificate.recorded',
        actor: o.actor,
        object: { type: 'certificate', id: serial },
        outcome: 'done',
        data: {
          authority: o.issuer?.id ?? FOREIGN_AUTHORITY,
          issuer: certificate.issuer.text.slice(0, 1000),
          subject: certificate.subject.text.slice(0, 1000),
          notAfter: certificate.notAfter.toISOString(),
          sha256: toHex(sha256(certificate.der)),
        },
      },
    ],
  });
  return { certificate, recorded: true };
}

function refuseForeign(certificate: Certificate, issuer: KnownAuthority): void {
  const { tbs, signatureAlgorithm, signature } = certificate;
  const key = readPublicKey(issuer.certificate.spki, OUTSIDE_KEYS);
  if (
    !sameName(certificate.issuer, issuer.certificate.subject) ||
    !verifySignature(key, signatureAlgorithm, tbs, signature)
  )
    throw new SealyardError('SY-ISSUE-EXTERNAL', `${issuer.id} did not sign it`);
}

function sameOnRecord(certificate: Certificate, row: Row): { certificate: Certificate; recorded: false } {
  const { der } = row;
  if (!(der instanceof Uint8Array) || !equalBytes(der, certificate.der))
    throw new SealyardError('SY-ISSUE-EXTERNAL', `serial ${certificate.serial}`);
  return { certificate, recorded: false };
}

function externalRow(certificate: Certificate, o: ExternalCertificate, timeMs: number): Record<string, Cell> {
  const { serial, notBefore, notAfter, subjectAltNames = [] } = certificate;
  const { actor, issuer } = o;
  return {
    serial,
    state: 'external',
    profile: 'external',
    authority: issuer?.id ?? FOREIGN_AUTHORITY,
    not_before_ms: notBefore.getTime(),
    not_after_ms: notAfter.getTime(),
    created_ms: timeMs,
    requester: actor.kind === 'identity' ? actor.id : 'system',
    requester_issuer: actor.kind === 'identity' ? actor.issuer : null,
    via: 'external',
    names: subjectAltNames.flatMap(textOf).join(' '),
    spki_sha256: sha256(certificate.spki),
    crl_shard: issuer === undefined ? null : shardOf(serial, issuer.shards),
    identity: null,
    environment: null,
    policy_version: null,
    token_id: null,
    tbs: null,
    tbs_sha256: sha256(certificate.tbs),
    der: certificate.der,
    log_index: null,
  };
}

function textOf(name: GeneralName): readonly string[] {
  if (name.type === 'ip') return [formatIp(name.value)];
  return name.type === 'dns' || name.type === 'uri' || name.type === 'email' ? [name.value] : [];
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}
