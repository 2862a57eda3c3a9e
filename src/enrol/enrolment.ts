// What the doors of enrolment share: accounts, bindings, orders, authorizations, renewal windows. Types only.
import type { Precondition, Put } from '../ground/change.ts';
import type { Actor, Event } from '../ground/events.ts';
import type { EnvironmentName, IdentityName, Serial } from '../ground/ids.ts';
import type { JsonObject } from '../ground/json.ts';
import type { IssuedCertificate, Via } from '../issue/request.ts';
import type { ChallengeType, RequestedName } from '../policy/issuance.ts';
import type { EnrolProblem } from './problem.ts';

/**
 * What goes into the same commit as a mutating method: a used nonce, above all. Where a method finds that nothing has
 * to be written (a finalize that was done already), it is not committed.
 * `address` is the caller's, for the rate limits.
 */
export interface Together {
  readonly puts?: readonly Put[];
  readonly preconditions?: readonly Precondition[];
  readonly events?: readonly Event[];
  readonly address?: string;
}

export interface Account {
  /** `[0-9a-z]+`, unguessable. */
  readonly id: string;
  /** RFC 7638, SHA-256, base64url. */
  readonly keyThumbprint: string;
  readonly jwk: JsonObject;
  readonly contacts: readonly string[];
  readonly termsAgreed: boolean;
  readonly status: 'valid' | 'deactivated' | 'revoked';
  readonly binding?: AccountBinding;
  /** Set while the account may order nothing, since all that it asked for failed. */
  readonly paused?: { readonly since: Date; readonly failures: number };
  readonly createdAt: Date;
}

export interface AccountBinding {
  readonly keyId: string;
  readonly identity: IdentityName;
  readonly environment?: EnvironmentName;
}

export interface Order {
  /** `<week, 4 hex><time and random>`; `[0-9a-f]{40}`. */
  readonly id: string;
  readonly accountId: string;
  readonly status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  readonly expiresAt: Date;
  readonly identifiers: readonly RequestedName[];
  readonly authorizations: readonly Authorization[];
  /** Always there once the order is made: the granted one, whether it was asked for or not. */
  readonly profile?: string;
  readonly environment?: EnvironmentName;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** RFC 9773 certificate identifier, as the client gave it. */
  readonly replaces?: string;
  /** Why the order is invalid. */
  readonly error?: EnrolProblem;
  /** With `valid`. */
  readonly serial?: Serial;
  readonly createdAt: Date;
}

export interface Authorization {
  /** `<order id>.<n>`, or 40 hex digits for a pre-authorization. */
  readonly id: string;
  /** Without `*.` (RFC 8555 §7.1.4); `wildcard` tells. */
  readonly identifier: RequestedName;
  readonly wildcard: boolean;
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';
  readonly expiresAt: Date;
  /** Granted by the policy without a challenge: `challenges` is empty. */
  readonly proof: 'policy' | 'challenge';
  readonly challenges: readonly Challenge[];
}

export interface Challenge {
  /** Unique within its authorization: the type's name. */
  readonly id: string;
  readonly type: ChallengeType;
  /** 128 random bits in base64url. */
  readonly token: string;
  readonly status: 'pending' | 'processing' | 'valid' | 'invalid';
  readonly validatedAt?: Date;
  /** Of the last attempt; also there while further ones are to come (RFC 8555 §8.2). */
  readonly error?: EnrolProblem;
  readonly attempts: number;
  /** Seconds until the next look is worth while (`Retry-After`); with `processing`. */
  readonly retryAfterSeconds?: number;
}

/** One request, one certificate, no order: what the admin and EST doors ask. */
export interface DirectRequest {
  /** What the policy calls the caller. */
  readonly who: readonly IdentityName[];
  readonly requester: Actor;
  readonly via: Exclude<Via, 'acme'>;
  /** PKCS #10, PEM or DER. */
  readonly csr: string | Uint8Array;
  /** Absent: those of the request. */
  readonly names?: readonly RequestedName[];
  readonly profile?: string;
  readonly lifetimeSeconds?: number;
  readonly environment?: string;
}

/** Every method throws `SealyardError`s `SY-ENROL-…` (often an `EnrolError`) and has committed when it resolves. */
export interface Enrolment {
  readonly accounts: Accounts;
  readonly bindings: Bindings;
  readonly orders: Orders;
  readonly authorizations: Authorizations;
  readonly challenges: Challenges;
  readonly renewal: Renewal;
  readonly revocation: RevocationRights;
  /**
   * A certificate for names that the policy grants without a challenge.
   * @throws EnrolError `SY-ENROL-REJECTED`, `SY-ENROL-PROFILE`, `SY-ENROL-CSR`, `SY-ENROL-CAA`, `SY-ENROL-RATE-LIMITED`
   * @throws SealyardError `SY-ISSUE-…`, `SY-AUTHORITY-NONE`
   */
  issueDirectly(request: DirectRequest, together?: Together): Promise<IssuedCertificate>;
  /** After a start: takes up the validations that were under way. Returns how many. */
  recover(): Promise<number>;
  /** Ends the timers and waits for the validations under way; what was answered is taken up at the next start. */
  stop(): Promise<void>;
}

