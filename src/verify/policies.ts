// Certificate policies along a path (RFC 5280 §6.1), for relying parties that accept any policy: what remains of the
// valid policy tree is whether it is empty. The set of expected policies at each depth is enough to know that, and
// unlike the tree it cannot grow exponentially.
import { type Certificate, isSelfIssued } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import { SealyardError } from '../ground/errors.ts';

const ANY: string = OID.anyPolicy;

interface State {
  expected: ReadonlySet<string>;
  explicitPolicy: number;
  inhibitAny: number;
  policyMapping: number;
}

/**
 * Refuses a path on which a policy is required (policyConstraints) and none is valid.
 * @param path leaf … anchor; the anchor's own policies do not count
 * @throws SealyardError `SY-CHAIN-EXTENSION`
 */
export function checkPolicies(path: readonly Certificate[]): void {
  const length = path.length - 1;
  const state: State = {
    expected: new Set([ANY]),
    explicitPolicy: length + 1,
    inhibitAny: length + 1,
    policyMapping: length + 1,
  };
  for (let i = length - 1; i >= 0; i--) {
    const cert = path[i];
    if (cert === undefined) break;
    const final = i === 0;
    state.expected = narrowed(state, cert, final);
    if (state.explicitPolicy === 0 && state.expected.size === 0) throw refused();
    if (!final) prepareNext(state, cert);
    else if (finalExplicit(state, cert) === 0 && state.expected.size === 0) throw refused();
  }
}

function refused(): SealyardError {
  return new SealyardError('SY-CHAIN-EXTENSION', 'a certificate policy is required and none is valid');
}

/** §6.1.3 d–e */
function narrowed({ expected, inhibitAny }: State, cert: Certificate, final: boolean): ReadonlySet<string> {
  const next = new Set<string>();
  for (const policy of cert.policies ?? [])
    if (policy !== ANY && (expected.has(policy) || expected.has(ANY))) next.add(policy);
  const anyCounts = inhibitAny > 0 || (!final && isSelfIssued(cert));
  if (anyCounts && cert.policies?.includes(ANY) === true) for (const policy of expected) next.add(policy);
  return next;
}

/** §6.1.4 a–b, h–j */
function prepareNext(state: State, cert: Certificate): void {
  state.expected = mapped(state, cert);
  if (!isSelfIssued(cert)) {
    state.explicitPolicy = Math.max(0, state.explicitPolicy - 1);
    state.policyMapping = Math.max(0, state.policyMapping - 1);
    state.inhibitAny = Math.max(0, state.inhibitAny - 1);
  }
  const { requireExplicitPolicy, inhibitPolicyMapping } = cert.policyConstraints ?? {};
  state.explicitPolicy = Math.min(state.explicitPolicy, requireExplicitPolicy ?? state.explicitPolicy);
  state.policyMapping = Math.min(state.policyMapping, inhibitPolicyMapping ?? state.policyMapping);
  state.inhibitAny = Math.min(state.inhibitAny, cert.inhibitAnyPolicy ?? state.inhibitAny);
}

function mapped(state: State, cert: Certificate): ReadonlySet<string> {
  const mappings = cert.policyMappings ?? [];
  if (mappings.length === 0) return state.expected;
  const next = new Set(state.expected);
  for (const { issuer } of mappings) next.delete(issuer);
  if (state.policyMapping > 0)
    for (const { issuer, subject } of mappings)
      if (state.expected.has(issuer) || state.expected.has(ANY)) next.add(subject);
  return next;
}

/** §6.1.5 a–b */
function finalExplicit(state: State, cert: Certificate): number {
  const explicit = Math.max(0, state.explicitPolicy - 1);
  return cert.policyConstraints?.requireExplicitPolicy === 0 ? 0 : explicit;
}
