// Looks at what came back before anything is replaced: our key, our names, a chain that holds together, valid now.
import type { KeyObject } from 'node:crypto';
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { equalBytes } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { spkiOf } from '../keys/local-key.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { formatIp } from '../verify/ip.ts';
import { OUTSIDE_KEYS, readPublicKey, verifySignature } from '../verify/key.ts';

const MOST_CERTIFICATES = 10;
/** Clocks differ: a certificate may begin a little later than our present. */
const SKEW_MS = 5 * 60_000;

export interface AcceptedChain {
  readonly leaf: Certificate;
  readonly chain: readonly [Uint8Array, ...Uint8Array[]];
}

/** @throws SealyardError `SY-AGENT-CERTIFICATE` */
export function acceptChain(
  ders: readonly Uint8Array[],
  o: { readonly key: KeyObject; readonly names: readonly RequestedName[]; readonly now: Date },
): AcceptedChain {
  if (ders.length > MOST_CERTIFICATES) throw wrong('the chain is too long');
  const certificates = ders.map(parsed);
  const [leaf, ...issuers] = certificates;
  if (leaf === undefined) throw wrong('there is none');
  if (!equalBytes(leaf.spki, spkiOf(o.key))) throw wrong('it is for another key');
  const missing = o.names.filter((name) => !hasName(leaf, name));
  if (missing.length > 0) throw wrong(`it lacks ${missing.map(({ value }) => value).join(', ')}`);
  if (leaf.notBefore.getTime() > o.now.getTime() + SKEW_MS) throw wrong('it is not valid yet');
  if (leaf.notAfter <= o.now) throw wrong('it has expired');
  refuseBrokenLinks([leaf, ...issuers]);
  const [first = leaf.der, ...rest] = certificates.map(({ der }) => der);
  return { leaf, chain: [first, ...rest] };
}

function parsed(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    throw wrong('it cannot be read', error);
  }
}

function hasName(leaf: Certificate, name: RequestedName): boolean {
  return (leaf.subjectAltNames ?? []).some((each) => {
    if (each.type === 'ip') return name.type === 'ip' && formatIp(each.value) === name.value;
    return each.type === name.type && 'value' in each && each.value === name.value;
  });
}

function refuseBrokenLinks(chain: readonly Certificate[]): void {
  for (const [i, certificate] of chain.entries()) {
    const issuer = chain[i + 1];
    if (issuer === undefined) return;
    const { tbs, signatureAlgorithm, signature } = certificate;
    const key = readPublicKey(issuer.spki, OUTSIDE_KEYS);
    if (!verifySignature(key, signatureAlgorithm, tbs, signature))
      throw wrong('its chain does not hold together');
  }
}

function wrong(detail: string, cause?: unknown): SealyardError {
  return new SealyardError('SY-AGENT-CERTIFICATE', detail, { cause });
}
