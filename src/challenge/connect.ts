// A TCP connection, perhaps with TLS on it, to an address that was judged: never to a name.
import { connect, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { addressesOf } from './addresses.ts';
import { type ChallengeFailure, unsettled } from './failure.ts';
import type { Look } from './look.ts';

export interface Connection {
  readonly socket: Socket;
  readonly address: string;
}

/**
 * Resolves, judges and connects, the next address where one does not answer.
 * The caller destroys the socket.
 * @param host a name, or an IP address in canonical text
 * @throws ChallengeFailure
 */
export async function connectTo(look: Look, host: string, port: number): Promise<Connection> {
  const addresses = await addressesOf(look, host);
  let first: unknown;
  for (const address of addresses) {
    look.doing(`connecting to ${where(address, port)} for ${host}`);
    try {
      const socket = await open(look, address, port);
      look.saw({ connected: where(address, port) });
      return { socket, address };
    } catch (error) {
      look.signal.throwIfAborted();
      look.saw({ unreachable: where(address, port) });
      first ??= error;
    }
  }
  throw first;
}

export function where(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function open(look: Look, address: string, port: number): Promise<Socket> {
  return settling<Socket>(look.signal, (done, fail) => {
    const socket = connect({ host: address, port, autoSelectFamily: false, noDelay: true });
    const refuse = (why: string): void => {
      socket.destroy();
      fail(unsettled('SY-CHALLENGE-CONNECTION', `${where(address, port)}: ${why}`));
    };
    socket.setTimeout(look.view.connectTimeoutMs, () =>
      refuse(`no connection within ${look.view.connectTimeoutMs} ms`),
    );
    socket.on('error', (error) => refuse(reasonOf(error)));
    socket.on('connect', () => {
      socket.setTimeout(0);
      done(socket);
    });
    return () => socket.destroy();
  });
}

export interface Handshake {
  readonly servername: string | undefined;
  readonly protocols: readonly string[];
}

/**
 * TLS without belief in the certificate: whoever asks looks at it himself, or needs none.
 * @param failure what a broken handshake is called
 */
export function handshake(
  look: Look,
  connection: Connection,
  o: Handshake,
  failure: (why: string) => ChallengeFailure,
): Promise<TLSSocket> {
  return settling<TLSSocket>(look.signal, (done, fail) => {
    const socket = tlsConnect({
      socket: connection.socket,
      ...(o.servername === undefined ? {} : { servername: o.servername }),
      ALPNProtocols: [...o.protocols],
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    });
    socket.on('error', (error) => fail(failure(reasonOf(error))));
    socket.on('close', () => fail(failure('the connection was closed')));
    socket.on('secureConnect', () => done(socket));
    return () => socket.destroy();
  });
}

/** A code of the system or of OpenSSL in words of our own; its message may quote what the stranger sent. */
export function reasonOf(error: Error & { readonly code?: string }): string {
  const code = error.code ?? '';
  return (
    REASONS[code] ??
    (/^[A-Z_0-9]{2,60}$/.test(code) ? code.toLowerCase().replaceAll('_', ' ') : 'it broke off')
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'the connection timed out',
  EADDRNOTAVAIL: 'no route to the address',
};

/** A promise that also ends with the signal; whatever was opened is closed then. */
export function settling<T>(
  signal: AbortSignal,
  start: (done: (value: T) => void, fail: (error: unknown) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const aborted = (): void => {
      close();
      reject(signal.reason);
    };
    const over = (): void => signal.removeEventListener('abort', aborted);
    const close = start(
      (value) => {
        over();
        resolve(value);
      },
      (error) => {
        over();
        reject(error);
      },
    );
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted);
  });
}
