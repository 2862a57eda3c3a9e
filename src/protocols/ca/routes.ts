// The CA certificates' door: each authority's certificate where authorityInfoAccess says it is (RFC 5280 §4.2.2.1).
import { createHash } from 'node:crypto';
import type { AuthorityDirectory } from '../../authority/directory.ts';
import { toHex, toUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Clock } from '../../ground/ports.ts';
import { certificatesPem } from '../../trust/pem.ts';
import { cachedReply } from '../cached.ts';
import type { DoorReply, DoorRequest, Route } from '../door.ts';
import { problemReply } from '../problem.ts';

export interface CaDeps {
  readonly authorities: Pick<AuthorityDirectory, 'known'>;
  readonly clock: Clock;
}

/** A certificate under this id never changes; the day bounds how long a mistake in an id lives. */
const MAX_AGE_SECONDS = 86_400;
const FILE = /^([a-z0-9-]{1,40})\.(cer|pem)$/;

/** `/ca/<authority>.cer` (one certificate, DER) and `/ca/<authority>.pem` (the chain up to the root). */
export function caRoutes(deps: CaDeps): Route[] {
  return [
    {
      method: 'GET',
      path: '/ca/:file',
      bodyLimitBytes: 0,
      listeners: ['plain', 'tls'],
      handle: (request) => certificate(request, deps),
      problem: problemReply,
    },
  ];
}

/** @throws SealyardError `SY-HTTP-NOT-FOUND` */
function certificate(request: DoorRequest, { authorities, clock }: CaDeps): DoorReply {
  const [, id, form] = FILE.exec(request.params['file'] ?? '') ?? [];
  const found = id === undefined ? undefined : authorities.known().find((each) => each.id === id);
  if (found === undefined) throw new SealyardError('SY-HTTP-NOT-FOUND');
  const { der, notBefore, notAfter } = found.certificate;
  const body = form === 'cer' ? der : toUtf8(certificatesPem(found.chain));
  return cachedReply(
    request,
    {
      body,
      // RFC 2585 §4.1; RFC 8555 §9.1.
      contentType: form === 'cer' ? 'application/pkix-cert' : 'application/pem-certificate-chain',
      tag: toHex(new Uint8Array(createHash('sha256').update(body).digest())),
      lastModified: notBefore,
      expires: notAfter,
      maxAgeSeconds: MAX_AGE_SECONDS,
    },
    clock.now(),
  );
}
