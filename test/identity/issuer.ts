// An OIDC issuer in memory for tests: keys, discovery, key set, and tokens good and bad.
import {
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { toBase64Url, toUtf8 } from '../../src/ground/bytes.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';
import type { IssuerConfig, IssuerType } from '../../src/identity/identity.ts';

export const YARD = 'https://yard.example';
export const NOW = new Date('2026-03-01T12:00:00Z');
const NOW_SECONDS = NOW.getTime() / 1000;

export class FakeIssuer {
  readonly url: string;
  readonly config: IssuerConfig;
  /** URLs that were asked for. */
  readonly fetched: string[] = [];
  kid = 'key-1';
  keyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  /** Replaces the answer to a URL that ends so. */
  readonly answers = new Map<string, () => Json>();

  constructor(
    url = 'https://token.actions.githubusercontent.com',
    type: IssuerType = 'github',
    audiences: readonly string[] = [YARD],
  ) {
    this.url = url;
    this.config = { name: type, url, type, audiences };
  }

  rotate(kid: string): void {
    this.kid = kid;
    this.keyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }

  readonly fetchJson = async (url: string): Promise<Json> => {
    this.fetched.push(url);
    for (const [end, answer] of this.answers) if (url.endsWith(end)) return answer();
    if (url === `${this.url}/.well-known/openid-configuration`)
      return { issuer: this.url, jwks_uri: `${this.url}/jwks` };
    if (url === `${this.url}/jwks`) return { keys: [this.jwk()] };
    throw new SealyardError('SY-JSON-MALFORMED', 'not found');
  };

  jwk(): JsonObject {
    const { kty = '', crv = '', x = '', y = '' } = this.keyPair.publicKey.export({ format: 'jwk' });
    return { kty, crv, x, y, kid: this.kid, use: 'sig', alg: 'ES256' };
  }

  token(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
  ): string {
    return es256(
      JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: this.kid, ...header }),
      JSON.stringify({ ...this.claims(), ...claims }),
      this.keyPair.privateKey,
    );
  }

  claims(): JsonObject {
    const times = { iat: NOW_SECONDS - 5, nbf: NOW_SECONDS - 5, exp: NOW_SECONDS + 300 };
    return { iss: this.url, aud: YARD, jti: randomUUID(), ...times, ...GITHUB_CLAIMS };
  }
}

/** As GitHub says in its documentation of the token. */
export const GITHUB_CLAIMS = {
  sub: 'repo:octo-org/octo-repo:environment:prod',
  environment: 'prod',
  ref: 'refs/heads/main',
  sha: 'c0ffee0000000000000000000000000000000000',
  repository: 'octo-org/octo-repo',
  repository_owner: 'octo-org',
  repository_id: '74',
  repository_owner_id: '65',
  repository_visibility: 'private',
  run_id: '30433642',
  run_number: '10',
  run_attempt: '2',
  runner_environment: 'github-hosted',
  actor: 'octocat',
  workflow: 'example-workflow',
  workflow_ref: 'octo-org/octo-repo/.github/workflows/example.yml@refs/heads/main',
  workflow_sha: 'c0ffee0000000000000000000000000000000000',
  job_workflow_ref: 'octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main',
  job_workflow_sha: 'beef000000000000000000000000000000000000',
  event_name: 'workflow_dispatch',
} as const;

export const GITLAB_CLAIMS = {
  sub: 'project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1',
  namespace_id: '72',
  namespace_path: 'my-group',
  project_id: '20',
  project_path: 'my-group/my-project',
  project_visibility: 'public',
  user_login: 'sample-user',
  pipeline_id: '574',
  pipeline_source: 'push',
  job_id: '302',
  ref: 'feature-branch-1',
  ref_type: 'branch',
  ref_protected: 'true',
  environment: 'test-environment',
  runner_environment: 'self-hosted',
  sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  ci_config_ref_uri: 'gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: '714a629c0b401fdce83e847fc9589983fc6f46bd',
} as const;

export function part(text: string): string {
  return toBase64Url(toUtf8(text));
}

/** A JWS over exactly these texts. */
export function es256(header: string, payload: string, key: KeyObject): string {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${toBase64Url(sign('sha256', toUtf8(signed), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

export function hs256(header: string, payload: string, secret: Uint8Array): string {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${toBase64Url(createHmac('sha256', secret).update(signed).digest())}`;
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function refusesWith(code: string, detail?: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof SealyardError)) throw error;
    if (error.code !== code) throw new Error(`expected ${code}, got ${error.code}: ${error.message}`);
    return detail === undefined || detail.test(error.message);
  };
}

export function rsaPrivateKey(): KeyObject {
  return createPrivateKey(
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }).privateKey,
  );
}
