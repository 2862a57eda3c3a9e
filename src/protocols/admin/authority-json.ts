// An authority as the admin API shows it: dates as text, certificates as PEM, never a private key.
import { createHash } from 'node:crypto';
import type { KnownAuthority } from '../../authority/authority.ts';
import type { AuthorityDirectory, PendingAuthority } from '../../authority/directory.ts';
import { isSameAuthority } from '../../authority/paths.ts';
import { encodePem } from '../../formats/pem.ts';
import type { Certificate, GeneralName } from '../../formats/x509/certificate.ts';
import { toHex } from '../../ground/bytes.ts';
import type { Json, JsonObject } from '../../ground/json.ts';
import { kindOfKey } from '../../issue/ceremonies/terms.ts';

export function authoritySummary(authority: KnownAuthority, directory: AuthorityDirectory): JsonObject {
  const { certificate } = authority;
  return {
    id: authority.id,
    name: authority.name,
    purpose: authority.purpose,
    generation: authority.generation,
    state: authority.state,
    key: authority.key,
    keyKind: kindOfKey(certificate.spki),
    parent: parentOf(authority, directory),
    subject: certificate.subject.text,
    serial: certificate.serial,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    sha256: sha256(certificate.der),
    shards: authority.shards,
  };
}

export function authorityDetails(authority: KnownAuthority, directory: AuthorityDirectory): JsonObject {
  const { certificate } = authority;
  const { nameConstraints } = certificate;
  const [chain = [], ...alternates] = directory.chains(authority.id);
  return {
    ...authoritySummary(authority, directory),
    issuer: certificate.issuer.text,
    createdAt: authority.createdAt.toISOString(),
    pathLength: certificate.basicConstraints?.pathLength ?? null,
    extendedKeyUsage: certificate.extendedKeyUsage === undefined ? null : [...certificate.extendedKeyUsage],
    permitted: nameConstraints?.permitted.map(subtreeText) ?? [],
    excluded: nameConstraints?.excluded.map(subtreeText) ?? [],
    chain: chain.map(pemOf),
    alternates: alternates.map((each): Json => each.map(pemOf)),
  };
}

export function pendingSummary(pending: PendingAuthority): JsonObject {
  const { id, name, purpose, generation, shards, createdAt, csr } = pending;
  return {
    id,
    name,
    purpose,
    generation,
    state: 'pending',
    key: 'here',
    shards,
    createdAt: createdAt.toISOString(),
    csr: encodePem('CERTIFICATE REQUEST', csr),
  };
}

function parentOf({ chain }: KnownAuthority, directory: AuthorityDirectory): string | null {
  const [, above] = chain;
  if (above === undefined) return null;
  return directory.known().find(({ certificate }) => isSameAuthority(certificate, above))?.id ?? null;
}

/** As `readNameConstraints` reads it, where it can. */
function subtreeText(name: GeneralName): string {
  switch (name.type) {
    case 'dns':
    case 'email':
    case 'uri':
      return `${name.type}:${name.value}`;
    case 'ip':
      return `ip:${networkText(name.value)}`;
    case 'directory':
      return `directory:${name.value.text}`;
    case 'other':
    case 'unsupported':
      return name.type;
  }
}

function networkText(value: Uint8Array): string {
  const half = value.length / 2;
  const bits = value
    .subarray(half)
    .reduce((sum, octet) => sum + octet.toString(2).replaceAll('0', '').length, 0);
  const address = value.subarray(0, half);
  if (half === 4) return `${address.join('.')}/${bits}`;
  const groups = Array.from({ length: half / 2 }, (_, i) =>
    (((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)).toString(16),
  );
  return `${groups.join(':')}/${bits}`;
}

function pemOf(certificate: Certificate): string {
  return encodePem('CERTIFICATE', certificate.der);
}

function sha256(bytes: Uint8Array): string {
  return toHex(new Uint8Array(createHash('sha256').update(bytes).digest()));
}
