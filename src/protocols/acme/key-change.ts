// POST keyChange (RFC 8555 §7.3.5): the old key signs what the new key signed.
import { type Jws, readJws } from '../../formats/jws.ts';
import { type JwsKey, readJwk } from '../../formats/jws-key.ts';
import { signatureAlgorithm, verifyJws } from '../../formats/jws-verify.ts';
import { fromUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type JsonObject, parseJson } from '../../ground/json.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { payloadOf } from './messages.ts';
import { renderAccount } from './render.ts';
import { acmeReply } from './reply.ts';
import { requestOfAccount } from './request.ts';

const BOUNDS = { maxLength: 16 * 1024, maxDepth: 4 };

export async function keyChange(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  // The numbers are those of the list in §7.3.5; step 1 is the outer signature.
  const signed = requestOfAccount(request, acme);
  const { account } = signed;
  const inner = readJws(payloadOf(signed)); // 2
  const newKey = verifyInner(inner, signed.url); // 3, 4, 6
  const change = readChange(inner.payload); // 5
  const location = acme.urls.account(account.id);
  if (change['account'] !== location) throw malformed('account is not the URL of the account'); // 7
  const oldKey = readJwk(change['oldKey']);
  if (oldKey.thumbprint !== account.keyThumbprint) throw malformed('oldKey is not the key of the account'); // 8
  const { jwk, thumbprint } = newKey;
  const changed = await signed.change((together) =>
    // 9: in the commit, since another account may take the key in this moment.
    acme.enrolment.accounts.changeKey(
      account.id,
      { jwk, thumbprint, oldThumbprint: oldKey.thumbprint },
      together,
    ),
  );
  return acmeReply(acme, renderAccount(acme, changed), { location });
}

function verifyInner(inner: Jws, url: string): JwsKey {
  const { header } = inner;
  if (header['kid'] !== undefined) throw malformed('the inner JWS has a kid');
  if (header['nonce'] !== undefined) throw malformed('the inner JWS has a nonce');
  if (header['url'] !== url) throw malformed('the inner JWS is for another URL');
  if (header['jwk'] === undefined) throw malformed('the inner JWS has no jwk');
  const algorithm = signatureAlgorithm(header['alg']);
  const key = readJwk(header['jwk']);
  verifyJws(inner, algorithm, key);
  return key;
}

function readChange(payload: Uint8Array): JsonObject {
  const text = fromUtf8(payload);
  const value = text === undefined ? undefined : parseJson(text, BOUNDS);
  if (!isObject(value)) throw malformed('the inner payload is not an object');
  return value;
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-ACME-MALFORMED', detail);
}
