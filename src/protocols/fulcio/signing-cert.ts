// From a CI job's token to a certificate: the keyless path, step by step as in docs/life-of-a-signature.md.
import type { Authority } from '../../authority/authority.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Event } from '../../ground/events.ts';
import type { Identity } from '../../identity/identity.ts';
import type { TokenVerifier } from '../../identity/verifier.ts';
import {
  type ProvenKey,
  provePossession,
  provePossessionByRequest,
  readCallerKey,
} from '../../issue/caller-key.ts';
import { issue } from '../../issue/issue.ts';
import { prepare } from '../../issue/prepare.ts';
import type { IssueDeps, IssuedCertificate, SignGrant } from '../../issue/request.ts';
import { decideSign } from '../../policy/decide-sign.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Possession, SigningRequest } from './messages.ts';

export interface FulcioDeps {
  readonly issue: IssueDeps;
  readonly verifier: TokenVerifier;
  /** The policy in force at this moment. */
  readonly policy: () => Policy;
  readonly authority: Authority;
}

/** @throws SealyardError `SY-IDENTITY-*`, `SY-ISSUE-*`, the code of the policy's violation, `SY-STORE-*` */
export async function signingCertificate(
  request: SigningRequest,
  deps: FulcioDeps,
): Promise<IssuedCertificate> {
  const policy = deps.policy();
  // A clock that cannot be right judges no token.
  const now = deps.issue.clockGuard.now();
  const identity = await deps.verifier.verify(request.token, { issuers: policy.issuers, now });
  // Life of a signature, step 2: the caller holds the key.
  const key = prove(request.possession, identity);
  const grant = await granted(policy, identity, now, deps);
  const prepared = prepare(
    { profile: 'keyless', authority: deps.authority, key, identity, grant, policyVersion: policy.version },
    deps.issue,
  );
  return issue(prepared, deps.issue);
}

function prove(possession: Possession, identity: Identity): ProvenKey {
  if (possession.kind === 'request') return provePossessionByRequest(possession.request);
  return provePossession({
    publicKey: readCallerKey(possession.publicKey),
    challenge: identity.challenge,
    signature: possession.signature,
  });
}

/** A refusal is as much worth a record as a certificate: somebody with a good token asked for what nobody granted. */
async function granted(policy: Policy, identity: Identity, now: Date, deps: FulcioDeps): Promise<SignGrant> {
  const decision = decideSign(policy, identity, now);
  if (decision.granted) return decision;
  const [violation] = decision.violations;
  if (violation === undefined) throw new TypeError('a refusal without a violation');
  await deps.issue.commit({ puts: [], events: [refusal(policy, identity, now, decision.violations)] });
  throw new SealyardError(violation.code, violation.message);
}

function refusal(
  policy: Policy,
  identity: Identity,
  now: Date,
  violations: readonly { readonly code: string; readonly rule: string; readonly message: string }[],
): Event {
  return {
    timeMs: now.getTime(),
    action: 'certificate.refused',
    actor: { kind: 'identity', id: identity.subject, issuer: identity.issuer },
    object: { type: 'identity', id: identity.san.value },
    outcome: 'refused',
    policyVersion: policy.version,
    data: {
      violations: violations.slice(0, 16).map(({ code, rule, message }) => ({ code, rule, message })),
    },
  };
}
