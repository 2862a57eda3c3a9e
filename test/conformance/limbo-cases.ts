// x509-limbo test cases through Sealyard's own entry points: which are judged, which are skipped and why.
import { type Certificate, type KeyUsage, parseCertificatesPem } from '../../src/formats/x509/certificate.ts';
import { parseCrlsPem } from '../../src/formats/x509/crl.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { type ExpectedName, validatePath } from '../../src/verify/chain.ts';
import { demandUnrevoked } from '../../src/verify/revocation.ts';

/** The fields of the suite's schema that are used here. */
export interface LimboCase {
  readonly id: string;
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly signature_algorithms: readonly string[];
  readonly key_usage: readonly string[];
  readonly extended_key_usage: readonly string[];
  readonly expected_peer_name: PeerName | null;
  readonly expected_peer_names: readonly PeerName[];
  readonly max_chain_depth: number | null;
  readonly crls?: readonly string[] | null;
  readonly expected_result: 'SUCCESS' | 'FAILURE';
}

interface PeerName {
  readonly kind: 'DNS' | 'IP' | 'RFC822';
  readonly value: string;
}

export interface LimboResult {
  readonly id: string;
  readonly actual_result: 'SUCCESS' | 'FAILURE' | 'SKIPPED';
  readonly context: string | null;
}

const JUDGED = ['rfc5280', 'crl', 'pathlen', 'cve', 'pathological', 'webpki'];

/** Cases of the CA/Browser Forum profile, which is for public web servers and which Sealyard does not claim. */
const WEB_PROFILE: Readonly<Record<string, string>> = {
  'webpki::aki::': 'BR 7.1.2.1.3 restricts the key identifiers of roots; RFC 5280 does not',
  'webpki::cn::': 'BR 7.1.4.3 restricts common names, which Sealyard never reads as host names',
  'webpki::eku::ee-anyeku': 'BR 7.1.2.7.10; RFC 5280 §4.2.1.12 allows anyExtendedKeyUsage',
  'webpki::eku::ee-critical-eku': 'BR 7.1.2.7.6; RFC 5280 §4.2.1.12 leaves criticality open',
  'webpki::eku::ee-without-eku': 'BR 7.1.2.7.6; RFC 5280 §4.2.1.12 makes the extension optional',
  'webpki::san::san-critical-with-nonempty-subject':
    'BR 7.1.2.7.12; RFC 5280 §4.2.1.6 says SHOULD, and Fulcio differs',
  'webpki::ee-basicconstraints-ca': 'BR 7.1.2.7.8; RFC 5280 makes no rule for CAs in the place of the leaf',
  'webpki::ca-as-leaf': 'BR 7.1.2.7.8; RFC 5280 makes no rule for CAs in the place of the leaf',
};

/** Judged cases whose answer differs from the suite's, and why. */
export const DISAGREEMENTS: Readonly<Record<string, string>> = {
  'rfc5280::aki::cross-signed-root-missing-aki':
    'RFC 5280 §6.1.1 d takes no more of a trust anchor than name, key and constraints: who else signed it is no part of ' +
    'the path. The suite marks the case as pedantic, and cve::cve-2024-0567 wants exactly such an anchor accepted',
};

const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  anyExtendedKeyUsage: OID.anyExtendedKeyUsage,
  serverAuth: OID.serverAuth,
  clientAuth: OID.clientAuth,
  codeSigning: OID.codeSigning,
  emailProtection: OID.emailProtection,
  timeStamping: OID.timeStamping,
  OCSPSigning: OID.ocspSigning,
};

const USAGES: Readonly<Record<string, KeyUsage>> = {
  digitalSignature: 'digitalSignature',
  contentCommitment: 'nonRepudiation',
  keyEncipherment: 'keyEncipherment',
  dataEncipherment: 'dataEncipherment',
  keyAgreement: 'keyAgreement',
  keyCertSign: 'keyCertSign',
  cRLSign: 'crlSign',
};

/** Why a case is not judged; `undefined` for those that are. */
export function skipReason(testcase: LimboCase): string | undefined {
  if (!JUDGED.includes(testcase.id.split('::')[0] ?? '')) return 'a namespace that is not judged here';
  if (testcase.signature_algorithms.length > 0) return 'signature algorithms cannot be restricted';
  return Object.entries(WEB_PROFILE).find(([prefix]) => testcase.id.startsWith(prefix))?.[1];
}

/** Runs one case. */
export function judge(testcase: LimboCase, now: Date): LimboResult {
  const reason = skipReason(testcase);
  if (reason !== undefined) return { id: testcase.id, actual_result: 'SKIPPED', context: reason };
  try {
    validate(testcase, now);
    return { id: testcase.id, actual_result: 'SUCCESS', context: DISAGREEMENTS[testcase.id] ?? null };
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    return { id: testcase.id, actual_result: 'FAILURE', context: `${error.code}: ${error.message}` };
  }
}

function certificates(pems: readonly string[]): Certificate[] {
  return pems.flatMap(parseCertificatesPem);
}

function validate(testcase: LimboCase, now: Date): void {
  const [leaf] = certificates([testcase.peer_certificate]);
  if (leaf === undefined) throw new TypeError('a case has a peer certificate');
  const peer = testcase.expected_peer_name;
  const names = peer === null ? testcase.expected_peer_names : [peer];
  const checks = names.length === 0 ? [undefined] : names.map(expected);
  const usages = testcase.extended_key_usage.map((usage) => EXTENDED_USAGES[usage]);
  const at = testcase.validation_time === null ? now : new Date(testcase.validation_time);
  const crls = (testcase.crls ?? []).flatMap(parseCrlsPem);
  for (const name of checks)
    for (const usage of usages.length === 0 ? [undefined] : usages) {
      const path = validatePath({
        leaf,
        intermediates: certificates(testcase.untrusted_intermediates),
        anchors: certificates(testcase.trusted_certs),
        at,
        keyUsage: testcase.key_usage.flatMap((usage) => USAGES[usage] ?? []),
        ...(usage !== undefined && { extendedKeyUsage: usage }),
        ...(name !== undefined && { name }),
        ...(testcase.max_chain_depth !== null && { maxDepth: testcase.max_chain_depth }),
      });
      if (crls.length > 0) demandUnrevoked({ path, crls, at });
    }
}

function expected({ kind, value }: PeerName): ExpectedName {
  if (kind === 'DNS') return { type: 'dns', value };
  return kind === 'IP' ? { type: 'ip', value } : { type: 'email', value };
}
