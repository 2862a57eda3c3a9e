// A checkpoint proved to be its log's: the signature line of the log verified, cosignatures of known witnesses counted.
import { readSpki } from '../formats/algorithms.ts';
import {
  type Checkpoint,
  cosignedMessage,
  NOTE_TYPE,
  type Note,
  type NoteSignature,
  noteKeyId,
  parseCheckpoint,
  parseNote,
  spkiKeyId,
} from '../formats/note.ts';
import { decodeTreeHeadSignature, treeHeadBytes } from '../formats/static-ct.ts';
import { concat, equalBytes, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { defaultAlgorithm, type PublicKey, verifySignature } from './key.ts';
import type { WitnessKey } from './trust.ts';

export interface CheckpointOptions {
  /** The key name under which the log signs checkpoints of this origin; `undefined` if the origin is not this log's. */
  readonly nameFor: (origin: string) => string | undefined;
  readonly key: PublicKey;
  /** `rfc6962`: static-CT, a TreeHeadSignature instead of one over the note's text. */
  readonly form: 'note' | 'rfc6962';
  readonly witnesses: readonly WitnessKey[];
}

export interface VerifiedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Names of the known witnesses that cosigned, each once. */
  readonly cosigners: readonly string[];
}

/**
 * Verifies a checkpoint's signed note.
 * @throws SealyardError `SY-NOTE-MALFORMED`, `SY-CHECKPOINT-MALFORMED`, `SY-VERIFY-CHECKPOINT-MISMATCH` (another
 *   origin), `SY-VERIFY-CHECKPOINT-SIGNATURE`
 */
export function verifyCheckpoint(text: string, options: CheckpointOptions): VerifiedCheckpoint {
  const note = parseNote(text);
  const checkpoint = parseCheckpoint(note.text);
  const name = options.nameFor(checkpoint.origin);
  if (name === undefined) throw new SealyardError('SY-VERIFY-CHECKPOINT-MISMATCH', 'origin');
  const hint = checkpointKeyId(name, options.key, options.form).slice(0, 4);
  const lines = note.signatures.filter((line) => line.name === name && equalBytes(line.keyHint, hint));
  if (lines.length === 0) throw new SealyardError('SY-VERIFY-CHECKPOINT-SIGNATURE', 'no line of the log');
  // signed-note: a line of a known key that does not verify spoils the note.
  if (!lines.every((line) => isSignedBy(note, checkpoint, line, options)))
    throw new SealyardError('SY-VERIFY-CHECKPOINT-SIGNATURE');
  return { checkpoint, cosigners: cosignersOf(note, options.witnesses) };
}

/**
 * The id of a log's checkpoint key, 32 bytes: SHA-256(SPKI) for ECDSA, C2SP's for Ed25519 and static-CT, and the
 * spelled-out type of rekor-tiles for RSA.
 */
export function checkpointKeyId(name: string, key: PublicKey, form: 'note' | 'rfc6962'): Uint8Array {
  if (form === 'rfc6962') return noteKeyId(name, NOTE_TYPE.rfc6962, spkiKeyId(key.spki));
  if (key.algorithm === 'ed25519') return noteKeyId(name, NOTE_TYPE.ed25519, readSpki(key.spki).key);
  if (key.algorithm === 'rsa') return noteKeyId(name, 0xff, concat(toUtf8('PKIX-RSA-PKCS#1v1.5'), key.spki));
  return spkiKeyId(key.spki);
}

function isSignedBy(
  note: Note,
  checkpoint: Checkpoint,
  line: NoteSignature,
  { key, form }: CheckpointOptions,
): boolean {
  if (form === 'note') return verifySignature(key, defaultAlgorithm(key), toUtf8(note.text), line.signature);
  // static-ct-api: the tree head does not cover extension lines, so there must be none.
  if (checkpoint.extensions.length > 0) return false;
  const { timestampMs, algorithm, signature } = decodeTreeHeadSignature(line.signature);
  return verifySignature(key, algorithm, treeHeadBytes({ timestampMs, ...checkpoint }), signature);
}

// C2SP tlog-cosignature: u64 seconds, then the Ed25519 signature over time and note.
const COSIGNATURE_BYTES = 8 + 64;

function cosignersOf(note: Note, witnesses: readonly WitnessKey[]): string[] {
  const cosigners = new Set<string>();
  for (const line of note.signatures) {
    const witness = witnesses.find(
      ({ name, keyHint }) => name === line.name && equalBytes(keyHint, line.keyHint),
    );
    if (witness === undefined) continue;
    if (!isCosigned(note.text, line.signature, witness.key))
      throw new SealyardError('SY-VERIFY-CHECKPOINT-SIGNATURE', 'a cosignature of a known witness');
    cosigners.add(witness.name);
  }
  return [...cosigners];
}

function isCosigned(text: string, cosignature: Uint8Array, key: PublicKey): boolean {
  if (cosignature.length !== COSIGNATURE_BYTES) return false;
  const view = new DataView(cosignature.buffer, cosignature.byteOffset, cosignature.byteLength);
  const timeSeconds = Number(view.getBigUint64(0));
  if (!Number.isSafeInteger(timeSeconds)) return false;
  return verifySignature(key, 'ed25519', cosignedMessage(text, timeSeconds), cosignature.slice(8));
}
