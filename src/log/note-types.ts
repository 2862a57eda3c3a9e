// How each kind of log signs its checkpoint: one row per note type.
import { encodeCheckpoint, encodeNote, NOTE_TYPE, noteKeyId, spkiKeyId } from '../formats/note.ts';
import { concat, toUtf8 } from '../ground/bytes.ts';
import type { LogSpec, NoteType, TreeHead } from './ports.ts';

interface NoteRules {
  /** The 32-byte id by which trust material and entries know the log. */
  readonly logId: (spec: LogSpec) => Uint8Array;
  /** First four bytes of the note's key id. */
  readonly keyHint: (spec: LogSpec) => Uint8Array;
  readonly sign: (spec: LogSpec, text: string, head: TreeHead, timeMs: number) => Promise<Uint8Array>;
}

const RULES: Readonly<Record<NoteType, NoteRules>> = {
  // As Rekor v2 and its clients have it: the key id is SHA-256(SPKI), and the signature is over the text itself.
  'ecdsa-sigstore': {
    logId: (spec) => spkiKeyId(spec.signer.publicKey.spki),
    keyHint: (spec) => spkiKeyId(spec.signer.publicKey.spki).slice(0, 4),
    sign: (spec, text) => spec.signer.sign(spec.signer.purpose, toUtf8(text)),
  },
  // C2SP signed-note, type 0x01.
  ed25519: {
    logId: ed25519KeyId,
    keyHint: (spec) => ed25519KeyId(spec).slice(0, 4),
    sign: (spec, text) => spec.signer.sign(spec.signer.purpose, toUtf8(text)),
  },
  // static-ct-api, "Checkpoints": the note signature wraps an RFC 6962 TreeHeadSignature with its timestamp.
  rfc6962: {
    logId: (spec) => spkiKeyId(spec.signer.publicKey.spki),
    keyHint: (spec) =>
      noteKeyId(spec.origin, NOTE_TYPE.rfc6962, spkiKeyId(spec.signer.publicKey.spki)).slice(0, 4),
    sign: async (spec, _text, head, timeMs) => {
      const signature = await spec.signer.sign(spec.signer.purpose, treeHeadSigned(head, timeMs));
      return concat(bigEndian(timeMs, 8), DIGITALLY_SIGNED_ECDSA, bigEndian(signature.length, 2), signature);
    },
  },
};

/** RFC 5246 §4.7: hash sha256(4), signature ecdsa(3). */
const DIGITALLY_SIGNED_ECDSA = Uint8Array.of(4, 3);

export function logIdOf(spec: LogSpec): Uint8Array {
  return RULES[spec.noteType].logId(spec);
}

/** Signs the head as a checkpoint note. `timeMs` is only in notes of type `rfc6962`. */
export async function signCheckpoint(spec: LogSpec, head: TreeHead, timeMs: number): Promise<string> {
  const rules = RULES[spec.noteType];
  const text = encodeCheckpoint({
    origin: spec.origin,
    size: head.size,
    rootHash: head.rootHash,
    extensions: [],
  });
  const signature = await rules.sign(spec, text, head, timeMs);
  return encodeNote({ text, signatures: [{ name: spec.origin, keyHint: rules.keyHint(spec), signature }] });
}

/** RFC 6962 §3.5: version v1(0), signature_type tree_hash(1), timestamp, tree_size, sha256_root_hash. */
function treeHeadSigned(head: TreeHead, timeMs: number): Uint8Array {
  return concat(Uint8Array.of(0, 1), bigEndian(timeMs, 8), bigEndian(head.size, 8), head.rootHash);
}

function ed25519KeyId(spec: LogSpec): Uint8Array {
  // RFC 8410 §4: the 32 bytes of the key end the SPKI.
  return noteKeyId(spec.origin, NOTE_TYPE.ed25519, spec.signer.publicKey.spki.slice(-32));
}

function bigEndian(value: number, octets: number): Uint8Array {
  const bytes = new Uint8Array(octets);
  let rest = value;
  for (let i = octets - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
