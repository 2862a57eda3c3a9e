// issue: sign -> check -> record, for what `prepare` made. Every certificate of a yard comes out of here.
import type { Authority } from '../authority/authority.ts';
import { certificateLeaf } from '../formats/static-ct.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import type { Leaf, Precondition, Put, Receipt } from '../ground/change.ts';
import type { Event } from '../ground/events.ts';
import type { JsonObject } from '../ground/json.ts';
import { checked, checkedAsLinted, signTbs } from './check.ts';
import { issueKeyless } from './keyless.ts';
import { knownKeyPuts, rememberKey } from './known-keys.ts';
import type { PreparedCertificate } from './prepare.ts';
import { intendedEvent, intendedPut, issuedEvent, issuedPut } from './record.ts';
import type { CertificateRequest, IssueDeps, IssuedCertificate, SubscriberRequest } from './request.ts';

/** Rows and events that become true with the certificate, in the same commit: an authority's record, for one. */
export type Together = (certificate: Certificate) => {
  readonly puts: readonly Put[];
  /** What must hold in the very commit that makes the certificate exist; otherwise nothing was issued. */
  readonly preconditions?: readonly Precondition[];
  readonly events?: readonly Event[];
  /** What the event of the certificate tells beside its own: what proved the names, for one. */
  readonly evidence?: JsonObject;
};

/**
 * Issues what was prepared; returns when certificate and log entry are on disk. A crash in between leaves a row with
 * serial and TBS in state `intended`, never a certificate that nobody knows.
 * @throws SealyardError `SY-ISSUE-CHECK`, `SY-ISSUE-TOKEN-LIMIT`, `SY-STORE-CONFLICT`, and what keys and store throw
 */
export async function issue(
  prepared: PreparedCertificate,
  deps: IssueDeps,
  together?: Together,
): Promise<IssuedCertificate> {
  const { request } = prepared;
  const issued = await issuedOf(prepared, request, deps, together);
  deps.clockGuard.recorded(prepared.at.getTime());
  return issued;
}

function issuedOf(
  prepared: PreparedCertificate,
  request: CertificateRequest,
  deps: IssueDeps,
  together: Together | undefined,
): Promise<IssuedCertificate> {
  if (request.profile === 'keyless') return issueKeyless(prepared, request, deps);
  if (request.profile === 'subscriber') return issueSubscriber(prepared, request, deps, together);
  return issueFinal(prepared, deps, together);
}

/**
 * Signed and checked in memory, then all in one commit: the row, the log entry, the event, and what the caller wants true
 * with them. Nothing leaves before it. A crash leaves nothing, or a certificate on record that its order can be asked for.
 * @throws SealyardError `SY-STORE-CONFLICT` where a precondition of `together` does not hold: nothing was issued
 */
async function issueSubscriber(
  prepared: PreparedCertificate,
  request: SubscriberRequest,
  deps: IssueDeps,
  together: Together | undefined,
): Promise<IssuedCertificate> {
  const certificate = checkedAsLinted(prepared, await signTbs(prepared, prepared.tbs));
  const { authority, key } = request;
  const timeMs = prepared.at.getTime();
  const more = together?.(certificate);
  const receipt = await deps.commit({
    puts: [
      issuedPut(prepared, certificate, { leafIndexOf: 0 }, 'insert'),
      ...knownKeyPuts(key.publicKey, timeMs, deps.records),
      ...(more?.puts ?? []),
    ],
    ...(more?.preconditions === undefined ? {} : { preconditions: more.preconditions }),
    leaves: [leafOf(prepared, certificate, authority)],
    events: [issuedEvent(prepared, certificate, more?.evidence ?? {}), ...(more?.events ?? [])],
  });
  rememberKey(key.publicKey, deps.records);
  return issuedCertificate(prepared, certificate, authority, receipt);
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
  const more = together?.(certificate);
  const receipt = await deps.commit({
    puts: [issuedPut(prepared, certificate, { leafIndexOf: 0 }), ...(more?.puts ?? [])],
    ...(more?.preconditions === undefined ? {} : { preconditions: more.preconditions }),
    leaves: [leafOf(prepared, certificate, authority)],
    events: [issuedEvent(prepared, certificate, {}), ...(more?.events ?? [])],
  });
  return issuedCertificate(prepared, certificate, authority, receipt);
}

function leafOf(
  prepared: PreparedCertificate,
  certificate: Certificate,
  authority: Authority | undefined,
): Leaf {
  return certificateLeaf({
    timestampMs: prepared.at.getTime(),
    certificate: certificate.der,
    chain: authority?.chainFingerprints ?? [],
  });
}

function issuedCertificate(
  prepared: PreparedCertificate,
  certificate: Certificate,
  authority: Authority | undefined,
  receipt: Receipt,
): IssuedCertificate {
  const [placed] = receipt.leaves;
  if (placed === undefined) throw new TypeError('a leaf without a receipt');
  const chain = [certificate, ...(authority?.chain ?? [])];
  return { certificate, chain, serial: prepared.template.serial, logIndex: placed.index };
}
