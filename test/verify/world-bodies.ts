// The bodies of log entries that clients of Rekor v1 and v2 would have made.
import { createHash } from 'node:crypto';
import { hashedRekordBody, keyDetailsOf } from '../../src/formats/rekor.ts';
import { toBase64, toHex, toUtf8 } from '../../src/ground/bytes.ts';
import { canonicalJson } from '../../src/ground/json.ts';
import { type Curve, type Key, sha256 } from './world-keys.ts';

export function recordV2(
  signed: Uint8Array,
  signature: Uint8Array,
  key: Key,
  der: Uint8Array,
  curve: Curve = 'P-256',
): Uint8Array {
  const algorithm = ({ 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' } as const)[curve];
  const value = new Uint8Array(createHash(algorithm).update(signed).digest());
  return hashedRekordBody({
    digest: { algorithm, value },
    signature,
    keyDetails: keyDetailsOf(key.spki),
    verifier: { kind: 'certificate', der },
  });
}

export function bodyV1(
  signed: Uint8Array,
  payload: Uint8Array | undefined,
  signature: Uint8Array,
  der: Uint8Array,
): Uint8Array {
  const pem = `-----BEGIN CERTIFICATE-----\n${toBase64(der)}\n-----END CERTIFICATE-----\n`;
  const verifier = toBase64(toUtf8(pem));
  const hash = (bytes: Uint8Array): { algorithm: string; value: string } => ({
    algorithm: 'sha256',
    value: toHex(sha256(bytes)),
  });
  if (payload === undefined)
    return toUtf8(
      canonicalJson({
        apiVersion: '0.0.1',
        kind: 'hashedrekord',
        spec: {
          data: { hash: hash(signed) },
          signature: { content: toBase64(signature), publicKey: { content: verifier } },
        },
      }),
    );
  return toUtf8(
    canonicalJson({
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: hash(signed),
        payloadHash: hash(payload),
        signatures: [{ signature: toBase64(signature), verifier }],
      },
    }),
  );
}
