// What every HTTP door is to the server: a table of routes over plain requests and replies, no framework in sight.

/** One request, read whole and bounded by the server before a door sees it. */
export interface DoorRequest {
  readonly method: string;
  /** Path as sent, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Names in lower case; a repeated header arrives joined or refused by the server. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** At most `Route.bodyLimitBytes`; empty where there was none. */
  readonly body: Uint8Array;
  /** The peer's address, for rate limits and the audit record. */
  readonly peer: string;
  /**
   * The client's certificate chain as sent, leaf first, DER; only on the `mtls` listener, which proves possession of the
   * leaf's key and nothing else: the door decides whether it trusts the chain.
   */
  readonly clientCertificate?: readonly Uint8Array[] | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export interface DoorReply {
  readonly status: number;
  /** A list gives one header field for each of its texts. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string;
}

export type ListenerKind = 'tls' | 'plain' | 'admission' | 'mtls';

/** A row of a door's table. */
export interface Route {
  /** A `GET` route answers `HEAD` too, unless the path has a `HEAD` route of its own. */
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A path pattern as Fastify reads it: `/a/:name`, `/a/*`. */
  readonly path: string;
  /** A larger body is refused by the server before `handle` runs, through `problem(SY-…TOO-LARGE)`. */
  readonly bodyLimitBytes: number;
  /** Media types (without parameters) that the body may have; absent: any. */
  readonly contentTypes?: readonly string[];
  readonly listeners: readonly ListenerKind[];
  handle(request: DoorRequest): Promise<DoorReply> | DoorReply;
  /** Renders whatever went wrong, here or in the server, in the peer's error shape. Must not throw. */
  problem(error: unknown): DoorReply;
}
