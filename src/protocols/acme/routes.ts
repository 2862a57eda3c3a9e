// The ACME door (RFC 8555, 8738, 9773, draft-ietf-acme-profiles, draft-ietf-acme-dns-persist): a table of its resources.
import { MAX_JWS_BYTES } from '../../formats/jws.ts';
import type { Route } from '../door.ts';
import { account, orders } from './account.ts';
import { AccountKeys } from './account-keys.ts';
import { authorization, challenge, newAuthz } from './authorization.ts';
import { certificate } from './certificate.ts';
import type { Acme, AcmeDeps } from './deps.ts';
import { directory, directoryByPost } from './directory.ts';
import { keyChange } from './key-change.ts';
import { newAccount } from './new-account.ts';
import { newNonce, newNonceByPost } from './new-nonce.ts';
import { createNonces } from './nonces.ts';
import { finalize, newOrder, order } from './order.ts';
import { acmeProblem } from './problems.ts';
import { renewalInfo } from './renewal-info.ts';
import { revokeCert } from './revoke-cert.ts';
import { acmeUrls, PATHS } from './urls.ts';

export type { AcmeDeps, AcmeMeta } from './deps.ts';

type Handle = (request: Parameters<Route['handle']>[0], acme: Acme) => ReturnType<Route['handle']>;

export function acmeRoutes(deps: AcmeDeps): Route[] {
  const acme = acmeOf(deps);
  const problem: Route['problem'] = (error) =>
    acmeProblem(error, {
      nonce: acme.nonces.issue(),
      indexUrl: acme.urls.directory(),
      accountUrl: acme.urls.account,
    });
  const route = (method: Route['method'], path: string, handle: Handle): Route => ({
    method,
    path,
    bodyLimitBytes: method === 'POST' ? MAX_JWS_BYTES : 0,
    listeners: ['tls'],
    handle: (request) => handle(request, acme),
    problem,
  });
  // A method that is not in the table is answered 405 by the server (§6.3).
  return [
    route('GET', PATHS.directory, directory),
    route('POST', PATHS.directory, directoryByPost),
    route('GET', PATHS.environmentDirectory, directory),
    route('POST', PATHS.environmentDirectory, directoryByPost),
    route('HEAD', PATHS.newNonce, () => newNonce(200, acme)),
    route('GET', PATHS.newNonce, () => newNonce(204, acme)),
    route('POST', PATHS.newNonce, newNonceByPost),
    route('POST', PATHS.newAccount, newAccount),
    route('POST', PATHS.environmentNewAccount, newAccount),
    route('POST', PATHS.newOrder, newOrder),
    route('POST', PATHS.environmentNewOrder, newOrder),
    route('POST', PATHS.newAuthz, newAuthz),
    route('POST', PATHS.environmentNewAuthz, newAuthz),
    route('POST', PATHS.revokeCert, revokeCert),
    route('POST', PATHS.keyChange, keyChange),
    route('GET', PATHS.renewalInfoOf, renewalInfo),
    route('POST', PATHS.account, account),
    route('POST', PATHS.orders, orders),
    route('POST', PATHS.ordersPage, orders),
    route('POST', PATHS.order, order),
    route('POST', PATHS.finalize, finalize),
    route('POST', PATHS.authorization, authorization),
    route('POST', PATHS.challenge, challenge),
    route('POST', PATHS.certificate, certificate),
    route('POST', PATHS.alternate, certificate),
  ];
}

function acmeOf(deps: AcmeDeps): Acme {
  const { clock, random, records } = deps;
  return {
    ...deps,
    urls: acmeUrls(deps.publicUrl),
    nonces: createNonces({ macKey: deps.secrets.derive('acme-nonce'), clock, random, records }),
    keys: new AccountKeys(),
  };
}
