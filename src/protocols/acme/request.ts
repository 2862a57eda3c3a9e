// A signed request is read and believed here and nowhere else (RFC 8555 §6): each check once, in this order.
import type { Account, Together } from '../../enrol/enrolment.ts';
import { type Jws, parseJws } from '../../formats/jws.ts';
import { type JwsKey, readJwk } from '../../formats/jws-key.ts';
import { signatureAlgorithm, verifyJws } from '../../formats/jws-verify.ts';
import { fromUtf8 } from '../../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import { isObject, type JsonObject, parseJson } from '../../ground/json.ts';
import type { DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import type { Nonce } from './nonces.ts';

const PAYLOAD_BOUNDS = { maxLength: 128 * 1024, maxDepth: 8 };

/** A request whose signature, URL and nonce are good. */
export interface SignedRequest {
  /** The signed URL: that of the request. */
  readonly url: string;
  /** `undefined` for POST-as-GET (RFC 8555 §6.3). */
  readonly payload: JsonObject | undefined;
  /**
   * Runs a change with what must go into its commit: the nonce, so that a replay is refused after a restart and by
   * other replicas too.
   */
  change<T>(run: (together: Together) => Promise<T>): Promise<T>;
}

/** Signed by a registered account that is in use. */
export interface AccountRequest extends SignedRequest {
  readonly account: Account;
}

/** Signed by the key that it brings along. */
export interface KeyRequest extends SignedRequest {
  readonly key: JwsKey;
}

/** @throws SealyardError `SY-JWS-*`, `SY-ACME-*`, `SY-HTTP-MEDIA-TYPE` */
export function requestOfAccount(request: DoorRequest, acme: Acme): AccountRequest {
  const jws = readBody(request);
  if (jws.header['jwk'] !== undefined) throw malformed('this request is signed by an account: kid, not jwk');
  return byAccount(request, jws, acme);
}

/** @throws SealyardError `SY-JWS-*`, `SY-ACME-*`, `SY-HTTP-MEDIA-TYPE` */
export function requestOfKey(request: DoorRequest, acme: Acme): KeyRequest {
  const jws = readBody(request);
  if (jws.header['kid'] !== undefined) throw malformed('this request is signed by its own key: jwk, not kid');
  return byKey(request, jws, acme);
}

/** RFC 8555 §7.6: the one request that may be either. @throws SealyardError as the others */
export function requestOfEither(request: DoorRequest, acme: Acme): AccountRequest | KeyRequest {
  const jws = readBody(request);
  return jws.header['jwk'] === undefined ? byAccount(request, jws, acme) : byKey(request, jws, acme);
}

function byAccount(request: DoorRequest, jws: Jws, acme: Acme): AccountRequest {
  const signed = checkHeader(request, jws, acme);
  const account = accountOf(jws.header['kid'], acme);
  const base = verified(request, jws, signed, acme.keys.of(account), acme);
  // After the signature, so that only the holder of the key learns of it (§7.3.6).
  if (account.status !== 'valid') throw new SealyardError('SY-ACME-ACCOUNT-ENDED');
  return { ...base, account };
}

function byKey(request: DoorRequest, jws: Jws, acme: Acme): KeyRequest {
  const signed = checkHeader(request, jws, acme);
  if (jws.header['jwk'] === undefined) throw malformed('the header has neither jwk nor kid');
  const key = readJwk(jws.header['jwk']);
  return { ...verified(request, jws, signed, key, acme), key };
}

function readBody(request: DoorRequest): Jws {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/jose+json')
    throw new SealyardError('SY-HTTP-MEDIA-TYPE', 'application/jose+json');
  const jws = parseJws(request.body);
  // §6.2: never both, whatever the request is.
  if (jws.header['jwk'] !== undefined && jws.header['kid'] !== undefined)
    throw malformed('the header has both jwk and kid');
  return jws;
}

interface CheckedHeader {
  readonly algorithm: ReturnType<typeof signatureAlgorithm>;
  readonly url: string;
  readonly nonce: Nonce;
}

function checkHeader(request: DoorRequest, { header }: Jws, acme: Acme): CheckedHeader {
  const algorithm = signatureAlgorithm(header['alg']);
  const { url, nonce } = header;
  if (typeof url !== 'string') throw malformed('the header has no url');
  // §6.4: the very string; no query is part of any URL that we hand out.
  if (url !== acme.urls.ofPath(request.path)) throw new SealyardError('SY-ACME-URL');
  if (nonce === undefined) throw new SealyardError('SY-ACME-NONCE', 'there is none');
  if (typeof nonce !== 'string') throw malformed('the nonce is not a string');
  return { algorithm, url, nonce: acme.nonces.check(nonce) };
}

/** @throws SealyardError `SY-ACME-ACCOUNT-UNKNOWN`, `SY-ACME-MALFORMED` */
function accountOf(kid: JsonObject[string] | undefined, acme: Acme): Account {
  if (typeof kid !== 'string') throw malformed('the header has neither jwk nor kid');
  const id = acme.urls.accountId(kid);
  const account = id === undefined ? undefined : acme.enrolment.accounts.get(id);
  if (account === undefined) throw new SealyardError('SY-ACME-ACCOUNT-UNKNOWN');
  return account;
}

function verified(
  request: DoorRequest,
  jws: Jws,
  { algorithm, url, nonce }: CheckedHeader,
  key: JwsKey,
  acme: Acme,
): SignedRequest {
  verifyJws(jws, algorithm, key);
  // Only now: a nonce that somebody saw on its way must not be used up by what he cannot sign. No await between the
  // check and here, so one of many concurrent replays gets through.
  acme.nonces.use(nonce);
  return {
    url,
    payload: readPayload(jws.payload),
    change: (run) => changeOnce(run, nonce, request.peer, acme),
  };
}

async function changeOnce<T>(
  run: (together: Together) => Promise<T>,
  nonce: Nonce,
  address: string,
  acme: Acme,
): Promise<T> {
  try {
    return await run({ puts: acme.nonces.puts(nonce), address });
  } catch (error) {
    // Another replica took it in this moment.
    if (isSealyardError(error, 'SY-STORE-CONFLICT') && acme.nonces.isRecorded(nonce))
      throw new SealyardError('SY-ACME-NONCE', 'used already');
    throw error;
  }
}

function readPayload(bytes: Uint8Array): JsonObject | undefined {
  if (bytes.length === 0) return undefined;
  const text = fromUtf8(bytes);
  if (text === undefined) throw malformed('the payload is not UTF-8');
  const value = parseJson(text, PAYLOAD_BOUNDS);
  if (!isObject(value)) throw malformed('the payload is not an object');
  return value;
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-ACME-MALFORMED', detail);
}
