// Verification of a Sigstore bundle: from somebody's bytes to facts, with trust material and nothing else.
import type { Bundle } from '../formats/bundle.ts';
import { SIGNATURE_PREDICATE_TYPE } from '../formats/statement.ts';
import { isWithin } from '../formats/trusted-root.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { toHex } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { asDigest, type Digest } from '../ground/ids.ts';
import { publicKeyOf } from './chain.ts';
import { type Artifact, contentOf, type SignedContent, verifyContent } from './content.ts';
import type { CertificateSigner, Facts, KeySigner, VerifiedSct, VerifiedTime } from './facts.ts';
import type { PublicKey } from './key.ts';
import { type EntryResult, verifyLogEntry } from './log-entry.ts';
import { verifyScts } from './sct.ts';
import { pathAtTimes, readChain, signerOf } from './signing-certificate.ts';
import { verifyTimestamp } from './timestamp.ts';
import type { AuthorityChain, TrustMaterial } from './trust.ts';

export type { Artifact } from './content.ts';

/** How much evidence is demanded, each counted by different authorities or logs. */
export interface VerifyRequirements {
  /** Signed times: timestamps, and times that a log signed. A certificate needs one in any case. */
  readonly timestampsAtLeast: number;
  readonly logEntriesAtLeast: number;
  /** For certificates only: a key has none. */
  readonly sctsAtLeast: number;
}

export interface VerifyOptions {
  readonly trust: TrustMaterial;
  readonly artifact: Artifact;
  /** The key that must have signed. Without it a certificate must have. */
  readonly key?: PublicKey;
  readonly require: VerifyRequirements;
}

/**
 * Verifies a bundle. Time comes from its evidence alone, so the answer is the same whenever it is asked.
 * @returns what it proves; who may sign what is policy's to say
 * @throws SealyardError `SY-VERIFY-*`, `SY-X509-*`, `SY-KEY-*`, `SY-STATEMENT-MALFORMED`, `SY-ENTRY-MALFORMED`,
 *   `SY-NOTE-MALFORMED`, `SY-CHECKPOINT-MALFORMED`, `SY-TIMESTAMP-*`
 */
export function verifyBundle(bundle: Bundle, options: VerifyOptions): Facts {
  // Life of a signature, step 13: from a bundle to facts, or a reason why not.
  checkRequirements(options.require);
  const signing = signingKeyOf(bundle, options.key);
  const content = contentOf(bundle, options.artifact);
  verifyContent(content, signing.key);
  const logged = verifyEntries(bundle, content, signing, options);
  const times = verifiedTimes(bundle, content.signature, logged, options);
  const signed = verifySigner(signing, times, options);
  return {
    ...meaningOf(content),
    ...signed,
    times,
    entries: logged.map(({ entry }) => entry),
  };
}

function checkRequirements(require: VerifyRequirements): void {
  for (const count of [require.timestampsAtLeast, require.logEntriesAtLeast, require.sctsAtLeast])
    if (!Number.isSafeInteger(count) || count < 0) throw new TypeError('a requirement is a count');
}

type SigningKey =
  | {
      readonly kind: 'certificate';
      readonly key: PublicKey;
      readonly chain: readonly [Certificate, ...Certificate[]];
    }
  | { readonly kind: 'key'; readonly key: PublicKey };

function signingKeyOf({ material }: Bundle, key: PublicKey | undefined): SigningKey {
  if (material.kind === 'public-key') {
    if (key === undefined) throw new SealyardError('SY-VERIFY-KEY-REQUIRED');
    return { kind: 'key', key };
  }
  if (key !== undefined) throw new SealyardError('SY-VERIFY-KEY-UNEXPECTED');
  const chain = readChain(material.chain);
  return { kind: 'certificate', key: publicKeyOf(chain[0]), chain };
}

function verifyEntries(
  bundle: Bundle,
  content: SignedContent,
  signing: SigningKey,
  { trust, require }: VerifyOptions,
): readonly EntryResult[] {
  const names = bundle.entries.map(({ logId, logIndex }) => `${toHex(logId)} ${logIndex}`);
  if (new Set(names).size !== names.length) throw new SealyardError('SY-VERIFY-LOG-ENTRY-DUPLICATE');
  const verifier =
    signing.kind === 'certificate'
      ? ({ kind: 'certificate', der: signing.chain[0].der } as const)
      : ({ kind: 'public-key', spki: signing.key.spki } as const);
  const results = bundle.entries.flatMap(
    (entry) => verifyLogEntry(entry, { trust, content, verifier }) ?? [],
  );
  const logs = new Set(results.map(({ entry }) => toHex(entry.logId))).size;
  if (logs < require.logEntriesAtLeast)
    throw new SealyardError('SY-VERIFY-LOG-ENTRIES-MISSING', `${logs} of ${require.logEntriesAtLeast}`);
  return results;
}