export interface NewAccount {
  readonly jwk: JsonObject;
  readonly thumbprint: string;
  readonly contacts: readonly string[];
  readonly termsAgreed: boolean;
  /** Key id of a binding whose MAC the door has verified (with `bindings.key`). Its use is counted in the same commit. */
  readonly binding?: VerifiedBinding;
}

export interface VerifiedBinding {
  readonly keyId: string;
}

export interface AccountUpdate {
  readonly contacts?: readonly string[];
  readonly termsAgreed?: boolean;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next page. */
  readonly next?: string;
}

export interface Accounts {
  findByKey(thumbprint: string): Account | undefined;
  /**
   * The account of this key: a new one, or the one that exists (RFC 8555 §7.3.1: then nothing else of the request
   * counts). Fifty at once with one key make one account.
   * @throws EnrolError `SY-ENROL-BINDING-UNUSABLE`, `SY-ENROL-CONTACT`, `SY-ENROL-RATE-LIMITED`
   */
  create(request: NewAccount, together?: Together): Promise<{ account: Account; created: boolean }>;
  /** Deactivated ones too: the door looks at `status`. */
  get(id: string): Account | undefined;
  update(id: string, change: AccountUpdate, together?: Together): Promise<Account>;
  /** Ends its pending orders and authorizations as well (RFC 8555 §7.3.6). */
  deactivate(id: string, together?: Together): Promise<Account>;
  /**
   * RFC 8555 §7.3.5; all proofs are the door's.
   * @throws EnrolError `SY-ENROL-KEY-IN-USE` with `accountId` of the account that has the new key (409 and `Location`)
   */
  changeKey(
    id: string,
    key: { jwk: JsonObject; thumbprint: string /** That signed the request. */; oldThumbprint: string },
    together?: Together,
  ): Promise<Account>;
  /** Ids of the orders that are not invalid (RFC 8555 §7.1.2.1), oldest first, in pages. */
  orders(id: string, cursor?: string): { readonly ids: readonly string[]; readonly next?: string };
  /** For operators. */
  list(query: { readonly after?: string; readonly limit: number }): Page<Account>;
  /** Lets a paused account order again. @throws SealyardError `SY-ENROL-NOT-FOUND` */
  unpause(id: string, actor: Actor): Promise<Account>;
}

export interface Binding {
  readonly keyId: string;
  readonly identity: IdentityName;
  readonly environment?: EnvironmentName;
  /** How many accounts it may make; absent: any number. */
  readonly uses?: number;
  readonly used: number;
  readonly expiresAt?: Date;
  readonly note?: string;
  readonly state: 'active' | 'used-up' | 'expired' | 'revoked';
  readonly createdAt: Date;
  readonly createdBy: string;
}

export interface NewBinding {
  readonly identity: string;
  readonly environment?: string;
  readonly uses?: number;
  readonly expiresAt?: Date;
  readonly note?: string;
  readonly actor: Actor;
}

export interface Bindings {
  /** @throws SealyardError `SY-ENROL-BINDING-WRONG` (unknown identity or environment, uses, time) */
  create(
    request: NewBinding,
  ): Promise<{ binding: Binding /** 32 bytes, shown once. */; hmacKey: Uint8Array }>;
  list(query: { readonly after?: string; readonly limit: number }): Page<Binding>;
  /** Accounts made with it lose the identity at once. @throws SealyardError `SY-ENROL-NOT-FOUND` */
  revoke(keyId: string, actor: Actor): Promise<Binding>;
  /** The MAC key (RFC 8555 §7.3.4) of a binding that can be used now; for all others alike `undefined`. */
  key(keyId: string): Uint8Array | undefined;
  /**
   * HTTP basic (EST): the key id and the MAC key in base64url. `use` counts it: put it into the commit that it pays for.
   * @throws SealyardError `SY-ENROL-BINDING-UNUSABLE`, for whatever reason
   */
  login(keyId: string, password: string): { readonly binding: AccountBinding; readonly use: Together };
}

export interface NewOrder {
  /** As `issue/names.ts` reads them; a wildcard begins with `*.`. */
  readonly identifiers: readonly RequestedName[];
  readonly profile?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly replaces?: string;
  readonly environment?: EnvironmentName;
}

export interface OrderCertificate {
  readonly serial: Serial;
  /** DER. */
  readonly leaf: Uint8Array;
  /** DER, each from the leaf's issuer upwards and without the self-signed root above it; the default chain first. */
  readonly chains: readonly (readonly Uint8Array[])[];
}

