// What an ACME client signs (RFC 8555 §6.2): flattened JWS with ES256, and the account key's JWK.
import { createHmac, createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import { toBase64Url, toUtf8 } from '../../ground/bytes.ts';
import { isObject, type JsonObject } from '../../ground/json.ts';

/** An account's key, P-256: every server takes ES256. */
export interface AccountKey {
  readonly privateKey: KeyObject;
  readonly jwk: JsonObject;
  /** RFC 7638, base64url. */
  readonly thumbprint: string;
}

export function accountKey(privateKey: KeyObject): AccountKey {
  const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (crv !== 'P-256' || typeof x !== 'string' || typeof y !== 'string' || typeof kty !== 'string')
    throw new TypeError('an account key is P-256');
  const jwk = { crv, kty, x, y };
  // The members of the thumbprint are these four in this order (RFC 7638 §3.2).
  return { privateKey, jwk, thumbprint: hash('sha256', JSON.stringify(jwk), 'base64url') };
}

/** @param payload `''` for POST-as-GET (RFC 8555 §6.3) */
export function signedBody(key: AccountKey, header: JsonObject, payload: JsonObject | ''): Uint8Array {
  const protectedHeader = encoded({ alg: 'ES256', ...header });
  const content = payload === '' ? '' : encoded(payload);
  const signature = sign('sha256', toUtf8(`${protectedHeader}.${content}`), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return toUtf8(
    JSON.stringify({
      protected: protectedHeader,
      payload: content,
      signature: signature.toString('base64url'),
    }),
  );
}

/** RFC 8555 §7.3.4: the account key, bound to something that the server gave out beforehand. */
export function externalBinding(
  key: AccountKey,
  o: { readonly keyId: string; readonly macKey: Uint8Array; readonly url: string },
): JsonObject {
  const protectedHeader = encoded({ alg: 'HS256', kid: o.keyId, url: o.url });
  const payload = encoded(key.jwk);
  const mac = createHmac('sha256', o.macKey).update(`${protectedHeader}.${payload}`).digest('base64url');
  return { protected: protectedHeader, payload, signature: mac };
}

function encoded(value: JsonObject): string {
  if (!isObject(value)) throw new TypeError('an object is signed');
  return toBase64Url(toUtf8(JSON.stringify(value)));
}