function verifiedTimes(
  bundle: Bundle,
  signature: Uint8Array,
  logged: readonly EntryResult[],
  { trust, require }: VerifyOptions,
): readonly VerifiedTime[] {
  const stamped = new TimestampReader(trust.timestampAuthorities, signature);
  const times = [
    ...logged.flatMap(({ time }) => time ?? []),
    ...bundle.timestamps.flatMap((timestamp) => stamped.read(timestamp) ?? []),
  ];
  const authorities = new Set(times.map(({ source, authority }) => `${source} ${authority}`)).size;
  // A bundle by key may do without a time; one by certificate may not, since its key lived for minutes.
  const atLeast = Math.max(require.timestampsAtLeast, bundle.material.kind === 'certificate' ? 1 : 0);
  if (authorities < atLeast)
    throw stamped.reason ?? new SealyardError('SY-VERIFY-TIMESTAMPS-MISSING', `${authorities} of ${atLeast}`);
  checkLogTimes(logged, times);
  return times;
}

// A log without signed times (Rekor v2) must have been trusted when the signature was stamped: a key that was
// withdrawn could otherwise vouch for signatures of today.
function checkLogTimes(logged: readonly EntryResult[], times: readonly VerifiedTime[]): void {
  for (const { log, time } of logged)
    if (time === undefined && times.length > 0 && !times.some(({ at }) => isWithin(log.validFor, at)))
      throw new SealyardError('SY-VERIFY-LOG-TIME', log.baseUrl);
}

/** Reads timestamps and remembers why the first one did not count, for the answer where too few do. */
class TimestampReader {
  readonly #authorities: readonly AuthorityChain[];
  readonly #signature: Uint8Array;
  reason: SealyardError | undefined;

  constructor(authorities: readonly AuthorityChain[], signature: Uint8Array) {
    this.#authorities = authorities;
    this.#signature = signature;
  }

  read(response: Uint8Array): VerifiedTime | undefined {
    for (const authority of this.#authorities) {
      try {
        return this.#readAs(response, authority);
      } catch (error) {
        if (!isSealyardError(error)) throw error;
        // That another authority signed it is the least telling of reasons.
        if (this.reason === undefined || this.reason.code === 'SY-TIMESTAMP-SIGNER') this.reason = error;
      }
    }
    return undefined;
  }

  #readAs(response: Uint8Array, authority: AuthorityChain): VerifiedTime {
    const { at } = verifyTimestamp({
      response,
      imprint: { message: this.#signature },
      anchors: [authority.anchor],
      intermediates: authority.intermediates,
      ...(authority.leaf === undefined ? {} : { leaf: authority.leaf }),
    });
    if (!isWithin(authority.validFor, at))
      throw new SealyardError('SY-VERIFY-TIMESTAMPS-MISSING', `${authority.uri} was not trusted at the time`);
    return { source: 'timestamp', at, authority: authority.uri };
  }
}

function verifySigner(
  signing: SigningKey,
  times: readonly VerifiedTime[],
  { trust, require }: VerifyOptions,
): { readonly signer: CertificateSigner | KeySigner; readonly sct?: VerifiedSct } {
  if (signing.kind === 'key') {
    if (require.sctsAtLeast > 0) throw new SealyardError('SY-VERIFY-SCT-MISSING', 'a key has none');
    return { signer: { kind: 'key', spki: signing.key.spki } };
  }
  const instants = times.map(({ at }) => at);
  const chain = pathAtTimes(signing.chain, instants, trust);
  const [certificate, issuer] = chain;
  if (certificate === undefined || issuer === undefined)
    throw new SealyardError('SY-VERIFY-CERTIFICATE-UNTRUSTED', 'no issuer');
  const [sct] = verifyScts({ certificate, issuer, ctlogs: trust.ctlogs, atLeast: require.sctsAtLeast });
  const signer = signerOf(chain);
  return sct === undefined ? { signer } : { signer, sct };
}

/** An attestation never stands in for a signature: what the envelope says decides which of them it is. */
function meaningOf(content: SignedContent): Pick<Facts, 'kind' | 'subjects' | 'predicateType' | 'predicate'> {
  if (content.envelope === undefined) {
    const digest = content.digest('sha256');
    return { kind: 'signature', subjects: digest === undefined ? [] : digests([toHex(digest)]) };
  }
  const { subject, predicateType, predicate } = content.envelope.statement;
  return {
    kind: predicateType === SIGNATURE_PREDICATE_TYPE ? 'signature' : 'attestation',
    subjects: digests(subject.flatMap(({ digest }) => digest['sha256'] ?? [])),
    predicateType,
    predicate,
  };
}

function digests(hex: readonly string[]): readonly Digest[] {
  return hex.flatMap((value) => asDigest(`sha256:${value}`) ?? []);
}
