// Every parser that reads what somebody else wrote, as a function of bytes.
import { parseBundle } from '../../src/formats/bundle.ts';
import { children, type DerNode, readDer } from '../../src/formats/der.ts';
import { parseEnvelope } from '../../src/formats/dsse.ts';
import { parseCheckpoint, parseNote } from '../../src/formats/note.ts';
import { parseDescriptor, parseManifest } from '../../src/formats/oci.ts';
import { parseOcspRequest, parseOcspResponse } from '../../src/formats/ocsp.ts';
import { decodePem } from '../../src/formats/pem.ts';
import { parseReference } from '../../src/formats/reference.ts';
import { parseEntryBody, parseHashedRekordRequest } from '../../src/formats/rekor.ts';
import { parseSigningConfig } from '../../src/formats/signing-config.ts';
import { parseStatement } from '../../src/formats/statement.ts';
import { decodeDataTile, decodeTileLeaf, decodeTreeHeadSignature } from '../../src/formats/static-ct.ts';
import { decodeEntryBundle, decodeTile, parseTilePath } from '../../src/formats/tile.ts';
import { parseTimestampRequest } from '../../src/formats/timestamp-info.ts';
import { parseTimestampResponse } from '../../src/formats/timestamp-token.ts';
import { parseTrustedRoot } from '../../src/formats/trusted-root.ts';
import { parseCertificate, parseCertificatesPem } from '../../src/formats/x509/certificate.ts';
import { parseCrl } from '../../src/formats/x509/crl.ts';
import { parseCsr } from '../../src/formats/x509/csr.ts';
import { parseSctList } from '../../src/formats/x509/sct.ts';
import { type Json, parseJson } from '../../src/ground/json.ts';
import { readUnverifiedToken } from '../../src/identity/jwt.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { readPublicKey } from '../../src/verify/key.ts';
import { prepareTrust } from '../../src/verify/trust.ts';

export interface Parser {
  /** How its inputs are bent. */
  readonly kind: 'bytes' | 'json';
  /** The names of its seeds (see seeds.ts); parsers of one kind share them. */
  readonly seeds: readonly string[];
  readonly parse: (bytes: Uint8Array) => unknown;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const json =
  (parse: (value: Json) => unknown) =>
  (bytes: Uint8Array): unknown =>
    parse(parseJson(text(bytes)));

export const PARSERS: Readonly<Record<string, Parser>> = {
  der: {
    kind: 'bytes',
    seeds: ['certificate', 'csr', 'timestamp-response'],
    parse: (bytes) => walk(readDer(bytes), 0),
  },
  pem: { kind: 'bytes', seeds: ['pem'], parse: (bytes) => decodePem(text(bytes)) },
  'certificates-pem': { kind: 'bytes', seeds: ['pem'], parse: (bytes) => parseCertificatesPem(text(bytes)) },
  certificate: { kind: 'bytes', seeds: ['certificate'], parse: parseCertificate },
  crl: { kind: 'bytes', seeds: ['crl'], parse: parseCrl },
  'ocsp-request': { kind: 'bytes', seeds: ['ocsp-request'], parse: parseOcspRequest },
  'ocsp-response': { kind: 'bytes', seeds: ['ocsp-response'], parse: parseOcspResponse },
  csr: { kind: 'bytes', seeds: ['csr'], parse: parseCsr },
  spki: { kind: 'bytes', seeds: ['spki'], parse: (bytes) => readPublicKey(bytes) },
  'sct-list': { kind: 'bytes', seeds: ['sct-list'], parse: parseSctList },
  'timestamp-request': { kind: 'bytes', seeds: ['timestamp-request'], parse: parseTimestampRequest },
  'timestamp-response': { kind: 'bytes', seeds: ['timestamp-response'], parse: parseTimestampResponse },
  note: { kind: 'bytes', seeds: ['note'], parse: (bytes) => parseNote(text(bytes)) },
  checkpoint: {
    kind: 'bytes',
    seeds: ['note'],
    parse: (bytes) => parseCheckpoint(parseNote(text(bytes)).text),
  },
  'tile-path': { kind: 'bytes', seeds: ['tile-path'], parse: (bytes) => parseTilePath(text(bytes)) },
  tile: { kind: 'bytes', seeds: ['tile'], parse: (bytes) => decodeTile(bytes, bytes.length >> 5) },
  'entry-bundle': {
    kind: 'bytes',
    seeds: ['entry-bundle'],
    parse: (bytes) => decodeEntryBundle(bytes, 1 + (bytes.length % 256)),
  },
  'data-tile': {
    kind: 'bytes',
    seeds: ['data-tile'],
    parse: (bytes) => decodeDataTile(bytes, 1 + (bytes.length % 256)),
  },
  'tile-leaf': { kind: 'bytes', seeds: ['data-tile'], parse: decodeTileLeaf },
  'tree-head-signature': { kind: 'bytes', seeds: ['tile-path', 'spki'], parse: decodeTreeHeadSignature },
  reference: { kind: 'bytes', seeds: ['reference'], parse: (bytes) => parseReference(text(bytes)) },
  token: { kind: 'bytes', seeds: ['token'], parse: (bytes) => readUnverifiedToken(text(bytes)) },
  policy: {
    kind: 'bytes',
    seeds: ['policy'],
    parse: (bytes) => loadPolicy(text(bytes), { publicUrl: 'https://127.0.0.1:8443', development: true }),
  },
  json: { kind: 'bytes', seeds: ['bundle'], parse: (bytes) => parseJson(text(bytes)) },
  bundle: { kind: 'json', seeds: ['bundle'], parse: json(parseBundle) },
  envelope: { kind: 'json', seeds: ['envelope'], parse: json(parseEnvelope) },
  statement: { kind: 'json', seeds: ['statement'], parse: parseStatement },
  'log-entry-body': { kind: 'json', seeds: ['entry-body'], parse: parseEntryBody },
  'log-entry-request': { kind: 'json', seeds: ['entry-request'], parse: json(parseHashedRekordRequest) },
  'trusted-root': {
    kind: 'json',
    seeds: ['trusted-root'],
    parse: json((value) => prepareTrust(parseTrustedRoot(value))),
  },
  'signing-config': { kind: 'json', seeds: ['signing-config'], parse: json(parseSigningConfig) },
  manifest: { kind: 'json', seeds: ['manifest', 'index'], parse: (bytes) => parseManifest(bytes) },
  descriptor: { kind: 'json', seeds: ['manifest'], parse: json(parseDescriptor) },
};

// Nesting is the attacker's to choose; the parser must bound it, so the walk is what a user of it would do.
function walk(node: DerNode, depth: number): number {
  if (depth > 64 || (node.tag & 0x20) === 0) return 1;
  return children(node).reduce((sum, child) => sum + walk(child, depth + 1), 1);
}
