// External account binding (RFC 8555 §7.3.4): a MAC of an operator's key over the account's key.
import type { VerifiedBinding } from '../../enrol/enrolment.ts';
import { readJws } from '../../formats/jws.ts';
import { type JwsKey, readJwk } from '../../formats/jws-key.ts';
import { verifyMac } from '../../formats/jws-verify.ts';
import { fromUtf8 } from '../../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import { type Json, parseJson } from '../../ground/json.ts';

const KEY_BOUNDS = { maxLength: 8192, maxDepth: 4 };
const MAX_KEY_ID = 256;

/**
 * @param o.macKey the key of a binding that can be used, else `undefined`: all others are alike to the client
 * @throws SealyardError `SY-JWS-MALFORMED`, `SY-ACME-MALFORMED`, `SY-ACME-BINDING`
 */
export function verifyExternalBinding(
  value: Json,
  o: {
    readonly url: string;
    readonly accountKey: JwsKey;
    readonly macKey: (keyId: string) => Uint8Array | undefined;
  },
): VerifiedBinding {
  const jws = readJws(value);
  const { kid, url, nonce, jwk } = jws.header;
  if (typeof kid !== 'string' || kid.length > MAX_KEY_ID) throw malformed('has no kid of bounded length');
  if (jwk !== undefined) throw malformed('has a jwk');
  if (nonce !== undefined) throw malformed('has a nonce');
  if (url !== o.url) throw new SealyardError('SY-ACME-BINDING', 'it is for another URL');
  const macKey = o.macKey(kid);
  if (macKey === undefined) throw new SealyardError('SY-ACME-BINDING');
  try {
    verifyMac(jws, macKey);
  } catch (error) {
    // One answer for a wrong key and for an unknown key identifier.
    throw isSealyardError(error, 'SY-JWS-SIGNATURE') ? new SealyardError('SY-ACME-BINDING') : error;
  }
  if (boundKey(jws.payload).thumbprint !== o.accountKey.thumbprint)
    throw new SealyardError('SY-ACME-BINDING', 'it is for another account key');
  return { keyId: kid };
}

function boundKey(payload: Uint8Array): JwsKey {
  const text = fromUtf8(payload);
  if (text === undefined) throw malformed('is not over a JWK');
  return readJwk(parseJson(text, KEY_BOUNDS));
}

function malformed(what: string): SealyardError {
  return new SealyardError('SY-ACME-MALFORMED', `the external account binding ${what}`);
}
