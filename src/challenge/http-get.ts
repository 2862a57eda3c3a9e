// One GET of http-01 over a connection that is already there: a small file back, or a redirect.
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { reasonOf, settling } from './connect.ts';
import { ChallengeFailure, settled, unsettled } from './failure.ts';
import type { Look } from './look.ts';

/** A key authorization has some 90 octets; white space may follow. */
const MAX_BODY_BYTES = 4096;
const MAX_HEADER_BYTES = 16 * 1024;

export interface Got {
  readonly status: number;
  readonly location: string | undefined;
  /** Octets as characters; empty unless the status is 200. */
  readonly body: string;
}

export interface Get {
  readonly socket: Socket;
  readonly url: string;
  readonly host: string;
  readonly path: string;
}

/** @throws ChallengeFailure `SY-CHALLENGE-RESPONSE`, `SY-CHALLENGE-CONNECTION` */
export function get(look: Look, o: Get): Promise<Got> {
  return settling<Got>(look.signal, (done, fail) => {
    const asked = request({
      createConnection: () => o.socket,
      path: o.path,
      maxHeaderSize: MAX_HEADER_BYTES,
      setHost: false,
      headers: {
        host: o.host,
        'user-agent': 'sealyard (ACME http-01)',
        accept: '*/*',
        'accept-encoding': 'identity',
        connection: 'close',
      },
    });
    asked.on('error', (error) => fail(broken(o.url, error)));
    // Node says nothing more of a connection that was handed over (status 101).
    asked.on('upgrade', () =>
      fail(unsettled('SY-CHALLENGE-RESPONSE', `${o.url}: the server changes the protocol`)),
    );
    asked.on('response', (response) => {
      readAnswer(o.url, response).then(done, (error: unknown) =>
        fail(error instanceof ChallengeFailure ? error : broken(o.url, error)),
      );
    });
    asked.end();
    return () => asked.destroy();
  });
}

async function readAnswer(url: string, response: IncomingMessage): Promise<Got> {
  const status = response.statusCode ?? 0;
  const location = response.headers.location;
  // Only the file itself is read: what an error page says is nobody's business here.
  if (status !== 200) return { status, location, body: '' };
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw settled('SY-CHALLENGE-RESPONSE', `${url}: the file is compressed though that was not asked for`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_BODY_BYTES)
      throw settled('SY-CHALLENGE-RESPONSE', `${url}: the file has more than ${MAX_BODY_BYTES} octets`);
    chunks.push(bytes);
  }
  return { status, location, body: Buffer.concat(chunks).toString('latin1') };
}

function broken(url: string, error: unknown): ChallengeFailure {
  const code = (error as { readonly code?: string }).code ?? '';
  if (code === 'HPE_HEADER_OVERFLOW')
    return settled('SY-CHALLENGE-RESPONSE', `${url}: the header has more than ${MAX_HEADER_BYTES} octets`);
  if (code.startsWith('HPE_')) return unsettled('SY-CHALLENGE-RESPONSE', `${url}: the answer is not HTTP`);
  return unsettled(
    'SY-CHALLENGE-CONNECTION',
    `${url}: ${error instanceof Error ? reasonOf(error) : 'broken'}`,
  );
}
