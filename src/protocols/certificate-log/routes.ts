// The certificate log's door: the monitoring API of static-ct-api.
import { createHash } from 'node:crypto';
import type { Certificate } from '../../formats/x509/certificate.ts';
import { toHex } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Logs } from '../../log/ports.ts';
import type { DoorReply, DoorRequest, Route } from '../door.ts';
import { problemReply } from '../problem.ts';
import { tileRoutes } from '../tiles.ts';

export interface CertificateLogDeps {
  readonly logs: Logs;
  /** Every certificate that a logged chain may name: the yard's authorities. */
  readonly issuers: () => readonly Certificate[];
}

export function certificateLogRoutes(deps: CertificateLogDeps): Route[] {
  return [
    ...tileRoutes(
      { log: 'certificate', prefix: '/ct', bundles: 'data', listeners: ['tls'], problem: problemReply },
      deps.logs,
    ),
    {
      method: 'GET',
      path: '/ct/issuer/:fingerprint',
      bodyLimitBytes: 0,
      listeners: ['tls'],
      handle: (request) => issuer(request, deps.issuers()),
      problem: problemReply,
    },
  ];
}

/** static-ct-api "Issuers": the certificate with this SHA-256, lower-case hex. */
function issuer(request: DoorRequest, issuers: readonly Certificate[]): DoorReply {
  const wanted = request.params['fingerprint'] ?? '';
  const body = issuers.find(({ der }) => fingerprint(der) === wanted)?.der;
  if (body === undefined) throw new SealyardError('SY-HTTP-NOT-FOUND');
  return {
    status: 200,
    headers: {
      'content-type': 'application/pkix-cert',
      'cache-control': 'public, max-age=31536000, immutable',
    },
    body,
  };
}

function fingerprint(der: Uint8Array): string {
  return toHex(new Uint8Array(createHash('sha256').update(der).digest()));
}
