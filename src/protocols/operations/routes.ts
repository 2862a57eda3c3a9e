// The operations door: is the process alive, may it be sent work, what has it counted.
import type { Json } from '../../ground/json.ts';
import type { Route } from '../door.ts';
import { jsonReply, problemReply } from '../problem.ts';

/** One thing that must be well for the yard to be ready. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly code: string;
  readonly message: string;
}

export interface OperationsDeps {
  readonly checks: () => readonly Check[];
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export function operationsRoutes(deps: OperationsDeps): Route[] {
  const route = (path: string, listeners: Route['listeners'], handle: Route['handle']): Route => ({
    method: 'GET',
    path,
    bodyLimitBytes: 0,
    listeners,
    handle,
    problem: problemReply,
  });
  return [
    route('/livez', ['tls', 'plain', 'admission'], () => jsonReply(200, { status: 'ok' })),
    route('/readyz', ['tls', 'plain', 'admission'], () => {
      const checks = deps.checks();
      const ready = checks.every((check) => check.ok);
      return jsonReply(ready ? 200 : 503, {
        status: ready ? 'ready' : 'not-ready',
        checks: checks.map((check): Json => ({ ...check })),
      });
    }),
    route('/metrics', ['tls', 'plain'], async () => {
      const { contentType, text } = await deps.metrics();
      return { status: 200, headers: { 'content-type': contentType }, body: text };
    }),
  ];
}
