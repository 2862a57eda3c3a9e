// What a lint rule is, and what it reads.
import type { Certificate, GeneralName } from '../../formats/x509/certificate.ts';
import type { BuiltInProfile, LintSeverity } from '../../policy/issuance.ts';
import type { Form } from '../form.ts';
import type { ProfileName } from '../request.ts';

/** What a rule reads. `certificate` is parsed back from the TBS that will be signed, not from what built it. */
export interface LintSubject {
  readonly certificate: Certificate;
  readonly profileName: ProfileName;
  readonly form: Form;
  /** The DNS names, and their labels without the wildcard; read off the certificate once. */
  readonly dnsNames: readonly string[];
  readonly labels: readonly string[];
  /** Of a subscriber's profile, what it is based on. */
  readonly base?: BuiltInProfile;
  /** The signing authority's chain, its own certificate first; empty for a root. */
  readonly chain: readonly Certificate[];
  readonly keyId: Uint8Array;
  readonly now: Date;
  /** Of a subscriber's profile: severities that it changes. */
  readonly severities?: ReadonlyMap<string, LintSeverity>;
}

export interface LintRule {
  readonly name: string;
  /** Where the rule is written. */
  readonly clause: string;
  /**
   * `fixed`: an error that no profile may change, since the certificate would not be what was decided, or be refused by
   * everybody. The others are what a profile gets that does not say otherwise.
   */
  readonly severity: 'fixed' | 'error' | 'warning';
  /** `all`: keyless certificates too; these rules run for each signature that somebody makes. */
  readonly scope: 'all' | 'not-keyless' | 'keyless';
  readonly holds: (subject: LintSubject) => boolean;
}

/** `undefined` where the certificate has no such extension. */
export function criticalOf(certificate: Certificate, oid: string): boolean | undefined {
  return certificate.extensions.find((extension) => extension.oid === oid)?.critical;
}

export function sameSet(found: Iterable<string>, expected: readonly string[]): boolean {
  const set = new Set(found);
  return set.size === expected.length && expected.every((item) => set.has(item));
}

/** The text of the names of one kind. */
export function namesOfType(certificate: Certificate, type: 'dns' | 'uri' | 'email'): readonly string[] {
  return (certificate.subjectAltNames ?? []).flatMap((name) =>
    name.type === type && typeof name.value === 'string' ? [name.value] : [],
  );
}

/** The labels of DNS names, without the wildcard. */
export function labelsOf(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => (name.startsWith('*.') ? name.slice(2) : name).split('.'));
}

/** True where `test` holds for every IP address. */
export function everyAddress(certificate: Certificate, test: (octets: Uint8Array) => boolean): boolean {
  return (certificate.subjectAltNames ?? []).every(
    (name: GeneralName) => name.type !== 'ip' || test(name.value),
  );
}
