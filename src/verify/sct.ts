// Signed certificate timestamps in a signing certificate: was it logged where anyone can see it (RFC 6962 §3.2)?
import { createHash } from 'node:crypto';
import { isWithin } from '../formats/trusted-root.ts';
import { type Certificate, extension } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import { leafIndexOf, parseSctList, type Sct, sctSignedBytes, tbsWithoutScts } from '../formats/x509/sct.ts';
import { toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { VerifiedSct } from './facts.ts';
import { verifySignature } from './key.ts';
import type { LogKey } from './trust.ts';

export interface SctOptions {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly ctlogs: ReadonlyMap<string, readonly LogKey[]>;
  /** How many different logs must vouch. */
  readonly atLeast: number;
}

// Certificates carry one to three; each costs a signature check.
const MAX_SCTS = 16;

/**
 * Verifies the SCTs of logs that are trusted at the SCT's time; others prove nothing and are passed over.
 * @returns one for each log
 * @throws SealyardError `SY-VERIFY-SCT-INVALID` (of a trusted log), `SY-VERIFY-SCT-MISSING`, `SY-X509-MALFORMED`
 */
export function verifyScts(options: SctOptions): readonly VerifiedSct[] {
  const { certificate, issuer, ctlogs, atLeast } = options;
  const list = extension(certificate, OID.sctList);
  const scts = list === undefined ? [] : parseSctList(list.value);
  if (scts.length > MAX_SCTS) throw new SealyardError('SY-VERIFY-SCT-INVALID', `more than ${MAX_SCTS}`);
  const issuerKeyHash = new Uint8Array(createHash('sha256').update(issuer.spki).digest());
  const tbs = tbsWithoutScts(certificate);
  const verified = new Map<string, VerifiedSct>();
  for (const sct of scts) {
    const id = toHex(sct.logId);
    const log = ctlogs.get(id)?.find(({ validFor }) => isWithin(validFor, new Date(sct.timestampMs)));
    if (log === undefined || verified.has(id)) continue;
    const signed = sctSignedBytes({ ...sct, issuerKeyHash, tbsWithoutScts: tbs });
    if (!verifySignature(log.key, sct.algorithm, signed, sct.signature))
      throw new SealyardError('SY-VERIFY-SCT-INVALID', log.baseUrl);
    verified.set(id, factOf(sct));
  }
  if (verified.size < atLeast)
    throw new SealyardError('SY-VERIFY-SCT-MISSING', `${verified.size} of ${atLeast}`);
  return [...verified.values()];
}

function factOf(sct: Sct): VerifiedSct {
  const leafIndex = leafIndexOf(sct.extensions);
  const fact = { logId: sct.logId, timestampMs: sct.timestampMs };
  return leafIndex === undefined ? fact : { ...fact, leafIndex };
}