export interface Orders {
  /**
   * RFC 8555 §7.4. Where the policy needs no proof, the order is `ready` at once.
   * @throws EnrolError `SY-ENROL-REJECTED` (with a subproblem a name), `SY-ENROL-PROFILE`, `SY-ENROL-ORDER-WRONG`,
   *   `SY-ENROL-ALREADY-REPLACED`, `SY-ENROL-TOO-MANY-NAMES`, `SY-ENROL-TOO-MANY-ORDERS`, `SY-ENROL-RATE-LIMITED`,
   *   `SY-ENROL-PAUSED`
   */
  create(account: Account, request: NewOrder, together?: Together): Promise<Order>;
  /** @throws SealyardError `SY-ENROL-NOT-FOUND`, also for another account's */
  get(account: Account, id: string): Order;
  /**
   * RFC 8555 §7.4: one order, one certificate, however often and concurrently it is asked; a finished order comes back
   * as it is, whatever the CSR.
   * @throws EnrolError `SY-ENROL-ORDER-NOT-READY`, `SY-ENROL-CSR`, `SY-ENROL-CSR-NAMES`, `SY-ENROL-ACCOUNT-KEY`,
   *   `SY-ENROL-CAA`, `SY-ISSUE-KEY-…`, `SY-ISSUE-…`
   */
  finalize(account: Account, id: string, csrDer: Uint8Array, together?: Together): Promise<Order>;
  /** @throws SealyardError `SY-ENROL-NOT-FOUND`, also for another account's */
  certificate(account: Account, serial: string): OrderCertificate;
}

export interface Authorizations {
  /**
   * RFC 8555 §7.4.1. Orders use it as long as it is valid.
   * @throws EnrolError as `orders.create`; `SY-ENROL-WILDCARD` for a wildcard
   */
  preauthorize(
    account: Account,
    identifier: RequestedName,
    environment?: EnvironmentName,
    together?: Together,
  ): Promise<Authorization>;
  /** @throws SealyardError `SY-ENROL-NOT-FOUND`, also for another account's */
  get(account: Account, id: string): Authorization;
  /** RFC 8555 §7.5.2: an order that needs it becomes invalid, unless it is valid already. */
  deactivate(account: Account, id: string, together?: Together): Promise<Authorization>;
}

export interface Challenges {
  /** @throws SealyardError `SY-ENROL-NOT-FOUND`, also for another account's */
  get(account: Account, authorizationId: string, challengeId: string): Challenge;
  /**
   * RFC 8555 §7.5.1: durable as `processing` when it resolves, validated behind the answer. One that is processing or
   * decided comes back as it is (§8.2).
   * @throws EnrolError `SY-ENROL-RATE-LIMITED`, `SY-ENROL-PAUSED`
   */
  respond(
    account: Account,
    authorizationId: string,
    challengeId: string,
    together?: Together,
  ): Promise<{ authorization: Authorization; challenge: Challenge }>;
}

export interface RenewalWindow {
  readonly start: Date;
  readonly end: Date;
  readonly retryAfterSeconds: number;
  readonly explanationUrl?: string;
}

/** A reason to renew many certificates before their time. */
export interface Campaign {
  readonly id: string;
  readonly authority?: string;
  readonly profile?: string;
  /** Certificates made before this. */
  readonly issuedBefore: Date;
  readonly explanationUrl?: string;
  readonly createdAt: Date;
  readonly createdBy: string;
}

export interface Renewal {
  /**
   * RFC 9773 §4.2: when to renew the certificate of this identifier (base64url key identifier, dot, serial).
   * @throws SealyardError `SY-ENROL-NOT-FOUND`; `SY-ENROL-CERTIFICATE-ID` where it is none
   */
  window(certificateId: string): RenewalWindow;
  startCampaign(
    request: Omit<Campaign, 'id' | 'createdAt' | 'createdBy'> & { actor: Actor },
  ): Promise<Campaign>;
  campaigns(): readonly Campaign[];
  endCampaign(id: string, actor: Actor): Promise<void>;
}

export interface RevocationRights {
  /**
   * RFC 8555 §7.6: may this account (its own certificates, or all names authorized), or this key (the certificate's),
   * revoke the certificate? Whether it is revoked already is the revoking room's answer.
   * @param by `spki`: DER of the SubjectPublicKeyInfo of the `jwk` that signed the request
   * @throws SealyardError `SY-ENROL-NOT-FOUND` (no certificate of ours), `SY-ENROL-UNAUTHORIZED`
   */
  authorize(request: {
    readonly certificateDer: Uint8Array;
    readonly by: { readonly account: Account } | { readonly spki: Uint8Array };
  }): { readonly serial: Serial; readonly actor: Actor };
}
