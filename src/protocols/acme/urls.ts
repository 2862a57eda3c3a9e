// The addresses of ACME resources, written and read in one place: a signed `url` and a `kid` are compared with these.
import type { EnvironmentName } from '../../ground/ids.ts';

const ROOT = '/acme';

/**
 * Paths as the server routes them. A literal goes before a parameter: an environment that is called like a resource has
 * no directory of its own, as docs/how-to/acme.md says.
 */
export const PATHS = {
  directory: `${ROOT}/directory`,
  environmentDirectory: `${ROOT}/:environment/directory`,
  newNonce: `${ROOT}/new-nonce`,
  newAccount: `${ROOT}/new-account`,
  environmentNewAccount: `${ROOT}/new-account/:environment`,
  newOrder: `${ROOT}/new-order`,
  environmentNewOrder: `${ROOT}/new-order/:environment`,
  newAuthz: `${ROOT}/new-authz`,
  environmentNewAuthz: `${ROOT}/new-authz/:environment`,
  revokeCert: `${ROOT}/revoke-cert`,
  keyChange: `${ROOT}/key-change`,
  renewalInfo: `${ROOT}/renewal-info`,
  renewalInfoOf: `${ROOT}/renewal-info/:certificate`,
  account: `${ROOT}/account/:account`,
  orders: `${ROOT}/account/:account/orders`,
  ordersPage: `${ROOT}/account/:account/orders/:cursor`,
  order: `${ROOT}/order/:order`,
  finalize: `${ROOT}/order/:order/finalize`,
  authorization: `${ROOT}/authorization/:authorization`,
  challenge: `${ROOT}/challenge/:authorization/:challenge`,
  certificate: `${ROOT}/certificate/:serial`,
  alternate: `${ROOT}/certificate/:serial/:chain`,
} as const;

/** URLs under a public URL, which has no slash at its end. Ids are of characters that need no escaping. */
export interface AcmeUrls {
  directory(environment?: EnvironmentName): string;
  readonly newNonce: string;
  newAccount(environment?: EnvironmentName): string;
  newOrder(environment?: EnvironmentName): string;
  newAuthz(environment?: EnvironmentName): string;
  readonly revokeCert: string;
  readonly keyChange: string;
  readonly renewalInfo: string;
  account(id: string): string;
  orders(accountId: string, cursor?: string): string;
  order(id: string): string;
  finalize(orderId: string): string;
  authorization(id: string): string;
  challenge(authorizationId: string, challengeId: string): string;
  /** `chain`: 1 for the first alternate. */
  certificate(serial: string, chain?: number): string;
  /** The URL of a path as it was sent. */
  ofPath(path: string): string;
  /** The id in an account's URL; `undefined` where it is none of ours (RFC 8555 §6.2: `kid`). */
  accountId(url: string): string | undefined;
}

export function acmeUrls(publicUrl: string): AcmeUrls {
  const root = `${publicUrl}${ROOT}`;
  const accounts = `${root}/account/`;
  const within = (path: string, environment: string | undefined): string =>
    environment === undefined ? `${root}/${path}` : `${root}/${path}/${environment}`;
  return {
    directory: (environment) =>
      environment === undefined ? `${root}/directory` : `${root}/${environment}/directory`,
    newNonce: `${root}/new-nonce`,
    newAccount: (environment) => within('new-account', environment),
    newOrder: (environment) => within('new-order', environment),
    newAuthz: (environment) => within('new-authz', environment),
    revokeCert: `${root}/revoke-cert`,
    keyChange: `${root}/key-change`,
    renewalInfo: `${root}/renewal-info`,
    account: (id) => `${accounts}${id}`,
    orders: (id, cursor) => `${accounts}${id}/orders${cursor === undefined ? '' : `/${cursor}`}`,
    order: (id) => `${root}/order/${id}`,
    finalize: (id) => `${root}/order/${id}/finalize`,
    authorization: (id) => `${root}/authorization/${id}`,
    challenge: (authorization, challenge) => `${root}/challenge/${authorization}/${challenge}`,
    certificate: (serial, chain) => `${root}/certificate/${serial}${chain === undefined ? '' : `/${chain}`}`,
    ofPath: (path) => `${publicUrl}${path}`,
    accountId: (url) => {
      const id = url.startsWith(accounts) ? url.slice(accounts.length) : '';
      return /^[0-9a-z]{1,64}$/.test(id) ? id : undefined;
    },
  };
}

/** An account's URL, for those who name accounts outside of the door (RFC 8657 `accounturi`, dns-persist-01). */
export function accountUrl(publicUrl: string, accountId: string): string {
  return acmeUrls(publicUrl).account(accountId);
}
