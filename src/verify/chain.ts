// Certification paths: built from what is at hand with bounded work, and validated in full (RFC 5280 §6.1).
import { type Certificate, isSelfIssued } from '../formats/x509/certificate.ts';
import { sameName } from '../formats/x509/names.ts';
import { type KeyUsage, OID } from '../formats/x509/oids.ts';
import { equalBytes } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import {
  BELOW_ANCHOR_RULES,
  CERTIFICATE_RULES,
  type CertificateRule,
  firstFault,
  ISSUER_RULES,
} from './certificate-rules.ts';
import { OUTSIDE_KEYS, type PublicKey, readPublicKey, verifySignature } from './key.ts';
import { checkNameConstraints } from './name-constraints.ts';
import { demandName, type ExpectedName } from './names.ts';
import { checkPolicies } from './policies.ts';

export type { ExpectedName } from './names.ts';

export interface PathOptions {
  readonly leaf: Certificate;
  /** Untrusted, in any order; at most 256. */
  readonly intermediates: readonly Certificate[];
  /** Trusted. They must be CA certificates that are valid at the time, but need not be self-signed. */
  readonly anchors: readonly Certificate[];
  readonly at: Date;
  /** OID that the leaf, and every authority that restricts itself, must allow. */
  readonly extendedKeyUsage?: string;
  /** Demands that the leaf itself names the usage, which RFC 5280 §4.2.1.12 leaves to applications. */
  readonly extendedKeyUsageRequired?: boolean;
  /** The leaf's keyUsage, where it has one, must allow these. */
  readonly keyUsage?: readonly KeyUsage[];
  /** A name that the leaf must be for. */
  readonly name?: ExpectedName;
  /** Intermediates between leaf and anchor, self-issued ones not counted; 8 where absent. */
  readonly maxDepth?: number;
}

const DEFAULT_DEPTH = 8;
/** Real paths need one check for each link; cross-signed webs some more. */
const MAX_SIGNATURE_CHECKS = 64;
const MAX_CANDIDATES = 4096;
const MAX_INTERMEDIATES = 256;

/**
 * Finds and validates a path. Self-issued intermediates, cross-signatures and dead ends are followed, within a bound
 * on signature checks whatever was supplied.
 * @returns leaf … anchor
 * @throws SealyardError `SY-CHAIN-*`, `SY-KEY-*`: why the most promising path failed
 */
export function validatePath(options: PathOptions): readonly Certificate[] {
  if (options.intermediates.length > MAX_INTERMEDIATES)
    throw new SealyardError('SY-CHAIN-TOO-COSTLY', `${options.intermediates.length} intermediates`);
  checkCertificate(options.leaf, options);
  demandRules(options.leaf, BELOW_ANCHOR_RULES);
  checkLeaf(options);
  const search = new Search(options);
  const found = search.extend([options.leaf], 0);
  if (found !== undefined) return found;
  throw search.reason ?? new SealyardError('SY-CHAIN-NO-PATH', options.leaf.issuer.text);
}

/** Rules of the leaf in its role; those of every certificate come before. */
function checkLeaf({ leaf, keyUsage = [], name, extendedKeyUsageRequired = false }: PathOptions): void {
  publicKeyOf(leaf);
  const missing = leaf.keyUsage && keyUsage.find((usage) => leaf.keyUsage?.has(usage) === false);
  if (missing !== undefined) throw new SealyardError('SY-CHAIN-KEY-USAGE', missing);
  if (extendedKeyUsageRequired && leaf.extendedKeyUsage === undefined)
    throw new SealyardError('SY-CHAIN-KEY-USAGE', 'no extendedKeyUsage');
  if (name !== undefined) demandName(leaf, name);
}

/** Depth-first from the leaf upwards. Keeps the reason of the failure that came closest to an anchor. */
class Search {
  readonly #options: PathOptions;
  readonly #maxDepth: number;
  #signatures = 0;
  #candidates = 0;
  #reason: { readonly error: SealyardError; readonly progress: number } | undefined;

  constructor(options: PathOptions) {
    this.#options = options;
    this.#maxDepth = options.maxDepth ?? DEFAULT_DEPTH;
  }

  get reason(): SealyardError | undefined {
    return this.#reason?.error;
  }

  /**
   * @param path leaf … the certificate whose issuer is looked for
   * @param depth intermediates in it that are not self-issued
   */
  extend(path: readonly Certificate[], depth: number): readonly Certificate[] | undefined {
    const last = path.at(-1);
    if (last === undefined) return undefined;
    for (const anchor of this.#issuersOf(last, this.#options.anchors)) {
      const complete = this.#attempt(path, anchor, depth, true);
      if (complete !== undefined) return complete;
    }
    for (const issuer of this.#issuersOf(last, this.#options.intermediates)) {
      if (path.includes(issuer)) continue;
      const complete = this.#attempt(path, issuer, depth, false);
      if (complete !== undefined) return complete;
    }
    return undefined;
  }

