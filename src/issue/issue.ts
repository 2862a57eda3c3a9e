// issue: sign -> check -> record, for what `prepare` made. Every certificate of a yard comes out of here.
import { certificateLeaf } from '../formats/static-ct.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import type { Precondition, Put } from '../ground/change.ts';
import type { Event } from '../ground/events.ts';
import { checked, signTbs } from './check.ts';
import { issueKeyless } from './keyless.ts';
import type { PreparedCertificate } from './prepare.ts';
import { intendedEvent, intendedPut, issuedEvent, issuedPut } from './record.ts';
import type { IssueDeps, IssuedCertificate } from './request.ts';

/** Rows and events that become true with the certificate, in the same commit: an authority's record, for one. */
export type Together = (certificate: Certificate) => {
  readonly puts: readonly Put[];
  /** What must hold in the very commit that makes the certificate exist; otherwise nothing was issued. */
  readonly preconditions?: readonly Precondition[];
  readonly events?: readonly Event[];
};

/**
 * Issues what was prepared; returns when certificate and log entry are on disk. A crash in between leaves a row with
 * serial and TBS in state `intended`, never a certificate that nobody knows.
 * @throws SealyardError `SY-ISSUE-CHECK`, `SY-ISSUE-TOKEN-LIMIT`, and what keys and store throw
 */
export async function issue(
  prepared: PreparedCertificate,
  deps: IssueDeps,
  together?: Together,
): Promise<IssuedCertificate> {
  const { request } = prepared;
  const issued =
    request.profile === 'keyless'
      ? await issueKeyless(prepared, request, deps)
      : await issueFinal(prepared, deps, together);
  deps.clockGuard.recorded(prepared.at.getTime());
  return issued;
}

/** Intent first; then the signature; then certificate and log entry together. */
async function issueFinal(
  prepared: PreparedCertificate,
  deps: IssueDeps,
  together: Together | undefined,
): Promise<IssuedCertificate> {
  await deps.commit({ puts: [intendedPut(prepared, null)], events: [intendedEvent(prepared)] });
  const certificate = checked(prepared, prepared.tbs, await signTbs(prepared, prepared.tbs));
  const { authority } = prepared.issuer;
  const leaf = certificateLeaf({
    timestampMs: prepared.at.getTime(),
    certificate: certificate.der,
    chain: authority?.chainFingerprints ?? [],
  });
  const more = together?.(certificate);
  const receipt = await deps.commit({
    puts: [issuedPut(prepared, certificate, { leafIndexOf: 0 }), ...(more?.puts ?? [])],
    leaves: [leaf],
    events: [issuedEvent(prepared, certificate, {}), ...(more?.events ?? [])],
  });
  const chain = [certificate, ...(authority?.chain ?? [])];
  return { certificate, chain, serial: prepared.template.serial, logIndex: receipt.leaves[0]?.index ?? 0 };
}
