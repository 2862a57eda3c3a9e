// C2SP signed notes and the checkpoints in them (tlog-checkpoint); who may sign is decided in `verify/`.
import { createHash } from 'node:crypto';
import { concat, fromBase64, toBase64, toHex, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';

export interface NoteSignature {
  readonly name: string;
  /** 4 bytes: the first of the key id. */
  readonly keyHint: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** What is signed, with its final newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly rootHash: Uint8Array;
  readonly extensions: readonly string[];
}

const MAX_NOTE_LENGTH = 1024 * 1024;
// The specification asks for at least 16.
const MAX_SIGNATURES = 64;
const MAX_EXTENSIONS = 64;
const SIGNATURE_LINE = /^— ([^\s+]{1,1024}) ([A-Za-z0-9+/]{8,32768}={0,2})$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the specification forbids exactly these (signed-note, "Format")
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/**
 * Reads a note; at least one signature line must be there.
 * @throws SealyardError `SY-NOTE-MALFORMED`
 */
export function parseNote(text: string): Note {
  if (text.length > MAX_NOTE_LENGTH) refuseNote('too long');
  if (CONTROL.test(text)) refuseNote('control character');
  if (!text.isWellFormed()) refuseNote('not UTF-8');
  // The last empty line parts text and signatures: the text may have empty lines of its own.
  const split = text.lastIndexOf('\n\n');
  if (split < 0 || !text.endsWith('\n')) refuseNote('no signatures');
  const lines = text.slice(split + 2, -1).split('\n', MAX_SIGNATURES + 1);
  if (lines.length > MAX_SIGNATURES) refuseNote(`more than ${MAX_SIGNATURES} signatures`);
  return { text: text.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const match = SIGNATURE_LINE.exec(line);
  const bytes = match?.[2] === undefined ? undefined : fromBase64(match[2]);
  const name = match?.[1];
  if (name === undefined || bytes === undefined || bytes.length < 5) refuseNote('signature line');
  return { name, keyHint: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** The note as text. */
export function encodeNote(note: Note): string {
  const lines = note.signatures.map(
    ({ name, keyHint, signature }) => `— ${name} ${toBase64(concat(keyHint, signature))}\n`,
  );
  return `${note.text}\n${lines.join('')}`;
}

/**
 * Reads a checkpoint from a note's text: origin, decimal size, root hash, then extension lines.
 * @throws SealyardError `SY-CHECKPOINT-MALFORMED`
 */
export function parseCheckpoint(noteText: string): Checkpoint {
  if (!noteText.endsWith('\n')) refuseCheckpoint('no final newline');
  const [origin, size, root, ...extensions] = noteText.slice(0, -1).split('\n', MAX_EXTENSIONS + 4);
  if (origin === undefined || origin === '') refuseCheckpoint('origin');
  if (size === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    refuseCheckpoint('size');
  const rootHash = root === undefined ? undefined : fromBase64(root);
  if (rootHash === undefined || rootHash.length !== 32) refuseCheckpoint('root hash');
  if (extensions.length > MAX_EXTENSIONS || extensions.includes('')) refuseCheckpoint('extension lines');
  return { origin, size: Number(size), rootHash, extensions };
}

/** The note text of a checkpoint, to be signed. */
export function encodeCheckpoint(checkpoint: Checkpoint): string {
  const lines = [
    checkpoint.origin,
    `${checkpoint.size}`,
    toBase64(checkpoint.rootHash),
    ...checkpoint.extensions,
  ];
  if (lines.some((line) => line === '' || line.includes('\n')))
    throw new TypeError('a checkpoint line is empty');
  return `${lines.join('\n')}\n`;
}

/** Signature types of C2SP signed-note. */
export const NOTE_TYPE = { ed25519: 0x01, ecdsa: 0x02, cosignature: 0x04, rfc6962: 0x05 } as const;

/**
 * SHA-256(name ‖ 0x0A ‖ type ‖ key) (signed-note, "Signatures"): 32 bytes, the first four are the hint.
 * `key` is the 32-byte Ed25519 key for types 1 and 4, and the RFC 6962 log id for type 5.
 */
export function noteKeyId(name: string, type: number, key: Uint8Array): Uint8Array {
  const hash = createHash('sha256')
    .update(toUtf8(`${name}\n`))
    .update(Uint8Array.of(type))
    .update(key);
  return new Uint8Array(hash.digest());
}

/** SHA-256(SPKI): the key id of ECDSA note signatures (type 2), and the RFC 6962 log id of any key. */
export function spkiKeyId(spki: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(spki).digest());
}

export interface VerifierKey {
  readonly name: string;
  /** First four bytes of the key id. */
  readonly keyHint: Uint8Array;
  readonly type: number;
  readonly key: Uint8Array;
}

/**
 * Reads a verifier key, `<name>+<hint>+<base64 of type and key>` (signed-note, "Verifier keys"). The hint must be the
 * one that name, type and key give.
 * @throws SealyardError `SY-NOTE-MALFORMED`
 */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^([^\s+]{1,1024})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{4,8192}={0,2})$/u.exec(text);
  const [, name = '', hint = '', encoded = ''] = match ?? [];
  const bytes = fromBase64(encoded);
  const [type] = bytes ?? [];
  if (match === null || bytes === undefined || type === undefined) refuseNote('verifier key');
  const key = bytes.slice(1);
  const keyHint = noteKeyId(name, type, key).slice(0, 4);
  if (toHex(keyHint) !== hint) refuseNote('the hint of the verifier key is another');
  return { name, keyHint, type, key };
}

/** What a witness signs at `timeSeconds` (C2SP tlog-cosignature, Ed25519). */
export function cosignedMessage(noteText: string, timeSeconds: number): Uint8Array {
  return toUtf8(`cosignature/v1\ntime ${timeSeconds}\n${noteText}`);
}

function refuseNote(detail: string): never {
  throw new SealyardError('SY-NOTE-MALFORMED', detail);
}

function refuseCheckpoint(detail: string): never {
  throw new SealyardError('SY-CHECKPOINT-MALFORMED', detail);
}
