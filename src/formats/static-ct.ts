// Entries of the certificate log (C2SP static-ct-api over RFC 6962 §3.4): what is hashed, what is stored, and both read back.
import { concat } from '../ground/bytes.ts';
import type { Leaf } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { TlsReader, tlsNumber, tlsVector } from './tls.ts';

export interface PrecertificateEntry {
  readonly timestampMs: number;
  /** SHA-256 of the issuer's SubjectPublicKeyInfo. */
  readonly issuerKeyHash: Uint8Array;
  /** TBSCertificate without poison and SCT list. */
  readonly tbs: Uint8Array;
  /** The precertificate as signed, DER. */
  readonly precertificate: Uint8Array;
  /** SHA-256 of each issuing certificate, the issuer first, the root last. */
  readonly chain: readonly Uint8Array[];
}

export interface CertificateEntry {
  readonly timestampMs: number;
  readonly certificate: Uint8Array;
  readonly chain: readonly Uint8Array[];
}

export type LogEntry = (
  | ({ readonly type: 'precertificate' } & PrecertificateEntry)
  | ({ readonly type: 'certificate' } & CertificateEntry)
) & {
  /** From the `leaf_index` extension; other logs may lack it. */
  readonly leafIndex?: number;
  readonly extensions: Uint8Array;
};

const X509_ENTRY = 0;
const PRECERT_ENTRY = 1;
const FINGERPRINT_BYTES = 32;
// CtExtensions<0..2^16-1> holding leaf_index(0) with opaque<0..2^16-1> of five octets that the writer fills in.
const EXTENSIONS_BEFORE_INDEX = Uint8Array.of(0, 8, 0, 0, 5, 0, 0, 0, 0, 0);
const INDEX_FROM_END = 5;

/** The leaf of a precertificate; the writer puts the index where `indexAt` says, since only it knows. */
export function precertificateLeaf(entry: PrecertificateEntry): Leaf {
  if (entry.issuerKeyHash.length !== 32) throw new TypeError('an issuer key hash has 32 octets');
  const head = timestampedEntry(entry.timestampMs, PRECERT_ENTRY, [
    entry.issuerKeyHash,
    tlsNumber(entry.tbs.length, 3),
    entry.tbs,
  ]);
  return leafOf(head, [tlsNumber(entry.precertificate.length, 3), entry.precertificate], entry.chain);
}

/** The leaf of a final certificate that was never a precertificate. */
export function certificateLeaf(entry: CertificateEntry): Leaf {
  const head = timestampedEntry(entry.timestampMs, X509_ENTRY, [
    tlsNumber(entry.certificate.length, 3),
    entry.certificate,
  ]);
  return leafOf(head, [], entry.chain);
}

// TimestampedEntry (RFC 6962 §3.4) up to and with its extensions, in parts that are joined once.
function timestampedEntry(timestampMs: number, type: number, signed: readonly Uint8Array[]): Uint8Array[] {
  return [tlsNumber(timestampMs, 8), tlsNumber(type, 2), ...signed, EXTENSIONS_BEFORE_INDEX];
}

function leafOf(
  entry: readonly Uint8Array[],
  extra: readonly Uint8Array[],
  chain: readonly Uint8Array[],
): Leaf {
  if (chain.some((fingerprint) => fingerprint.length !== FINGERPRINT_BYTES))
    throw new TypeError('a fingerprint has 32 octets');
  // MerkleTreeLeaf: version v1 (0), leaf type timestamped_entry (0), then the same bytes as the stored leaf begins with.
  const hashed = concat(new Uint8Array(2), ...entry);
  const stored = concat(...entry, ...extra, tlsNumber(chain.length * FINGERPRINT_BYTES, 2), ...chain);
  return {
    log: 'certificate',
    hashed,
    stored,
    indexAt: { hashed: hashed.length - INDEX_FROM_END, stored: hashed.length - 2 - INDEX_FROM_END },
  };
}

/**
 * Reads one stored entry (`TileLeaf`) from the front of `bytes`; data tiles hold them one after another.
 * @throws SealyardError `SY-STATIC-CT-MALFORMED`
 */
export function readTileLeaf(bytes: Uint8Array): { readonly entry: LogEntry; readonly length: number } {
  const reader = new TlsReader(bytes, malformed);
  const timestampMs = reader.number(8);
  const type = reader.number(2);
  if (type !== X509_ENTRY && type !== PRECERT_ENTRY) throw malformed('entry type');
  const issuerKeyHash = type === PRECERT_ENTRY ? reader.take(32) : undefined;
  const signed = reader.vector(3);
  const extensions = reader.vector(2);
  const precertificate = type === PRECERT_ENTRY ? reader.vector(3) : undefined;
  const chain = split(reader.vector(2));
  const leafIndex = leafIndexIn(extensions);
  const common = { timestampMs, chain, extensions, ...(leafIndex === undefined ? {} : { leafIndex }) };
  const entry: LogEntry =
    issuerKeyHash === undefined || precertificate === undefined
      ? { type: 'certificate', certificate: signed, ...common }
      : { type: 'precertificate', issuerKeyHash, tbs: signed, precertificate, ...common };
  return { entry, length: reader.offset };
}

