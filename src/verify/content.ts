// What a signature in a bundle is over, and whether it is over the artifact in question.
import { createHash } from 'node:crypto';
import { HASH_SIZES, type HashAlgorithm, hashOf, type SignatureAlgorithm } from '../formats/algorithms.ts';
import type { Bundle } from '../formats/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../formats/dsse.ts';
import { hashOfProtoName } from '../formats/rekor.ts';
import { parseStatement, type Statement } from '../formats/statement.ts';
import { equalBytes, fromHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { defaultAlgorithm, type PublicKey, verifyDigest, verifySignature } from './key.ts';

/** The artifact itself, or what is known of it. */
export type Artifact =
  /** SHA-256. */
  | { readonly digest: Uint8Array }
  | { readonly bytes: Uint8Array }
  | { readonly digests: Readonly<Partial<Record<HashAlgorithm, Uint8Array>>> };

export interface SignedContent {
  readonly signature: Uint8Array;
  /** The bytes that were signed; absent where only their digest is known. */
  readonly signed?: Uint8Array;
  /** Digest of the signed bytes, where it is known or can be had. */
  readonly digest: (hash: HashAlgorithm) => Uint8Array | undefined;
  /** Of an envelope. */
  readonly envelope?: { readonly payload: Uint8Array; readonly statement: Statement };
}

/**
 * The content of a bundle, held against the artifact. Nothing is verified yet.
 * @throws SealyardError `SY-VERIFY-ARTIFACT-MISMATCH`, `SY-VERIFY-PAYLOAD-TYPE`, `SY-STATEMENT-MALFORMED`
 */
export function contentOf(bundle: Bundle, artifact: Artifact): SignedContent {
  const digestOfArtifact = digestReader(artifact);
  const { content } = bundle;
  if (content.kind === 'message') {
    checkHint(content.digest, digestOfArtifact);
    const bytes = 'bytes' in artifact ? { signed: artifact.bytes } : {};
    return { signature: content.signature, digest: digestOfArtifact, ...bytes };
  }
  const { payload, payloadType, signatures } = content.envelope;
  const [first] = signatures;
  if (first === undefined) throw new SealyardError('SY-DSSE-MALFORMED', 'no signature');
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE) throw new SealyardError('SY-VERIFY-PAYLOAD-TYPE');
  const statement = parseStatement(payload);
  checkSubjects(statement, digestOfArtifact);
  const signed = preAuthEncoding(payloadType, payload);
  return {
    signature: first.sig,
    signed,
    digest: digestReader({ bytes: signed }),
    envelope: { payload, statement },
  };
}

function digestReader(artifact: Artifact): (hash: HashAlgorithm) => Uint8Array | undefined {
  if ('digest' in artifact) return digestReader({ digests: { sha256: artifact.digest } });
  if ('digests' in artifact) {
    for (const [hash, digest] of Object.entries(artifact.digests))
      if (digest.length !== HASH_SIZES[hash as HashAlgorithm]) throw new TypeError(`not a ${hash} digest`);
    return (hash) => artifact.digests[hash];
  }
  const known = new Map<HashAlgorithm, Uint8Array>();
  return (hash) => {
    const digest = known.get(hash) ?? new Uint8Array(createHash(hash).update(artifact.bytes).digest());
    known.set(hash, digest);
    return digest;
  };
}

type DigestReader = ReturnType<typeof digestReader>;

// The bundle's own digest is a hint that nobody signed; one that is wrong is refused all the same.
function checkHint(
  hint: { readonly algorithm: string; readonly value: Uint8Array } | undefined,
  digestOfArtifact: DigestReader,
): void {
  const hash = hint === undefined ? undefined : hashOfProtoName(hint.algorithm);
  if (hint === undefined || hash === undefined) return;
  const digest = digestOfArtifact(hash);
  if (digest !== undefined && !equalBytes(digest, hint.value))
    throw new SealyardError('SY-VERIFY-ARTIFACT-MISMATCH');
}

function checkSubjects(statement: Statement, digestOfArtifact: DigestReader): void {
  const about = statement.subject.some((subject) => {
    const compared = HASHES.flatMap((hash) => {
      const named = subject.digest[hash];
      const digest = named === undefined ? undefined : digestOfArtifact(hash);
      return named === undefined || digest === undefined ? [] : [equalBytes(digest, fromHex(named) ?? EMPTY)];
    });
    // A subject with two digests is the artifact only if none of them contradicts it.
    return compared.length > 0 && compared.every(Boolean);
  });
  if (!about) throw new SealyardError('SY-VERIFY-ARTIFACT-MISMATCH', 'no subject of the statement');
}

const HASHES = ['sha256', 'sha384', 'sha512'] as const;
const EMPTY = new Uint8Array(0);

/**
 * Verifies the signature with the key.
 * @throws SealyardError `SY-VERIFY-SIGNATURE-INVALID`, `SY-VERIFY-ARTIFACT-NEEDED`
 */
export function verifyContent(content: SignedContent, key: PublicKey): void {
  if (!algorithmsOf(key).some((algorithm) => isSigned(content, key, algorithm)))
    throw new SealyardError('SY-VERIFY-SIGNATURE-INVALID');
}

// Clients up to bundle 0.3 signed SHA-256 digests with P-384 and P-521 keys too (sigstore-go accepts both).
function algorithmsOf(key: PublicKey): SignatureAlgorithm[] {
  const algorithm = defaultAlgorithm(key);
  return key.algorithm === 'ec-p384' || key.algorithm === 'ec-p521'
    ? [algorithm, 'ecdsa-sha256']
    : [algorithm];
}

function isSigned(content: SignedContent, key: PublicKey, algorithm: SignatureAlgorithm): boolean {
  if (content.signed !== undefined) return verifySignature(key, algorithm, content.signed, content.signature);
  const hash = hashOf(algorithm);
  // Ed25519 and ML-DSA sign the bytes themselves.
  if (hash === undefined) throw new SealyardError('SY-VERIFY-ARTIFACT-NEEDED', algorithm);
  const digest = content.digest(hash);
  if (digest !== undefined) return verifyDigest(key, hash, digest, content.signature);
  if (hash === 'sha256' || content.digest('sha256') === undefined)
    throw new SealyardError('SY-VERIFY-ARTIFACT-NEEDED', hash);
  return false;
}
