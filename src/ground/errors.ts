// The one error that rooms throw for the world's fault, and the table of every code that we ever answer with.
import { ACME_CODES } from './codes/acme.ts';
import { ADMIT_CODES } from './codes/admit.ts';
import { AGENT_CODES } from './codes/agent.ts';
import { AUTHORITY_CODES } from './codes/authority.ts';
import { CHALLENGE_CODES } from './codes/challenge.ts';
import { CLI_CODES } from './codes/cli.ts';
import { ENROL_CODES } from './codes/enrol.ts';
import { FORMAT_CODES } from './codes/formats.ts';
import { GROUND_CODES } from './codes/ground.ts';
import { IDENTITY_CODES } from './codes/identity.ts';
import { ISSUE_CODES } from './codes/issue.ts';
import { KEYS_CODES } from './codes/keys.ts';
import { LOG_CODES } from './codes/log.ts';
import { POLICY_CODES } from './codes/policy.ts';
import { REACH_CODES } from './codes/reach.ts';
import { REGISTRY_CODES } from './codes/registry.ts';
import { REVOKE_CODES } from './codes/revoke.ts';
import { SERVER_CODES } from './codes/server.ts';
import { SIGN_CODES } from './codes/sign.ts';
import { STORE_CODES } from './codes/store.ts';
import { VERIFY_CODES } from './codes/verify.ts';

export const ERRORS = {
  ...GROUND_CODES,
  ...FORMAT_CODES,
  ...VERIFY_CODES,
  ...KEYS_CODES,
  ...IDENTITY_CODES,
  ...POLICY_CODES,
  ...LOG_CODES,
  ...AUTHORITY_CODES,
  ...CHALLENGE_CODES,
  ...ISSUE_CODES,
  ...REVOKE_CODES,
  ...ENROL_CODES,
  ...REACH_CODES,
  ...REGISTRY_CODES,
  ...SIGN_CODES,
  ...ADMIT_CODES,
  ...STORE_CODES,
  ...ACME_CODES,
  ...AGENT_CODES,
  ...SERVER_CODES,
  ...CLI_CODES,
} as const;

export type Code = keyof typeof ERRORS;

/**
 * The world's fault: bad input, a refusal, a peer that does not answer. Carries a stable code, which is also the
 * metric label, the documentation anchor and what scripts match on.
 * `detail` is shown to whoever asked, so it never holds a secret, a token or a key.
 */
export class SealyardError extends Error {
  readonly code: Code;
  readonly detail: string | undefined;
  /** Seconds after which trying again may help (HTTP `Retry-After`). */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: Code, detail?: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    const sentence = ERRORS[code].sentence;
    super(detail === undefined ? sentence : `${sentence} (${detail})`, { cause: options.cause });
    this.name = 'SealyardError';
    this.code = code;
    this.detail = detail;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

export function isSealyardError(error: unknown, ...codes: readonly Code[]): error is SealyardError {
  return error instanceof SealyardError && (codes.length === 0 || codes.includes(error.code));
}
