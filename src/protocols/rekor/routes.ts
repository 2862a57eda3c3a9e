// The signature log's door: Rekor v2 (rekor-tiles) write API and tiles.
import type { Route } from '../door.ts';
import { tileRoutes } from '../tiles.ts';
import { addEntry, type RekorDeps } from './add-entry.ts';
import { BODY_LIMIT_BYTES } from './messages.ts';
import { rekorProblem } from './problems.ts';

export function rekorRoutes(deps: RekorDeps): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v2/log/entries',
      bodyLimitBytes: BODY_LIMIT_BYTES,
      contentTypes: ['application/json'],
      listeners: ['tls'],
      handle: (request) => addEntry(request, deps),
      problem: rekorProblem,
    },
    ...tileRoutes(
      {
        log: 'signature',
        prefix: '/api/v2',
        bundles: 'entries',
        listeners: ['tls'],
        problem: rekorProblem,
      },
      deps.logs,
    ),
  ];
}
