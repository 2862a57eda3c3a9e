// Chains from an authority up to a root, through every CA certificate on record, cross-certificates included.
import { type Certificate, isSelfIssued } from '../formats/x509/certificate.ts';
import { sameName } from '../formats/x509/names.ts';
import { OID } from '../formats/x509/oids.ts';
import { equalBytes } from '../ground/bytes.ts';
import { isSealyardError } from '../ground/errors.ts';
import { publicKeyOf } from '../verify/chain.ts';
import { verifySignature } from '../verify/key.ts';

/** No client wants more alternates, and webs of cross-certificates have as many paths as one likes. */
const MAX_CHAINS = 16;
const MAX_LENGTH = 10;
const MAX_STEPS = 4096;

/** Signatures do not change with who asks: each pair is verified once for the life of the two values. */
const links = new WeakMap<Certificate, WeakMap<Certificate, boolean>>();

/** True where `issuer` has the name that `certificate` says, and its key made the signature. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!sameName(certificate.issuer, issuer.subject)) return false;
  const known = links.get(certificate) ?? new WeakMap<Certificate, boolean>();
  links.set(certificate, known);
  let signed = known.get(issuer);
  if (signed === undefined) {
    signed = verifies(certificate, issuer);
    known.set(issuer, signed);
  }
  return signed;
}

function verifies({ signatureAlgorithm, tbs, signature }: Certificate, issuer: Certificate): boolean {
  try {
    return verifySignature(publicKeyOf(issuer), signatureAlgorithm, tbs, signature);
  } catch (error) {
    if (isSealyardError(error)) return false;
    throw error;
  }
}

export function isSelfSigned(certificate: Certificate): boolean {
  return isSelfIssued(certificate) && isSignedBy(certificate, certificate);
}

/** True where both certify one name and key: two certificates of one authority. */
export function isSameAuthority(a: Certificate, b: Certificate): boolean {
  return equalBytes(a.spki, b.spki) && sameName(a.subject, b.subject);
}

/**
 * Every chain from the given certificates of one authority to a self-signed one, in the order of `starts` and `pool`.
 * No chain passes an authority twice, so that authorities which certify each other do not go round for ever.
 * @param starts the authority's own certificate first, cross-certificates after it
 * @param pool CA certificates; earlier ones are preferred
 */
export function chainsOf(
  starts: readonly Certificate[],
  pool: readonly Certificate[],
): readonly (readonly [Certificate, ...Certificate[]])[] {
  const found: [Certificate, ...Certificate[]][] = [];
  let steps = 0;
  const extend = (path: [Certificate, ...Certificate[]]): void => {
    const last = path.at(-1) ?? path[0];
    if (isSelfSigned(last)) {
      found.push(path);
      return;
    }
    if (path.length === MAX_LENGTH) return;
    for (const issuer of pool) {
      if (found.length === MAX_CHAINS || ++steps > MAX_STEPS) return;
      if (!isSignedBy(last, issuer) || path.some((each) => isSameAuthority(each, issuer))) continue;
      extend([...path, issuer]);
    }
  };
  for (const start of starts) extend([start]);
  return found;
}

/**
 * How many authorities may stand below the first of a chain (RFC 5280 §6.1.4 l–m), whoever above it says so.
 * @returns `undefined`: nobody limits it
 */
export function roomBelow(chain: readonly Certificate[]): number | undefined {
  let room: number | undefined;
  let between = 0;
  for (const each of chain) {
    const limit = each.basicConstraints?.pathLength;
    if (limit !== undefined) room = Math.min(room ?? limit, limit - between);
    if (!isSelfIssued(each)) between++;
  }
  return room;
}

/** The extended key usages that a chain leaves: those that all of it allow. `undefined`: any. */
export function usagesBelow(chain: readonly Certificate[]): readonly string[] | undefined {
  let left: readonly string[] | undefined;
  for (const { extendedKeyUsage: usages } of chain) {
    if (usages === undefined || usages.includes(OID.anyExtendedKeyUsage)) continue;
    left = left === undefined ? usages : left.filter((oid) => usages.includes(oid));
  }
  return left;
}
