// Project Wycheproof's JSON Web Signature and Key vectors through the verifier's signature path.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSealyardError } from '../../src/ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../src/ground/json.ts';
import { IssuerKeys } from '../../src/identity/issuer-keys.ts';
import { readUnverifiedToken } from '../../src/identity/jwt.ts';
import { checkHeader, verifyTokenSignature } from '../../src/identity/signature.ts';

const folder = process.env['SEALYARD_VECTORS'];
const skip = folder === undefined ? 'SEALYARD_VECTORS is not set' : false;
const ISSUER = 'https://issuer.example';

interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly jws: Json;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}
interface Group {
  readonly comment: string;
  readonly private: JsonObject;
  readonly public?: JsonObject;
  readonly tests: readonly Case[];
}

/** The group's keys as an issuer would publish them: without private parts. */
function publishedKeys(group: Group): JsonObject {
  const source = group.public ?? group.private;
  const keys = Array.isArray(source['keys']) ? source['keys'].filter(isObject) : [source];
  return {
    keys: keys.map((key) =>
      Object.fromEntries(
        Object.entries(key).filter(([name]) => !['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name)),
      ),
    ),
  };
}

async function accepts(group: Group, jws: Json): Promise<boolean> {
  if (typeof jws !== 'string') return false;
  const fetchJson = async (url: string): Promise<Json> =>
    url.endsWith('/jwks') ? publishedKeys(group) : { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` };
  try {
    const selector = checkHeader(readUnverifiedToken(jws).header);
    await verifyTokenSignature(
      jws,
      selector,
      new IssuerKeys({ url: ISSUER, fetchJson, monotonicMs: () => 0 }),
    );
    return true;
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    return false;
  }
}

/** Why a case may be answered otherwise than the vectors say. */
function reasonToDiffer(group: Group, one: Case): string | undefined {
  const published = publishedKeys(group)['keys'];
  const keys = Array.isArray(published) ? published.filter(isObject) : [];
  if (one.result !== 'valid' || typeof one.jws !== 'string') return undefined;
  if (keys.some((key) => key['kty'] === 'oct'))
    return 'a shared secret never verifies an identity token (HS*)';
  const { alg } = readUnverifiedToken(one.jws).header;
  // Figures 20 and 27 of RFC 7520, with keys that say PS256 for a PS384 token and ES521, which is no algorithm.
  if (keys.every((key) => key['alg'] !== alg))
    return 'the key says that it is for another algorithm (RFC 7517 §4.4)';
  return undefined;
}

for (const file of ['json_web_signature_test.json', 'json_web_key_test.json'])
  test(`every case of ${file} is answered as the vectors say, or differs for a written reason`, {
    skip,
  }, async () => {
    const groups = (
      JSON.parse(readFileSync(join(folder ?? '', 'wycheproof', file), 'utf8')) as {
        testGroups: readonly Group[];
      }
    ).testGroups;
    const wrong: string[] = [];
    let [asked, differing] = [0, 0];
    for (const group of groups)
      for (const one of group.tests) {
        asked++;
        const accepted = await accepts(group, one.jws);
        if (one.result === 'acceptable' || accepted === (one.result === 'valid')) continue;
        if (!accepted && reasonToDiffer(group, one) !== undefined) differing++;
        else
          wrong.push(`${one.tcId} (${group.comment}) ${one.comment}: ${one.result}, accepted: ${accepted}`);
      }
    assert.deepEqual(wrong, []);
    assert.ok(
      asked - differing > (file.includes('signature') ? 330 : 15),
      `${asked} asked, ${differing} differ`,
    );
  });