/** Reads exactly one stored entry. @throws SealyardError `SY-STATIC-CT-MALFORMED` */
export function decodeTileLeaf(bytes: Uint8Array): LogEntry {
  const { entry, length } = readTileLeaf(bytes);
  if (length !== bytes.length) throw malformed('trailing bytes');
  return entry;
}

/** The entries of a data tile. @throws SealyardError `SY-STATIC-CT-MALFORMED` where there are not exactly `width`. */
export function decodeDataTile(bytes: Uint8Array, width: number): LogEntry[] {
  const entries: LogEntry[] = [];
  let rest = bytes;
  while (rest.length > 0 && entries.length < width) {
    const { entry, length } = readTileLeaf(rest);
    entries.push(entry);
    rest = rest.subarray(length);
  }
  if (rest.length > 0 || entries.length !== width) throw malformed('number of entries');
  return entries;
}

/** The bytes that the tree hashed for a stored entry: its `TimestampedEntry` as a `MerkleTreeLeaf`. */
export function merkleTreeLeaf(entry: LogEntry): Uint8Array {
  const signed =
    entry.type === 'precertificate'
      ? [tlsNumber(PRECERT_ENTRY, 2), entry.issuerKeyHash, tlsVector(entry.tbs, 3)]
      : [tlsNumber(X509_ENTRY, 2), tlsVector(entry.certificate, 3)];
  return concat(
    new Uint8Array(2),
    tlsNumber(entry.timestampMs, 8),
    ...signed,
    tlsVector(entry.extensions, 2),
  );
}

/** What the log signs of its tree (RFC 6962 §3.5 `TreeHeadSignature`). */
export function treeHeadBytes(o: {
  readonly timestampMs: number;
  readonly size: number;
  readonly rootHash: Uint8Array;
}): Uint8Array {
  // version v1 (0), signature type tree_hash (1)
  return concat(Uint8Array.of(0, 1), tlsNumber(o.timestampMs, 8), tlsNumber(o.size, 8), o.rootHash);
}

/** `RFC6962NoteSignature` (static-ct-api, "Checkpoints"): timestamp, then the TLS digitally-signed struct (ECDSA, SHA-256). */
export function encodeTreeHeadSignature(timestampMs: number, signature: Uint8Array): Uint8Array {
  return concat(tlsNumber(timestampMs, 8), Uint8Array.of(4, 3), tlsVector(signature, 2));
}

/** @throws SealyardError `SY-STATIC-CT-MALFORMED` */
export function decodeTreeHeadSignature(bytes: Uint8Array): {
  readonly timestampMs: number;
  readonly algorithm: 'ecdsa-sha256' | 'rsa-pkcs1-sha256';
  readonly signature: Uint8Array;
} {
  const reader = new TlsReader(bytes, malformed);
  const timestampMs = reader.number(8);
  const [hash, kind] = reader.take(2);
  const signature = reader.vector(2);
  reader.end();
  if (hash !== 4 || (kind !== 3 && kind !== 1)) throw malformed('signature algorithm');
  return { timestampMs, algorithm: kind === 3 ? 'ecdsa-sha256' : 'rsa-pkcs1-sha256', signature };
}

function leafIndexIn(extensions: Uint8Array): number | undefined {
  const reader = new TlsReader(extensions, malformed);
  let found: number | undefined;
  const seen = new Set<number>();
  while (!reader.done) {
    const type = reader.number(1);
    const data = reader.vector(2);
    if (seen.has(type)) throw malformed('an extension twice');
    seen.add(type);
    if (type !== 0) continue;
    if (data.length !== 5) throw malformed('leaf index');
    found = new TlsReader(data, malformed).number(5);
  }
  return found;
}

function split(fingerprints: Uint8Array): Uint8Array[] {
  if (fingerprints.length % FINGERPRINT_BYTES !== 0) throw malformed('certificate chain');
  return Array.from({ length: fingerprints.length / FINGERPRINT_BYTES }, (_, i) =>
    fingerprints.slice(i * FINGERPRINT_BYTES, (i + 1) * FINGERPRINT_BYTES),
  );
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-STATIC-CT-MALFORMED', detail);
}
