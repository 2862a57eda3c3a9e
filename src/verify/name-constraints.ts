// Name constraints (RFC 5280 §§4.2.1.10, 6.1.3 b–c): which names the authorities above may certify.
import {
  type Certificate,
  type GeneralName,
  isSelfIssued,
  type NameConstraints,
} from '../formats/x509/certificate.ts';
import { isWithin } from '../formats/x509/names.ts';
import { OID } from '../formats/x509/oids.ts';
import { SealyardError } from '../ground/errors.ts';
import { isMailbox, sameMailbox } from './names.ts';

/** Comparisons for one path; 2048 names under 2048 constraints are an attack, not a certificate. */
const MAX_COMPARISONS = 250_000;

/**
 * Applies each authority's constraints to every certificate below it, self-issued intermediates excepted.
 * @param path leaf … anchor
 * @throws SealyardError `SY-CHAIN-NAME-CONSTRAINTS`, `SY-CHAIN-TOO-COSTLY`
 */
export function checkNameConstraints(path: readonly Certificate[]): void {
  let budget = MAX_COMPARISONS;
  path.forEach((cert, i) => {
    if (i > 0 && isSelfIssued(cert)) return;
    const above = path.slice(i + 1).flatMap(({ nameConstraints }) => nameConstraints ?? []);
    if (above.length === 0) return;
    const names = namesOf(cert);
    for (const constraints of above) {
      budget -= names.length * (constraints.permitted.length + constraints.excluded.length);
      if (budget < 0) throw new SealyardError('SY-CHAIN-TOO-COSTLY', 'names and name constraints');
      for (const name of names) checkName(name, constraints);
    }
  });
}

/** subjectAltNames, the subject, and its email addresses where no subjectAltName speaks (RFC 5280 §4.2.1.10). */
function namesOf(cert: Certificate): GeneralName[] {
  const names: GeneralName[] = [...(cert.subjectAltNames ?? [])];
  if (cert.subject.attributes.length > 0) names.push({ type: 'directory', value: cert.subject });
  if (cert.subjectAltNames === undefined)
    for (const { oid, value } of cert.subject.attributes)
      if (oid === OID.emailAddress) names.push({ type: 'email', value });
  return names;
}

function checkName(name: GeneralName, { permitted, excluded }: NameConstraints): void {
  const ofType = permitted.filter((base) => sameKind(base, name));
  if (ofType.length > 0 && !ofType.some((base) => within(name, base, 'permitted')))
    throw new SealyardError('SY-CHAIN-NAME-CONSTRAINTS', `not permitted: ${print(name)}`);
  if (excluded.some((base) => sameKind(base, name) && within(name, base, 'excluded')))
    throw new SealyardError('SY-CHAIN-NAME-CONSTRAINTS', `excluded: ${print(name)}`);
}

function sameKind(base: GeneralName, name: GeneralName): boolean {
  if (base.type !== name.type) return false;
  if (base.type === 'other' && name.type === 'other') return base.oid === name.oid;
  if (base.type === 'unsupported' && name.type === 'unsupported') return base.tag === name.tag;
  return true;
}

type Side = 'permitted' | 'excluded';

/** Whether `name` lies in the subtree; where that cannot be told, the answer is the one that refuses the name. */
function within(name: GeneralName, base: GeneralName, side: Side): boolean {
  if (name.type === 'dns' && base.type === 'dns') return dnsWithin(name.value, base.value, side);
  if (name.type === 'email' && base.type === 'email') return emailWithin(name.value, base.value, side);
  if (name.type === 'uri' && base.type === 'uri') return uriWithin(name.value, base.value, side);
  if (name.type === 'ip' && base.type === 'ip') return ipWithin(name.value, base.value);
  if (name.type === 'directory' && base.type === 'directory') return isWithin(name.value, base.value);
  // RFC 5280 §4.2.1.10: a constraint that cannot be processed rejects the certificate where its name form occurs.
  return side === 'excluded';
}

/** A host with labels added on the left, or none. A wildcard lies within where all of its names do, and touches an excluded tree where one may. */
function dnsWithin(name: string, base: string, side: Side): boolean {
  const [host, tree] = [name.toLowerCase(), base.toLowerCase()];
  if (tree === '') return true;
  if (!host.startsWith('*.')) return host === tree || host.endsWith(`.${tree}`);
  const parent = host.slice(2);
  if (parent === tree || parent.endsWith(`.${tree}`)) return true;
  // CVE-2025-61727: *.example.com stands for bar.example.com too.
  return side === 'excluded' && tree.slice(tree.indexOf('.') + 1) === parent;
}

function emailWithin(name: string, base: string, side: Side): boolean {
  if (!isMailbox(name)) return side === 'excluded';
  return base.includes('@') ? sameMailbox(name, base) : hostWithin(name.slice(name.indexOf('@') + 1), base);
}

/** A host exactly, or with a leading dot everything below it (RFC 5280 §4.2.1.10, email and URI). */
function hostWithin(host: string, base: string): boolean {
  const [name, tree] = [host.toLowerCase(), base.toLowerCase()];
  if (tree === '') return true;
  return tree.startsWith('.') ? name.endsWith(tree) && name.length > tree.length : name === tree;
}

function uriWithin(name: string, base: string, side: Side): boolean {
  const host = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:[\]@]+)(?::[0-9]*)?(?:[/?#].*)?$/.exec(
    name,
  )?.[1];
  // RFC 5280 §4.2.1.10: without a host name, or with an address for one, the certificate is rejected.
  if (host === undefined || /^[0-9.]+$/.test(host)) return side === 'excluded';
  return hostWithin(host, base);
}

function ipWithin(address: Uint8Array, network: Uint8Array): boolean {
  const size = address.length;
  if (network.length !== 2 * size) return false;
  return address.every((octet, i) => ((octet ^ (network[i] ?? 0)) & (network[size + i] ?? 0)) === 0);
}

function print(name: GeneralName): string {
  if (name.type === 'directory') return name.value.text.slice(0, 200);
  return typeof name.value === 'string' ? name.value.slice(0, 200) : name.type;
}
