// Finds the identity token that a CI platform offers its jobs, without flags (surface.md "Ambient CI identity").
import { existsSync } from 'node:fs';
import { SealyardError } from '../ground/errors.ts';
import { isObject, parseJson } from '../ground/json.ts';
import type { CliContext, Environment, TokenSource } from './context.ts';
import { readText } from './files.ts';

const MAX_TOKEN_BYTES = 16 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** Where a projected service-account token is mounted, by our convention and by cosign's. */
const PROJECTED_TOKENS = ['/var/run/secrets/sealyard/token', '/var/run/sigstore/cosign/oidc-token'];

interface AmbientProvider {
  readonly name: string;
  /** A token for `audience`, or undefined where this is not the platform that the process runs on. */
  token(environment: Environment, audience: string): Promise<string | undefined>;
}

const PROVIDERS: readonly AmbientProvider[] = [
  { name: 'GitHub Actions', token: githubToken },
  { name: 'GitLab or Jenkins', token: async (env) => env['SEALYARD_ID_TOKEN'] ?? env['SIGSTORE_ID_TOKEN'] },
  { name: 'Kubernetes', token: async () => projectedToken() },
];

/**
 * The token to sign with: `--token-file` first, then what the CI platform offers.
 * @throws SealyardError `SY-CLI-NO-TOKEN`, `SY-CLI-AMBIENT-TOKEN`, `SY-CLI-FILE`
 */
export async function identityToken(context: CliContext, audience: string): Promise<string> {
  if (context.token !== undefined) return tokenOf(context.token);
  for (const provider of PROVIDERS) {
    const token = await provider.token(context.environment, audience);
    if (token !== undefined && token !== '') {
      context.output.say(context.output.style('dim', `identity: ${provider.name}`));
      return token.trim();
    }
  }
  throw new SealyardError('SY-CLI-NO-TOKEN');
}

export function tokenOf(source: TokenSource): string {
  const token = source.kind === 'value' ? source.token : readText(source.path, MAX_TOKEN_BYTES);
  return token.trim();
}

function projectedToken(): string | undefined {
  const path = PROJECTED_TOKENS.find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : readText(path, MAX_TOKEN_BYTES);
}

// https://docs.github.com/actions: GET the request URL with the audience added and the runtime token as bearer.
async function githubToken(environment: Environment, audience: string): Promise<string | undefined> {
  const url = environment['ACTIONS_ID_TOKEN_REQUEST_URL'];
  const runtimeToken = environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
  if (url === undefined || runtimeToken === undefined) return undefined;
  const target = new URL(url);
  target.searchParams.set('audience', audience);
  try {
    const response = await fetch(target, {
      headers: { authorization: `Bearer ${runtimeToken}` },
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const answer = parseJson(await response.text(), { maxLength: 64 * 1024, maxDepth: 8 });
    if (response.ok && isObject(answer) && typeof answer['value'] === 'string') return answer['value'];
    throw new SealyardError('SY-CLI-AMBIENT-TOKEN', `status ${response.status}`);
  } catch (error) {
    if (error instanceof SealyardError) throw error;
    throw new SealyardError('SY-CLI-AMBIENT-TOKEN', undefined, { cause: error });
  }
}
