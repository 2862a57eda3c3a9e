// What a yard is called, fixed at its first start: certificates, log origins and issuers name it for ever.
import { searchEvents } from '../audit/search.ts';
import type { Records } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Event } from '../ground/events.ts';
import { isObject } from '../ground/json.ts';
import type { ListenAddress, YardConfig } from './config.ts';

export interface FixedUrls {
  readonly publicUrl: string;
  /** Absent where the yard was made without a plain listener. */
  readonly plainUrl: string | undefined;
}

const WILDCARDS = ['0.0.0.0', '::'];

/**
 * The URLs of a yard that was made before, from the event that tells of its making: there a backup carries them.
 * `undefined` for a new yard.
 */
export function recordedUrls(records: Records): FixedUrls | undefined {
  const [created] = searchEvents(records, { action: 'yard.created', limit: 1, oldestFirst: true });
  const data = created?.record['data'];
  if (!isObject(data) || typeof data['publicUrl'] !== 'string') return undefined;
  const plainUrl = data['plainUrl'];
  return { publicUrl: data['publicUrl'], plainUrl: typeof plainUrl === 'string' ? plainUrl : undefined };
}

export function yardCreatedEvent(urls: FixedUrls, timeMs: number): Event {
  return {
    timeMs,
    action: 'yard.created',
    actor: { kind: 'system' },
    object: { type: 'yard', id: urls.publicUrl },
    outcome: 'done',
    data: {
      publicUrl: urls.publicUrl,
      ...(urls.plainUrl === undefined ? {} : { plainUrl: urls.plainUrl }),
    },
  };
}

/** @throws SealyardError `SY-SERVER-CONFIG` for a wildcard address without a public URL */
export function firstUrls(
  config: YardConfig,
  ports: { readonly tls: number; readonly plain: number | undefined },
): FixedUrls {
  const publicUrl = config.publicUrl ?? urlOf('https', 'public-url', config.listen, ports.tls);
  const { listenPlain } = config;
  const plainUrl =
    config.publicPlainUrl ??
    (listenPlain === undefined || ports.plain === undefined
      ? undefined
      : urlOf('http', 'public-plain-url', listenPlain, ports.plain));
  return { publicUrl, plainUrl };
}

/** @throws SealyardError `SY-SERVER-PUBLIC-URL` where the configuration names another than the first start fixed */
export function refuseOtherUrls(fixed: FixedUrls, config: YardConfig): void {
  const { publicUrl, publicPlainUrl } = config;
  if (publicUrl !== undefined && publicUrl !== fixed.publicUrl)
    throw new SealyardError('SY-SERVER-PUBLIC-URL', `it is ${fixed.publicUrl}, not ${publicUrl}`);
  if (publicPlainUrl !== undefined && publicPlainUrl !== fixed.plainUrl)
    throw new SealyardError(
      'SY-SERVER-PUBLIC-URL',
      `the plain one is ${fixed.plainUrl ?? 'none'}, not ${publicPlainUrl}`,
    );
}

/** Whether the URL names this host and a port that is not the listener's. A name of its own may lead here by a proxy. */
export function isElsewhere(address: ListenAddress, port: number, fixedUrl: string): boolean {
  const url = new URL(fixedUrl);
  return url.hostname === bracketed(address.host) && portOf(url) !== port;
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}

/** With port 0, a later start asks for the port that the first one got: the fixed URL names it. */
export function wantedAddress(address: ListenAddress, fixedUrl: string | undefined): ListenAddress {
  if (address.port !== 0 || fixedUrl === undefined) return address;
  const url = new URL(fixedUrl);
  if (url.hostname !== bracketed(address.host)) return address;
  return { host: address.host, port: portOf(url) };
}

export function urlOf(
  protocol: 'https' | 'http',
  key: 'public-url' | 'public-plain-url' | undefined,
  address: ListenAddress,
  port: number,
): string {
  if (key !== undefined && WILDCARDS.includes(address.host))
    throw new SealyardError('SY-SERVER-CONFIG', `${key} is needed where ${address.host} is listened on`);
  // `origin` leaves the scheme's own port out, as clients do when they compare.
  return new URL(`${protocol}://${bracketed(address.host)}:${port}`).origin;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