  /** Candidates by name, those whose key identifier fits first (a hint only: RFC 5280 §4.2.1.1). */
  #issuersOf(cert: Certificate, pool: readonly Certificate[]): Certificate[] {
    const named = pool.filter((candidate) => sameName(candidate.subject, cert.issuer));
    const fits = (candidate: Certificate): number => (identifies(candidate, cert) ? 0 : 1);
    return named.sort((a, b) => fits(a) - fits(b));
  }

  #attempt(
    path: readonly Certificate[],
    issuer: Certificate,
    depth: number,
    anchored: boolean,
  ): readonly Certificate[] | undefined {
    if (++this.#candidates > MAX_CANDIDATES)
      throw new SealyardError('SY-CHAIN-TOO-COSTLY', 'too many candidates');
    try {
      this.#checkLink(path, issuer, depth, anchored);
      const longer = [...path, issuer];
      if (!anchored) return this.#deeper(longer, depth);
      checkWhole(longer);
      return longer;
    } catch (error) {
      if (!isSealyardError(error) || error.code === 'SY-CHAIN-TOO-COSTLY') throw error;
      this.#note(error, path.length + (anchored ? 0.5 : 0));
      return undefined;
    }
  }

  #deeper(path: readonly Certificate[], depth: number): readonly Certificate[] | undefined {
    const last = path.at(-1);
    const deeper = last !== undefined && isSelfIssued(last) ? depth : depth + 1;
    // Self-issued certificates do not count, but cannot go on for ever either.
    if (deeper > this.#maxDepth || path.length > 2 * DEFAULT_DEPTH + this.#maxDepth)
      throw new SealyardError('SY-CHAIN-PATH-LENGTH', `more than ${this.#maxDepth} intermediates`);
    return this.extend(path, deeper);
  }

  /** Cheap rules first: a signature is checked only where nothing else is wrong. */
  #checkLink(path: readonly Certificate[], issuer: Certificate, depth: number, anchored: boolean): void {
    const last = path.at(-1);
    if (last === undefined) return;
    checkCertificate(issuer, this.#options);
    demandRules(issuer, ISSUER_RULES, ...(anchored ? [] : [BELOW_ANCHOR_RULES]));
    // RFC 5280 §6.1.4 l–m: `depth` counts what follows, the leaf and self-issued certificates aside.
    const limit = issuer.basicConstraints?.pathLength;
    if (limit !== undefined && depth > limit)
      throw new SealyardError('SY-CHAIN-PATH-LENGTH', issuer.subject.text);
    if (!this.#signed(last, issuer)) throw new SealyardError('SY-CHAIN-SIGNATURE', last.subject.text);
  }

  #signed(cert: Certificate, issuer: Certificate): boolean {
    const known = verified.get(cert) ?? new WeakMap<Certificate, boolean>();
    verified.set(cert, known);
    let valid = known.get(issuer);
    if (valid === undefined) {
      if (++this.#signatures > MAX_SIGNATURE_CHECKS)
        throw new SealyardError('SY-CHAIN-TOO-COSTLY', 'too many signatures');
      valid = verifySignature(publicKeyOf(issuer), cert.signatureAlgorithm, cert.tbs, cert.signature);
      known.set(issuer, valid);
    }
    return valid;
  }

  #note(error: SealyardError, progress: number): void {
    if (this.#reason === undefined || progress >= this.#reason.progress) this.#reason = { error, progress };
  }
}

function identifies(issuer: Certificate, cert: Certificate): boolean {
  const { authorityKeyId } = cert;
  const { subjectKeyId } = issuer;
  return (
    authorityKeyId !== undefined && subjectKeyId !== undefined && equalBytes(authorityKeyId, subjectKeyId)
  );
}

/** Rules that every certificate of a path keeps, the anchor included. */
function checkCertificate(cert: Certificate, { at, extendedKeyUsage }: PathOptions): void {
  const time = at.getTime();
  // RFC 5280 §4.1.2.5: both ends are inside. An unreadable date compares false and is refused.
  if (!(time >= cert.notBefore.getTime() && time <= cert.notAfter.getTime()))
    throw new SealyardError('SY-CHAIN-EXPIRED', cert.subject.text || `serial ${cert.serial}`);
  demandRules(cert, CERTIFICATE_RULES);
  if (extendedKeyUsage !== undefined && !allows(cert, extendedKeyUsage))
    throw new SealyardError(
      'SY-CHAIN-KEY-USAGE',
      `${cert.subject.text || cert.serial} excludes ${extendedKeyUsage}`,
    );
}

function demandRules(
  cert: Certificate,
  ...lists: readonly Readonly<Record<string, CertificateRule>>[]
): void {
  const fault = firstFault(cert, ...lists);
  if (fault !== undefined) throw new SealyardError(fault.code, fault.detail);
}

/** An authority that names usages restricts what is below it to them, as every implementation reads RFC 5280 §4.2.1.12. */
function allows({ extendedKeyUsage }: Certificate, wanted: string): boolean {
  if (extendedKeyUsage === undefined) return true;
  return extendedKeyUsage.includes(wanted) || extendedKeyUsage.includes(OID.anyExtendedKeyUsage);
}

/** What can be judged only from the anchor downwards. */
function checkWhole(path: readonly Certificate[]): void {
  checkNameConstraints(path);
  checkPolicies(path);
}

// Whether an issuer's key signed a certificate does not change with the path that asks: the links among trusted
// authorities (P-384, half a millisecond each) are verified once for each pair of certificate values.
const verified = new WeakMap<Certificate, WeakMap<Certificate, boolean>>();

// Parsed once for each certificate value: an issuer's key is used for every path through it.
const publicKeys = new WeakMap<Certificate, PublicKey>();

/**
 * The certificate's public key, parsed once.
 * @throws SealyardError `SY-KEY-WEAK`, `SY-KEY-UNSUPPORTED`
 */
export function publicKeyOf(cert: Certificate): PublicKey {
  let key = publicKeys.get(cert);
  if (key === undefined) {
    key = readPublicKey(cert.spki, OUTSIDE_KEYS);
    publicKeys.set(cert, key);
  }
  return key;
}
