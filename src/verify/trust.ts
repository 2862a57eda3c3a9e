// A trusted root made ready: keys and certificates parsed once, found by key id, each with the time that it counts for.
import { createHash } from 'node:crypto';
import { der } from '../formats/der.ts';
import { NOTE_TYPE, parseVerifierKey } from '../formats/note.ts';
import {
  type TrustedAuthority,
  type TrustedLog,
  type TrustedRoot,
  trustedRootJson,
  type ValidityWindow,
} from '../formats/trusted-root.ts';
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { toHex, toUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { canonicalJson } from '../ground/json.ts';
import { OUTSIDE_KEYS, type PublicKey, readPublicKey } from './key.ts';

export interface LogKey {
  readonly baseUrl: string;
  /** Host of `baseUrl`: origin and key name of Rekor v2 checkpoints. Empty where there is no URL. */
  readonly host: string;
  readonly logId: Uint8Array;
  readonly key: PublicKey;
  readonly validFor: ValidityWindow;
}

export interface AuthorityChain {
  readonly uri: string;
  readonly anchor: Certificate;
  readonly intermediates: readonly Certificate[];
  /** The one signer of a timestamp authority, where the trusted root names it. */
  readonly leaf?: Certificate;
  readonly validFor: ValidityWindow;
}

export interface WitnessKey {
  readonly name: string;
  readonly keyHint: Uint8Array;
  readonly key: PublicKey;
}

export interface TrustMaterial {
  /** SHA-256 of everything that this was made of, in hex: the cache key of verification results. */
  readonly generation: string;
  /** By log id in hex; a log may stand there several times, for several windows. */
  readonly tlogs: ReadonlyMap<string, readonly LogKey[]>;
  readonly ctlogs: ReadonlyMap<string, readonly LogKey[]>;
  readonly certificateAuthorities: readonly AuthorityChain[];
  readonly timestampAuthorities: readonly AuthorityChain[];
  readonly witnesses: readonly WitnessKey[];
}

export interface TrustOptions {
  /** C2SP verifier keys of witnesses (type 4); cosignatures of others are not counted. */
  readonly witnesses?: readonly string[];
}

/**
 * Prepares a trusted root. All of it must be usable: material that is silently left out would change what is trusted.
 * @throws SealyardError `SY-VERIFY-TRUST-UNUSABLE`, `SY-NOTE-MALFORMED` (a witness key)
 */
export function prepareTrust(root: TrustedRoot, options: TrustOptions = {}): TrustMaterial {
  const witnesses = options.witnesses ?? [];
  return {
    generation: generationOf(root, witnesses),
    tlogs: byLogId(root.tlogs),
    ctlogs: byLogId(root.ctlogs),
    certificateAuthorities: root.certificateAuthorities.map((authority) => prepareChain(authority, false)),
    timestampAuthorities: root.timestampAuthorities.map((authority) => prepareChain(authority, true)),
    witnesses: witnesses.map(prepareWitness),
  };
}

function generationOf(root: TrustedRoot, witnesses: readonly string[]): string {
  const text = canonicalJson([trustedRootJson(root), [...witnesses].sort()]);
  return createHash('sha256').update(toUtf8(text)).digest('hex');
}

function byLogId(logs: readonly TrustedLog[]): Map<string, LogKey[]> {
  const map = new Map<string, LogKey[]>();
  for (const log of logs) {
    const id = toHex(log.logId);
    map.set(id, [...(map.get(id) ?? []), prepareLog(log)]);
  }
  return map;
}

function prepareLog(log: TrustedLog): LogKey {
  const { rawBytes, keyDetails, validFor } = log.publicKey;
  const spki = keyDetails.startsWith('PKCS1_') ? spkiOfPkcs1(rawBytes) : rawBytes;
  const key = usable(log.baseUrl, () => readPublicKey(spki, OUTSIDE_KEYS));
  return { baseUrl: log.baseUrl, host: hostOf(log.baseUrl), logId: log.logId, key, validFor };
}

// Old trusted roots hold a bare RSAPublicKey (RFC 8017 A.1.1); SPKI wraps it (RFC 3279 §2.3.1).
function spkiOfPkcs1(key: Uint8Array): Uint8Array {
  return der.sequence(der.sequence(der.oid('1.2.840.113549.1.1.1'), der.null()), der.bitString(key));
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}

function prepareChain(authority: TrustedAuthority, forTimestamps: boolean): AuthorityChain {
  const certificates = authority.certificates.map((bytes) =>
    usable(authority.uri, () => parseCertificate(bytes)),
  );
  const anchor = certificates.at(-1);
  const [first] = certificates;
  if (anchor === undefined || first === undefined)
    throw new SealyardError('SY-VERIFY-TRUST-UNUSABLE', `${authority.uri}: no certificate`);
  const chain = { uri: authority.uri, anchor, validFor: authority.validFor };
  const namesSigner = forTimestamps && first !== anchor && first.basicConstraints?.ca !== true;
  if (namesSigner) return { ...chain, leaf: first, intermediates: certificates.slice(1, -1) };
  return { ...chain, intermediates: certificates.slice(0, -1) };
}

function prepareWitness(text: string): WitnessKey {
  const { name, keyHint, type, key } = parseVerifierKey(text);
  if (type !== NOTE_TYPE.cosignature || key.length !== 32)
    throw new SealyardError('SY-VERIFY-TRUST-UNUSABLE', `${name} is not an Ed25519 cosigner's key`);
  return { name, keyHint, key: usable(name, () => readPublicKey(spkiOfEd25519(key))) };
}

function spkiOfEd25519(key: Uint8Array): Uint8Array {
  return der.sequence(der.sequence(der.oid('1.3.101.112')), der.bitString(key));
}

function usable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-VERIFY-TRUST-UNUSABLE', `${name}: ${error.message}`, { cause: error });
  }
}
