// A log entry of a bundle: about this very signature, and proved or promised by a log that is trusted.
import { createHash } from 'node:crypto';
import type { TransparencyEntry } from '../formats/bundle.ts';
import { leafHash, verifyInclusion } from '../formats/merkle.ts';
import {
  type EntryBody,
  type LoggedSignature,
  type LoggedVerifier,
  parseEntryBody,
  signedEntryTimestampBytes,
} from '../formats/rekor.ts';
import { isWithin } from '../formats/trusted-root.ts';
import { equalBytes, toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { type VerifiedCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import type { SignedContent } from './content.ts';
import type { VerifiedEntry, VerifiedTime } from './facts.ts';
import { defaultAlgorithm, verifySignature } from './key.ts';
import type { LogKey, TrustMaterial } from './trust.ts';

export interface EntryOptions {
  readonly trust: TrustMaterial;
  readonly content: SignedContent;
  /** The certificate or key of the bundle, which the entry must name. */
  readonly verifier: LoggedVerifier;
}

export interface EntryResult {
  readonly entry: VerifiedEntry;
  readonly log: LogKey;
  /** Only from a verified promise: a proof does not cover the time. */
  readonly time?: VerifiedTime;
}

/**
 * Verifies one entry. An entry of a log that is not trusted proves nothing and is passed over.
 * @returns `undefined` for an unknown log
 * @throws SealyardError `SY-ENTRY-MALFORMED`, `SY-VERIFY-LOG-*`, `SY-VERIFY-SET-INVALID`, `SY-VERIFY-CHECKPOINT-*`
 */
export function verifyLogEntry(entry: TransparencyEntry, options: EntryOptions): EntryResult | undefined {
  const logs = options.trust.tlogs.get(toHex(entry.logId));
  if (logs === undefined) return undefined;
  const body = parseEntryBody(entry.canonicalizedBody);
  if (body.kind !== entry.kind || body.version !== entry.version)
    throw new SealyardError('SY-VERIFY-LOG-ENTRY-MISMATCH', 'kind and version');
  compareWithBundle(body, options);
  const isV2 = body.version === '0.0.2' && body.kind === 'hashedrekord';
  if (entry.inclusionProof === undefined && (isV2 || entry.inclusionPromise === undefined))
    throw new SealyardError('SY-VERIFY-LOG-PROOF-MISSING');
  const log = logFor(entry, logs);
  const time = verifyPromise(entry, log);
  const proved = verifyProof(entry, log, options.trust);
  return {
    entry: {
      origin: proved?.checkpoint.origin ?? log.host,
      logId: entry.logId,
      index: entry.logIndex,
      cosigners: proved?.cosigners.length ?? 0,
      ...(proved === undefined ? {} : { checkpoint: proved.checkpoint }),
    },
    log,
    ...(time === undefined ? {} : { time }),
  };
}

// One key may stand in the trusted root for several windows: the one of the entry's own time counts.
function logFor(entry: TransparencyEntry, logs: readonly LogKey[]): LogKey {
  const at = integrationTime(entry);
  const log = at === undefined ? logs[0] : logs.find(({ validFor }) => isWithin(validFor, at));
  if (log === undefined) throw new SealyardError('SY-VERIFY-LOG-TIME');
  return log;
}

function integrationTime(entry: TransparencyEntry): Date | undefined {
  if (entry.inclusionPromise === undefined || entry.integratedTime === undefined) return undefined;
  const at = new Date(entry.integratedTime * 1000);
  if (Number.isNaN(at.getTime())) throw new SealyardError('SY-VERIFY-LOG-TIME', 'no such time');
  return at;
}

/** The signed entry timestamp (Rekor v1): the log's promise, and the only thing that vouches for the time. */
function verifyPromise(entry: TransparencyEntry, log: LogKey): VerifiedTime | undefined {
  const { inclusionPromise, integratedTime } = entry;
  if (inclusionPromise === undefined) return undefined;
  const at = integrationTime(entry);
  if (integratedTime === undefined || at === undefined)
    throw new SealyardError('SY-VERIFY-SET-INVALID', 'no time');
  const signed = signedEntryTimestampBytes({ ...entry, integratedTime });
  if (!verifySignature(log.key, defaultAlgorithm(log.key), signed, inclusionPromise))
    throw new SealyardError('SY-VERIFY-SET-INVALID');
  return { source: 'log', at, authority: log.baseUrl };
}

function verifyProof(
  entry: TransparencyEntry,
  log: LogKey,
  trust: TrustMaterial,
): VerifiedCheckpoint | undefined {
  const proof = entry.inclusionProof;
  if (proof === undefined) return undefined;
  const included = verifyInclusion({
    index: proof.logIndex,
    size: proof.treeSize,
    leafHash: leafHash(entry.canonicalizedBody),
    proof: proof.hashes,
    root: proof.rootHash,
  });
  if (!included) throw new SealyardError('SY-VERIFY-LOG-PROOF-INVALID');
  if (proof.checkpoint === undefined) throw new SealyardError('SY-VERIFY-LOG-PROOF-MISSING', 'no checkpoint');
  const { key } = log;
  const nameFor = (origin: string): string | undefined => keyNameOf(origin, log);
  const proved = verifyCheckpoint(proof.checkpoint, {
    nameFor,
    key,
    form: 'note',
    witnesses: trust.witnesses,
  });
  const { checkpoint } = proved;
  if (checkpoint.size !== proof.treeSize || !equalBytes(checkpoint.rootHash, proof.rootHash))
    throw new SealyardError('SY-VERIFY-CHECKPOINT-MISMATCH');
  // Rekor v1 counts across shards, so that there the two indexes differ.
  if (isSingleTree(checkpoint.origin) && proof.logIndex !== entry.logIndex)
    throw new SealyardError('SY-VERIFY-LOG-PROOF-INVALID', 'two indexes');
  return proved;
}

const TREE_ID = / - [0-9]{1,20}$/;

function isSingleTree(origin: string): boolean {
  return !TREE_ID.test(origin);
}

/**
 * Rekor v1 signs as `<host>` what has the origin `<host> - <tree id>`; v2 uses the host of the log's URL for both.
 * The host of v1 is the server's own setting and may differ from the URL's: the key decides.
 */
function keyNameOf(origin: string, log: LogKey): string | undefined {
  if (!isSingleTree(origin)) return origin.replace(TREE_ID, '');
  return log.host !== '' && origin === log.host ? origin : undefined;
}

function compareWithBundle(body: EntryBody, { content, verifier }: EntryOptions): void {
  const isSame = body.kind === 'hashedrekord' ? sameRecord(body, content) : sameEnvelope(body, content);
  const [logged, ...more] = body.kind === 'hashedrekord' ? [body] : body.signatures;
  if (!isSame || logged === undefined || more.length > 0)
    throw new SealyardError('SY-VERIFY-LOG-ENTRY-MISMATCH');
  checkSignature(logged, content, verifier);
}

function sameRecord(body: EntryBody & { kind: 'hashedrekord' }, content: SignedContent): boolean {
  // Rekor v1 logs envelopes as dsse or intoto; a hashedrekord of one could not have been verified by it.
  if (body.version === '0.0.1' && content.envelope !== undefined) return false;
  const digest = content.digest(body.digest.algorithm);
  if (digest === undefined) throw new SealyardError('SY-VERIFY-ARTIFACT-NEEDED', body.digest.algorithm);
  return equalBytes(digest, body.digest.value);
}

function sameEnvelope(body: EntryBody & { kind: 'dsse' | 'intoto' }, content: SignedContent): boolean {
  if (content.envelope === undefined) return false;
  const hash = createHash(body.payloadHash.algorithm).update(content.envelope.payload).digest();
  return equalBytes(hash, body.payloadHash.value);
}

function checkSignature(logged: LoggedSignature, content: SignedContent, verifier: LoggedVerifier): void {
  if (!equalBytes(logged.signature, content.signature))
    throw new SealyardError('SY-VERIFY-LOG-ENTRY-MISMATCH', 'signature');
  const a = logged.verifier;
  const same =
    (a.kind === 'certificate' && verifier.kind === 'certificate' && equalBytes(a.der, verifier.der)) ||
    (a.kind === 'public-key' && verifier.kind === 'public-key' && equalBytes(a.spki, verifier.spki));
  if (!same) throw new SealyardError('SY-VERIFY-LOG-ENTRY-MISMATCH', 'certificate or key');
}
