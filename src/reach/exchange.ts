// One HTTP exchange: a request out, at most so many bytes back, within a deadline and without long silences.
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { concat } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { AgentPair } from './agents.ts';
import { hostOf, originOf } from './url.ts';

const MAX_HEADER_BYTES = 32 * 1024;

export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly agents: AgentPair;
  readonly maxBytes: number;
  readonly idleTimeoutMs: number;
  /** Ends the exchange: the total deadline and the caller's own signal, joined. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** @throws SealyardError `SY-REACH-*`; a caller's abort is thrown as the signal's reason */
export function exchange(o: Exchange): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const fail = (error: unknown): void => reject(asReachError(error, o));
    const request = sender(o)(o.url, requestOptions(o), (response) => {
      readBody(response, o).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body }),
        (error: unknown) => {
          request.destroy();
          fail(error);
        },
      );
    });
    request.on('error', fail);
    // Silence while connecting, sending or waiting for the first byte; readBody watches its own.
    request.setTimeout(o.idleTimeoutMs, () => request.destroy(timeoutOf(o)));
    request.end(o.body);
  });
}

function sender(o: Exchange): typeof httpRequest {
  return o.url.protocol === 'https:' ? (httpsRequest as typeof httpRequest) : httpRequest;
}

function requestOptions(o: Exchange): RequestOptions {
  return {
    method: o.method,
    agent: o.url.protocol === 'https:' ? o.agents.https : o.agents.http,
    signal: o.signal,
    maxHeaderSize: MAX_HEADER_BYTES,
    headers: {
      // Compressed answers would let a few bytes become very many, and digests are over what is sent.
      'accept-encoding': 'identity',
      ...o.headers,
      ...(o.body === undefined ? {} : { 'content-length': String(o.body.length) }),
    },
  };
}

async function readBody(response: IncomingMessage, o: Exchange): Promise<Uint8Array> {
  const announced = Number(response.headers['content-length'] ?? '0');
  if (o.method !== 'HEAD' && announced > o.maxBytes) throw tooLarge(o);
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && o.method !== 'HEAD')
    throw new SealyardError('SY-REACH-FAILED', `${originOf(o.url)}: compressed though not asked for`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = chunk as Uint8Array;
    size += bytes.length;
    // Counted, not believed: the announced length may lie.
    if (size > o.maxBytes) throw tooLarge(o);
    chunks.push(bytes);
  }
  return concat(...chunks);
}

function headersOf(response: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(response.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  return headers;
}

function tooLarge(o: Exchange): SealyardError {
  return new SealyardError('SY-REACH-TOO-LARGE', `${originOf(o.url)}: more than ${o.maxBytes} bytes`);
}

function timeoutOf(o: Exchange): SealyardError {
  return new SealyardError('SY-REACH-TIMEOUT', `${originOf(o.url)}: silent for ${o.idleTimeoutMs} ms`);
}

// The names that OpenSSL and Node give to a certificate that fails verification.
const TLS_FAILURE =
  /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH|ERR_SSL_)/;

function asReachError(error: unknown, o: Exchange): unknown {
  if (error instanceof SealyardError) return error;
  if (o.signal.aborted) return o.signal.reason;
  const code = codeOf(error);
  if (TLS_FAILURE.test(code))
    return new SealyardError('SY-REACH-TLS', `${hostOf(o.url)}: ${code}`, { cause: error });
  return new SealyardError('SY-REACH-FAILED', `${originOf(o.url)}: ${code}`, { cause: error });
}

/** A connection tried at several addresses fails with an AggregateError whose first member says why. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'broke off';
}
