// A request as a door sees it, for tests of doors without a listener.
import type { DoorReply, DoorRequest, Route } from '../../src/protocols/door.ts';

export interface RequestWish {
  readonly method?: string;
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export function doorRequest(o: RequestWish): DoorRequest {
  return {
    method: o.method ?? 'GET',
    path: o.path,
    params: o.params ?? {},
    query: new URLSearchParams(),
    headers: o.headers ?? {},
    body: o.body ?? new Uint8Array(0),
    peer: '127.0.0.1',
    signal: new AbortController().signal,
  };
}

/** Calls a route as the server does: what it throws is rendered by its own `problem`. */
export async function callRoute(
  routes: readonly Route[],
  pattern: string,
  o: RequestWish,
): Promise<DoorReply> {
  const route = routes.find(({ method, path }) => path === pattern && method === (o.method ?? 'GET'));
  if (route === undefined) throw new TypeError(`no route ${pattern}`);
  try {
    return await route.handle(doorRequest(o));
  } catch (error) {
    return route.problem(error);
  }
}
