// Answers to signed requests: a fresh nonce, the way back to the directory, compact JSON.
import type { EnvironmentName } from '../../ground/ids.ts';
import type { JsonObject } from '../../ground/json.ts';
import type { DoorReply } from '../door.ts';
import type { Acme } from './deps.ts';

export interface ReplyOptions {
  readonly status?: number;
  readonly location?: string;
  /** Beside `index`. */
  readonly links?: readonly string[];
  readonly retryAfterSeconds?: number | undefined;
  /** Whose directory is the way back; absent: the one of all environments. */
  readonly environment?: EnvironmentName | undefined;
}

/** RFC 8555 §6.5, §7.1: every answer to a POST has these. */
export function acmeHeaders(
  acme: Acme,
  options: ReplyOptions = {},
): Record<string, string | readonly string[]> {
  const { location, links = [], retryAfterSeconds, environment } = options;
  return {
    'replay-nonce': acme.nonces.issue(),
    link: [link(acme.urls.directory(environment), 'index'), ...links],
    ...(location === undefined ? {} : { location }),
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  };
}

/**
 * Compact, members in the order of the object: some clients read JSON with regular expressions, and want nested
 * objects behind the members that they look for.
 */
export function acmeReply(acme: Acme, body: JsonObject, options: ReplyOptions = {}): DoorReply {
  return {
    status: options.status ?? 200,
    headers: { 'content-type': 'application/json', ...acmeHeaders(acme, options) },
    body: JSON.stringify(body),
  };
}

/** A `Link` header's value (RFC 8288). */
export function link(url: string, relation: string): string {
  return `<${url}>;rel="${relation}"`;
}
