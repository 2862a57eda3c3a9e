// The CRL door: each shard's complete and delta list at the address that the certificates name (RFC 5280 §4.2.1.13).
import { SealyardError } from '../../ground/errors.ts';
import type { Clock } from '../../ground/ports.ts';
import type { Revocation } from '../../revoke/revocation.ts';
import { cachedReply } from '../cached.ts';
import type { DoorReply, DoorRequest, Route } from '../door.ts';
import { problemReply } from '../problem.ts';

export interface CrlDeps {
  readonly revocation: Pick<Revocation, 'crl' | 'delta'>;
  readonly clock: Clock;
  /** `max-age` of a list. */
  readonly cacheSeconds: number;
}

/** `/crl/<authority>/<shard>.crl` and `/crl/<authority>/<shard>.delta.crl`. */
export function crlRoutes(deps: CrlDeps): Route[] {
  return [
    {
      method: 'GET',
      path: '/crl/:authority/:file',
      bodyLimitBytes: 0,
      listeners: ['plain', 'tls'],
      handle: (request) => list(request, deps),
      problem: problemReply,
    },
  ];
}

const FILE = /^(0|[1-9]\d{0,3})(\.delta)?\.crl$/;

/** @throws SealyardError `SY-HTTP-NOT-FOUND`, and what signing throws where there is no valid list */
async function list(request: DoorRequest, { revocation, clock, cacheSeconds }: CrlDeps): Promise<DoorReply> {
  const [, shard, delta] = FILE.exec(request.params['file'] ?? '') ?? [];
  const authority = request.params['authority'] ?? '';
  if (shard === undefined) throw new SealyardError('SY-HTTP-NOT-FOUND');
  const crl =
    delta === undefined
      ? await revocation.crl(authority, Number(shard))
      : await revocation.delta(authority, Number(shard));
  if (crl === undefined) throw new SealyardError('SY-HTTP-NOT-FOUND');
  return cachedReply(
    request,
    {
      body: crl.der,
      // RFC 5280 §4.2.1.13, RFC 2585 §4.2.
      contentType: 'application/pkix-crl',
      // No number is ever used twice.
      tag: String(crl.number),
      lastModified: crl.thisUpdate,
      expires: crl.nextUpdate,
      maxAgeSeconds: cacheSeconds,
    },
    clock.now(),
  );
}
