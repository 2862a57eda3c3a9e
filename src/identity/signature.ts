// Is this token signed by a key of its issuer? The header selects among the issuer's keys and decides nothing else.
import { compactVerify } from 'jose';
import { SealyardError } from '../ground/errors.ts';
import type { JsonObject } from '../ground/json.ts';
import { asTokenAlgorithm, type TokenAlgorithm } from './algorithms.ts';
import type { IssuerKeys } from './issuer-keys.ts';

/** What a header that was found acceptable asks for. */
export interface KeySelector {
  readonly algorithm: TokenAlgorithm;
  readonly kid: string | undefined;
}

/** @throws SealyardError `SY-IDENTITY-KEY-UNKNOWN`, `SY-IDENTITY-SIGNATURE`, `SY-IDENTITY-ISSUER-UNREACHABLE` */
export async function verifyTokenSignature(
  token: string,
  selector: KeySelector,
  keys: IssuerKeys,
): Promise<void> {
  const key = await keys.find(selector.kid, selector.algorithm);
  await compactVerify(token, key, { algorithms: [selector.algorithm] }).catch((cause: unknown) => {
    throw new SealyardError('SY-IDENTITY-SIGNATURE', undefined, { cause });
  });
}

/** @throws SealyardError `SY-IDENTITY-ALGORITHM`, `SY-IDENTITY-HEADER` */
export function checkHeader(header: JsonObject): KeySelector {
  const algorithm = asTokenAlgorithm(header['alg']);
  if (algorithm === undefined) throw new SealyardError('SY-IDENTITY-ALGORITHM');
  // RFC 7515 §4.1.11: we understand no extension. `jwk`, `jku`, `x5u` would let the token choose its own key.
  for (const name of ['crit', 'b64', 'zip', 'enc', 'jwk', 'jku', 'x5u'])
    if (header[name] !== undefined) throw new SealyardError('SY-IDENTITY-HEADER', name);
  const type = header['typ'];
  if (type !== undefined && (typeof type !== 'string' || !/^((application\/)?(at\+)?jwt)$/i.test(type)))
    throw new SealyardError('SY-IDENTITY-HEADER', 'typ');
  return { algorithm, kid: readKid(header) };
}

function readKid(header: JsonObject): string | undefined {
  const kid = header['kid'];
  if (kid === undefined) return undefined;
  if (typeof kid !== 'string' || kid === '' || kid.length > 512)
    throw new SealyardError('SY-IDENTITY-HEADER', 'kid');
  return kid;
}
