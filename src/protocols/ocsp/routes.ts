// The OCSP door: POST and GET (RFC 6960 appendix A.1), with the caching of RFC 5019 §6 for GET.
import { MAX_OCSP_REQUEST_BYTES } from '../../formats/ocsp.ts';
import { fromBase64 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Clock } from '../../ground/ports.ts';
import type { Revocation } from '../../revoke/revocation.ts';
import { cachedReply } from '../cached.ts';
import type { DoorReply, DoorRequest, Route } from '../door.ts';
import { ocspProblem, RESPONSE_TYPE } from './problems.ts';

export interface OcspDoorDeps {
  readonly revocation: Pick<Revocation, 'ocsp'>;
  readonly clock: Clock;
  /** `max-age` of an answer to GET. */
  readonly cacheSeconds: number;
}

const PREFIX = '/ocsp/';
const common = { listeners: ['plain', 'tls'], problem: ocspProblem } as const;

export function ocspRoutes(deps: OcspDoorDeps): Route[] {
  const post = (path: string): Route => ({
    ...common,
    method: 'POST',
    path,
    bodyLimitBytes: MAX_OCSP_REQUEST_BYTES,
    contentTypes: ['application/ocsp-request'],
    handle: async ({ body }) => {
      const { der } = await deps.revocation.ocsp(body);
      return { status: 200, headers: { 'content-type': RESPONSE_TYPE }, body: der };
    },
  });
  return [
    post('/ocsp'),
    // Some clients put a slash behind the address of the certificate.
    post(PREFIX),
    {
      ...common,
      method: 'GET',
      path: `${PREFIX}*`,
      bodyLimitBytes: 0,
      handle: (request) => get(request, deps),
    },
  ];
}

/** @throws SealyardError as `Revocation.ocsp` */
async function get(
  request: DoorRequest,
  { revocation, clock, cacheSeconds }: OcspDoorDeps,
): Promise<DoorReply> {
  const answer = await revocation.ocsp(requestOf(request.path.slice(PREFIX.length)));
  if (!answer.cacheable) return { status: 200, headers: { 'content-type': RESPONSE_TYPE }, body: answer.der };
  return cachedReply(
    request,
    {
      body: answer.der,
      contentType: RESPONSE_TYPE,
      tag: answer.sha256,
      lastModified: answer.thisUpdate,
      expires: answer.nextUpdate,
      maxAgeSeconds: cacheSeconds,
    },
    clock.now(),
  );
}

/**
 * The request in the path: base64, percent-encoded or not. Clients differ: some put a slash too many before it, some
 * leave the padding away.
 */
function requestOf(path: string): Uint8Array {
  const text = decoded(path).replace(/^\/+/, '').replace(/=+$/, '');
  const bytes = fromBase64(text.padEnd(Math.ceil(text.length / 4) * 4, '='));
  if (bytes === undefined || bytes.length === 0)
    throw new SealyardError('SY-OCSP-MALFORMED', 'the path holds no base64');
  return bytes;
}

function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    throw new SealyardError('SY-OCSP-MALFORMED', 'the path is not percent-encoded');
  }
}
