// The reasons of a revocation and their codes (RFC 5280 §5.3.1).

/** CRLReason; 7 is not used. */
export const REASON_CODES = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  /** In delta CRLs alone: the entry goes. */
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

export type RevocationReason = keyof typeof REASON_CODES;

const BY_CODE: ReadonlyMap<number, RevocationReason> = new Map(
  (Object.keys(REASON_CODES) as RevocationReason[]).map((name) => [REASON_CODES[name], name]),
);

export function reasonOfCode(code: number): RevocationReason | undefined {
  return BY_CODE.get(code);
}

/** The reason of that name, as RFC 5280 spells it. */
export function reasonOfName(name: string): RevocationReason | undefined {
  return Object.hasOwn(REASON_CODES, name) ? (name as RevocationReason) : undefined;
}

/**
 * ReasonFlags of distribution points count differently (§4.2.1.13): bit 0 is unused, privilegeWithdrawn is 7 and
 * aACompromise 8; unspecified has no bit and belongs to every scope that is not limited.
 */
export const REASON_FLAGS: readonly (RevocationReason | undefined)[] = [
  undefined,
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
];
