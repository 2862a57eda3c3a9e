// The built-in issuer's door: OpenID Connect discovery and keys. Mounted only where the yard runs with --development.

import type { Json } from '../../ground/json.ts';
import type { DevelopmentIssuer } from '../../identity/development-issuer.ts';
import type { Route } from '../door.ts';
import { jsonReply, problemReply } from '../problem.ts';

export function oidcRoutes(issuer: Pick<DevelopmentIssuer, 'discovery' | 'jwks'>): Route[] {
  const document = (path: string, read: () => Json): Route => ({
    method: 'GET',
    path,
    bodyLimitBytes: 0,
    listeners: ['tls'],
    handle: () => jsonReply(200, read(), { 'cache-control': 'public, max-age=60' }),
    problem: problemReply,
  });
  return [
    document('/oidc/.well-known/openid-configuration', () => issuer.discovery()),
    document('/oidc/jwks', () => issuer.jwks()),
  ];
}
