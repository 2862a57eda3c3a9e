// Reading a log over C2SP tlog-tiles, the same for every log that a door shows.
import { parseTilePath, TILE_WIDTH } from '../formats/tile.ts';
import type { LogName } from '../ground/change.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Logs } from '../log/ports.ts';
import type { DoorReply, DoorRequest, Route } from './door.ts';

export interface TileDoor {
  readonly log: LogName;
  /** Before `/checkpoint` and `/tile/…`. */
  readonly prefix: string;
  /** What the specification calls the entry bundles: `entries` (tlog-tiles) or `data` (static-ct-api). */
  readonly bundles: 'entries' | 'data';
  readonly listeners: Route['listeners'];
  problem(error: unknown): DoorReply;
}

/** A full tile never changes; a partial one is whole for ever too, but soon of no use. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

export function tileRoutes(door: TileDoor, logs: Logs): Route[] {
  const common = {
    method: 'GET',
    bodyLimitBytes: 0,
    listeners: door.listeners,
    problem: door.problem,
  } as const;
  return [
    {
      ...common,
      path: `${door.prefix}/checkpoint`,
      handle: async () => ({
        status: 200,
        headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' },
        body: await logs.checkpoint(door.log),
      }),
    },
    { ...common, path: `${door.prefix}/tile/*`, handle: (request) => tile(request, door, logs) },
  ];
}

/** @throws SealyardError `SY-HTTP-NOT-FOUND` where there is no such tile, in any spelling */
function tile(request: DoorRequest, door: TileDoor, logs: Logs): DoorReply {
  const rest = request.params['*'] ?? '';
  if (rest.startsWith('entries/') !== (door.bundles === 'entries') && /^(entries|data)\//.test(rest))
    throw new SealyardError('SY-HTTP-NOT-FOUND');
  const { level, index, width } = readPath(rest);
  const bytes =
    level === 'entries' ? logs.entryBundle(door.log, index, width) : logs.tile(door.log, level, index, width);
  if (bytes === undefined) throw new SealyardError('SY-HTTP-NOT-FOUND');
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'cache-control': width === TILE_WIDTH ? IMMUTABLE : 'public, max-age=60',
    },
    body: bytes,
  };
}

function readPath(rest: string): ReturnType<typeof parseTilePath> {
  try {
    return parseTilePath(rest);
  } catch (error) {
    if (isSealyardError(error, 'SY-TILE-MALFORMED'))
      throw new SealyardError('SY-HTTP-NOT-FOUND', error.detail);
    throw error;
  }
}
