// The trust documents: what verifiers and signers configure themselves with. Public, small, cacheable.
import type { DoorReply, Route } from '../door.ts';
import { problemReply } from '../problem.ts';

/** The documents as they are now; rendered by the owner when something changes, not by each request. */
export interface TrustDoorDeps {
  readonly trustedRoot: () => string;
  readonly signingConfig: () => string;
  readonly rootsPem: () => string;
}

const JSON_TYPE = 'application/json';
const PEM_TYPE = 'application/x-pem-file';

export function trustRoutes(deps: TrustDoorDeps): Route[] {
  return [
    document('/trusted_root.json', ['tls'], JSON_TYPE, deps.trustedRoot),
    document('/signing_config.json', ['tls'], JSON_TYPE, deps.signingConfig),
    // Also plain: whoever fetches the root cannot verify our TLS yet, and compares the fingerprint.
    document('/roots.pem', ['tls', 'plain'], PEM_TYPE, deps.rootsPem),
  ];
}

function document(path: string, listeners: Route['listeners'], type: string, render: () => string): Route {
  return {
    method: 'GET',
    path,
    bodyLimitBytes: 0,
    listeners,
    handle: (): DoorReply => ({
      status: 200,
      headers: { 'content-type': type, 'cache-control': 'public, max-age=300' },
      body: render(),
    }),
    problem: problemReply,
  };
}
