// Certificates from a yard's own API, for workloads with a token: no challenge, the policy decides by identity.
import { decodePem, encodePem } from '../formats/pem.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { fromUtf8, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { isObject, type JsonObject, parseJson } from '../ground/json.ts';
import type { Clock } from '../ground/ports.ts';
import type { NetworkKind, Reach } from '../reach/reach.ts';
import { renewalWindowOf } from './acme/renewal-info.ts';
import { AcmeTransport, printable } from './acme/transport.ts';
import type { Issuer, ObtainRequest, RenewalWindow } from './issuer.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;

export interface YardIssuerOptions {
  readonly server: string;
  readonly reach: Reach;
  readonly clock: Clock;
  readonly roots?: string;
  readonly allow?: readonly NetworkKind[];
  /** Read at each use: tokens are renewed under our feet. */
  readonly token: () => string;
  readonly environment?: string;
}

export class YardIssuer implements Issuer {
  readonly #o: YardIssuerOptions;
  readonly #transport: AcmeTransport;

  constructor(o: YardIssuerOptions) {
    this.#o = o;
    this.#transport = new AcmeTransport({ ...o, directoryUrl: `${o.server}/acme/directory` });
  }

  async obtain(request: ObtainRequest, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    const { server, reach, roots, allow, token, environment } = this.#o;
    const body: JsonObject = {
      csr: encodePem('CERTIFICATE REQUEST', request.csr),
      ...(request.profile === undefined ? {} : { profile: request.profile }),
      ...(request.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: request.lifetimeSeconds }),
      ...(environment === undefined ? {} : { environment }),
    };
    const answer = await reach.fetch(`${server}/admin/v1/certificates`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token()}` },
      body: toUtf8(JSON.stringify(body)),
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs: TIMEOUT_MS,
      ...(roots === undefined ? {} : { roots }),
      ...(allow === undefined ? {} : { allow }),
      signal,
    });
    const value = bodyOf(answer.body);
    if (answer.status >= 300) throw refusalOf(answer.status, value);
    const pem = value?.['certificate'];
    const chain = value?.['chain'];
    const texts = [pem, ...(Array.isArray(chain) ? chain : [chain])].filter(
      (text) => typeof text === 'string',
    );
    return texts.flatMap((text) => decodePem(text)).map(({ der }) => der);
  }

  renewalWindow(leaf: Certificate, signal: AbortSignal): Promise<RenewalWindow | undefined> {
    return renewalWindowOf(this.#transport, leaf, this.#o.clock, signal);
  }
}

function bodyOf(body: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(fromUtf8(body) ?? '');
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The yard's own sentence and code; a 5xx or no JSON at all is not a refusal. */
function refusalOf(status: number, value: JsonObject | undefined): SealyardError {
  const said = [value?.['code'], value?.['title'], value?.['detail']]
    .filter((part) => typeof part === 'string')
    .map(printable)
    .join(': ');
  return status >= 500 || said === ''
    ? new SealyardError('SY-AGENT-ACME', `status ${status}${said === '' ? '' : `, ${said}`}`)
    : new SealyardError('SY-AGENT-REFUSED', said);
}
