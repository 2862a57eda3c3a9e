// What may this administrator do?
import type { IdentityName } from '../ground/ids.ts';
import { identityNamesOfServiceToken } from './identities.ts';
import type { Policy, Role } from './policy.ts';

/** A service token by its name, or the identities that a verified CI token is. */
export type Administrator =
  | { readonly kind: 'token'; readonly name: string }
  | { readonly kind: 'identity'; readonly names: readonly IdentityName[] };

/** Which roles include which: `operator` and `auditor` each see what a `viewer` sees, and neither the other's. */
const INCLUDES: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer'],
  auditor: ['auditor', 'viewer'],
  operator: ['operator', 'viewer'],
  administrator: ['administrator', 'operator', 'auditor', 'viewer'],
};

/** Whether a holder of `role` may do what needs `needed`. */
export function roleAllows(role: Role, needed: Role): boolean {
  return INCLUDES[role].includes(needed);
}

/**
 * The role that the policy's `administer` rules give, the most powerful where several do; `undefined` where none
 * does. A rule whose `who` is an identity speaks of a service token only where that identity is `from: service-token`,
 * never of one that merely bears the same name.
 */
export function decideAdmin(policy: Policy, who: Administrator): Role | undefined {
  const names: readonly string[] =
    who.kind === 'token' ? identityNamesOfServiceToken(policy, who.name) : who.names;
  const roles = policy.administer
    .filter((rule) =>
      rule.kind === 'identity' ? names.includes(rule.who) : who.kind === 'token' && rule.who === who.name,
    )
    .map((rule) => rule.role);
  return roles.toSorted((a, b) => INCLUDES[b].length - INCLUDES[a].length)[0];
}
