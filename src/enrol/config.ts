// The settings of enrolment, and what holds where nothing is said.

/** A token bucket: `burst` at once, then `perSecond` (may be a fraction). */
export interface Limit {
  readonly burst: number;
  readonly perSecond: number;
}

export interface EnrolConfig {
  /** newAccount is refused without an external account binding (RFC 8555 §7.3.4). */
  readonly bindingRequired: boolean;
  /** newAccount is refused unless the terms were agreed to. */
  readonly termsRequired: boolean;
  /** How long an order may take, and an authorization made in advance may be used. */
  readonly orderSeconds: number;
  readonly authorizationSeconds: number;
  readonly mostNames: number;
  readonly mostOpenOrders: number;
  readonly mostAuthorizations: number;
  /** Pauses before the attempts of a validation that may be repeated; their number is the number of attempts. */
  readonly attemptDelaysMs: readonly number[];
  /** Validations at once: altogether, and for one account. */
  readonly validations: { readonly most: number; readonly mostPerAccount: number };
  /** Orders failed in a row until the account is paused, and for how long. */
  readonly pause: { readonly afterFailures: number; readonly seconds: number };
  readonly limits: {
    readonly accountsByAddress: Limit;
    readonly ordersByAccount: Limit;
    readonly ordersByIdentity: Limit;
    readonly ordersByName: Limit;
    readonly ordersByAddress: Limit;
    /** Failed validations of one name by one account. */
    readonly failuresByName: Limit;
    /** Answers to challenges, by account. */
    readonly responsesByAccount: Limit;
  };
  /** Buckets of one kind that are kept; beyond, those that were not used longest are forgotten. */
  readonly mostBuckets: number;
  /** How often a client should look at its renewal window (RFC 9773 §4.3). */
  readonly renewalPollSeconds: number;
  /** Finished orders are moved on when so many wait, or so long after. */
  readonly archive: { readonly most: number; readonly afterMs: number };
}

export const ENROL_DEFAULTS: EnrolConfig = {
  bindingRequired: false,
  termsRequired: false,
  orderSeconds: 7 * 86_400,
  authorizationSeconds: 30 * 86_400,
  mostNames: 100,
  mostOpenOrders: 1000,
  mostAuthorizations: 1000,
  attemptDelaysMs: [0, 1000, 3000, 10_000, 30_000],
  validations: { most: 256, mostPerAccount: 64 },
  pause: { afterFailures: 100, seconds: 86_400 },
  limits: {
    accountsByAddress: { burst: 500, perSecond: 1 },
    ordersByAccount: { burst: 10_000, perSecond: 500 },
    ordersByIdentity: { burst: 50_000, perSecond: 2000 },
    ordersByName: { burst: 200, perSecond: 0.1 },
    ordersByAddress: { burst: 50_000, perSecond: 2000 },
    failuresByName: { burst: 20, perSecond: 1 / 300 },
    responsesByAccount: { burst: 10_000, perSecond: 1000 },
  },
  mostBuckets: 100_000,
  renewalPollSeconds: 6 * 3600,
  archive: { most: 500, afterMs: 5000 },
};
