// Is this JWS signed by this key? One table of algorithms: the header chooses a row, and the key must fit it.
import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto';
import { toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Json } from '../ground/json.ts';
import type { Jws } from './jws.ts';
import type { JwkCurve, JwsKey } from './jws-key.ts';

interface Row {
  readonly kty: JwsKey['kty'];
  readonly crv?: JwkCurve;
  /** `null`: the algorithm hashes by itself. */
  readonly hash: string | null;
  /** Octets of a signature that has one length. */
  readonly size?: number;
  readonly pss?: true;
}

/** RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2. ES256 first: every client has it (RFC 8555 §6.2). */
const SIGNATURES = {
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256', size: 64 },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384', size: 96 },
  ES512: { kty: 'EC', crv: 'P-521', hash: 'sha512', size: 132 },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: null, size: 64 },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', hash: null, size: 64 },
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  PS256: { kty: 'RSA', hash: 'sha256', pss: true },
  PS384: { kty: 'RSA', hash: 'sha384', pss: true },
  PS512: { kty: 'RSA', hash: 'sha512', pss: true },
} as const satisfies Readonly<Record<string, Row>>;

export type SignatureAlgorithmName = keyof typeof SIGNATURES;

export const JWS_ALGORITHMS = Object.keys(SIGNATURES) as readonly SignatureAlgorithmName[];

const MACS = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const;

/**
 * The signature algorithm that a header names. `none` and MACs are in no row, so no code path leads to them.
 * @throws SealyardError `SY-JWS-MALFORMED` where there is none, `SY-JWS-ALGORITHM`
 */
export function signatureAlgorithm(alg: Json | undefined): SignatureAlgorithmName {
  if (typeof alg !== 'string') throw new SealyardError('SY-JWS-MALFORMED', 'the header has no alg');
  if (!Object.hasOwn(SIGNATURES, alg)) throw new SealyardError('SY-JWS-ALGORITHM');
  return alg as SignatureAlgorithmName;
}

/**
 * Verifies a signature (RFC 7515 §5.2).
 * @throws SealyardError `SY-JWS-KEY` for a key of another type or curve, `SY-JWS-SIGNATURE`
 */
export function verifyJws(jws: Jws, algorithm: SignatureAlgorithmName, key: JwsKey): void {
  const row: Row = SIGNATURES[algorithm];
  if (row.kty !== key.kty || row.crv !== key.crv)
    throw new SealyardError('SY-JWS-KEY', `it is not of the type that ${algorithm} needs`);
  if (key.alg !== undefined && key.alg !== algorithm)
    throw new SealyardError('SY-JWS-KEY', 'it says that it is for another algorithm');
  if (!verifies(jws, row, key)) throw new SealyardError('SY-JWS-SIGNATURE');
}

function verifies(jws: Jws, row: Row, { key }: JwsKey): boolean {
  if (row.size !== undefined && jws.signature.length !== row.size) return false;
  const input = toUtf8(jws.signingInput);
  if (row.kty === 'EC') return verify(row.hash, input, { key, dsaEncoding: 'ieee-p1363' }, jws.signature);
  if (row.pss !== true) return verify(row.hash, input, key, jws.signature);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return verify(row.hash, input, { key, padding, saltLength }, jws.signature);
}

/**
 * Verifies a MAC (RFC 7518 §3.2), for external account bindings alone (RFC 8555 §7.3.4).
 * @throws SealyardError `SY-JWS-MALFORMED` for another algorithm, `SY-JWS-SIGNATURE`
 */
export function verifyMac(jws: Jws, key: Uint8Array): void {
  const alg = jws.header['alg'];
  if (typeof alg !== 'string' || !Object.hasOwn(MACS, alg))
    throw new SealyardError('SY-JWS-MALFORMED', 'a binding needs HS256, HS384 or HS512');
  const mac = createHmac(MACS[alg as keyof typeof MACS], key)
    .update(jws.signingInput)
    .digest();
  if (mac.length !== jws.signature.length || !timingSafeEqual(mac, jws.signature))
    throw new SealyardError('SY-JWS-SIGNATURE');
}
