// Whether a certificate that is brought along can be what it is imported as: named rules, and the way up to a root.
import type { AuthorityPurpose } from '../../authority/authority.ts';
import { isSelfSigned } from '../../authority/paths.ts';
import { type Certificate, isSelfIssued } from '../../formats/x509/certificate.ts';
import { OID } from '../../formats/x509/oids.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import { CERTIFICATE_RULES, firstFault, ISSUER_RULES } from '../../verify/certificate-rules.ts';
import { validatePath } from '../../verify/chain.ts';
import { ISSUING_CA_USAGES } from '../profiles.ts';

interface Candidate {
  readonly certificate: Certificate;
  readonly purpose: AuthorityPurpose;
  /** Its key comes with it: it is to sign here. */
  readonly signsHere: boolean;
  readonly now: Date;
}

/** Throws where the candidate breaks it. */
type Rule = (candidate: Candidate) => void;

const RULES: readonly Rule[] = [
  function isAnAuthority({ certificate: { basicConstraints, subject } }) {
    if (basicConstraints?.ca !== true)
      throw refused('SY-AUTHORITY-NOT-A-CA', `${shown(subject.text)} says no cA`);
  },
  function signsCertificatesAndLists({ certificate: { keyUsage, subject } }) {
    // Without the extension the key may be used for anything (RFC 5280 §4.2.1.3); with it, both are needed.
    for (const usage of ['keyCertSign', 'crlSign'] as const)
      if (keyUsage?.has(usage) === false)
        throw refused('SY-AUTHORITY-NOT-A-CA', `${shown(subject.text)} has no ${usage}`);
  },
  function isValidNow({ certificate: { notBefore, notAfter, subject }, now }) {
    if (now < notBefore)
      throw refused('SY-AUTHORITY-ENDED', `${shown(subject.text)} begins ${notBefore.toISOString()}`);
    if (now > notAfter)
      throw refused('SY-AUTHORITY-ENDED', `${shown(subject.text)} ended ${notAfter.toISOString()}`);
  },
  function isWellFormed({ certificate }) {
    const fault = firstFault(certificate, CERTIFICATE_RULES, ISSUER_RULES);
    if (fault !== undefined) throw refused('SY-AUTHORITY-UNFIT', `${fault.detail} (${fault.code})`);
  },
  function rootsSignThemselves({ certificate, purpose }) {
    if (purpose === 'root' && !isSelfSigned(certificate))
      throw refused('SY-AUTHORITY-UNFIT', 'a root signs itself, and this certificate does not');
  },
  function hasRoomBelow({ certificate, purpose, signsHere }) {
    const room = certificate.basicConstraints?.pathLength;
    if (signsHere && (purpose === 'root' || purpose === 'intermediate') && room === 0)
      throw refused('SY-AUTHORITY-UNFIT', 'its path length is 0: it can sign leaves, not authorities');
  },
  function allowsTheUsage({ certificate: { extendedKeyUsage }, purpose, signsHere }) {
    if (!signsHere || purpose === 'root' || purpose === 'intermediate' || extendedKeyUsage === undefined)
      return;
    if (extendedKeyUsage.includes(OID.anyExtendedKeyUsage)) return;
    const [needed] = ISSUING_CA_USAGES[purpose];
    if (needed !== undefined && !extendedKeyUsage.includes(needed))
      throw refused('SY-AUTHORITY-UNFIT', `its extended key usage excludes ${purpose}`);
  },
];

/** @throws SealyardError `SY-AUTHORITY-NOT-A-CA`, `-ENDED`, `-UNFIT` */
export function refuseUnfit(candidate: Candidate): void {
  for (const rule of RULES) rule(candidate);
}

/**
 * The certificates above a CA's, up to a self-signed one, with room for what it is to sign.
 * @param pool given with it and on record; untrusted, but whoever imports vouches for the root among them
 * @returns the CA's own first; alone, where it signs itself
 * @throws SealyardError `SY-AUTHORITY-CHAIN`
 */
export function chainUp(candidate: Candidate, pool: readonly Certificate[]): readonly Certificate[] {
  const { certificate, now } = candidate;
  if (isSelfSigned(certificate)) return [certificate];
  const anchors = pool.filter(isSelfSigned);
  const intermediates = pool.filter((each) => !anchors.includes(each) && each !== certificate);
  try {
    const path = validatePath({ leaf: certificate, intermediates, anchors, at: now });
    // An intermediate signs authorities, which sign the leaf: two more below.
    const below = candidate.signsHere && candidate.purpose === 'intermediate' ? 1 : 0;
    refuseShortPath(path, below);
    return path;
  } catch (error) {
    if (!isSealyardError(error) || error.code.startsWith('SY-AUTHORITY')) throw error;
    throw refused('SY-AUTHORITY-CHAIN', error.message.slice(0, 400));
  }
}

/** RFC 5280 §6.1.4 (l)–(m), counted with the leaf that the CA is to sign: one more than for its own certificate. */
function refuseShortPath(path: readonly Certificate[], belowFirst: number): void {
  let below = belowFirst;
  for (const each of path) {
    const room = each.basicConstraints?.pathLength;
    if (room !== undefined && room < below)
      throw refused('SY-AUTHORITY-CHAIN', `the path length of ${shown(each.subject.text)} is ${room}`);
    if (!isSelfIssued(each)) below++;
  }
}

/** A name out of somebody's certificate, for a message. */
export function shown(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?').slice(0, 200);
}

function refused(code: ConstructorParameters<typeof SealyardError>[0], detail: string): SealyardError {
  return new SealyardError(code, detail);
}
