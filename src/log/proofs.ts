// Proofs from tiles: for any entry and any two sizes of the durable tree, without the entries themselves.
import { nodeHash } from '../formats/merkle.ts';
import { HASH_BYTES, TILE_WIDTH, tileWidth } from '../formats/tile.ts';
import type { LogName } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { consistencyPath, inclusionPath, type NodeSource, Ranges, rootHash } from './path.ts';
import type { TileReader } from './ports.ts';

const TILE_HEIGHT = 8;

/** RFC 6962 §2.1.1, leaf first. @throws SealyardError `SY-LOG-OUT-OF-RANGE` */
export function proveInclusion(tiles: TileReader, log: LogName, index: number, size: number): Uint8Array[] {
  if (!isCount(index) || index >= size) outOfRange(`entry ${index} of ${size}`);
  return inclusionPath(index, size, new Ranges(durableNodes(tiles, log, size)));
}

/** RFC 6962 §2.1.2; empty from size 0 and between equal sizes. @throws SealyardError `SY-LOG-OUT-OF-RANGE` */
export function proveConsistency(
  tiles: TileReader,
  log: LogName,
  first: number,
  second: number,
): Uint8Array[] {
  if (!isCount(first) || first > second) outOfRange(`sizes ${first} and ${second}`);
  const nodes = durableNodes(tiles, log, second);
  return first === 0 ? [] : consistencyPath(first, second, new Ranges(nodes));
}

/** The root that the durable tree had when it held `size` leaves. @throws SealyardError `SY-LOG-OUT-OF-RANGE` */
export function rootAt(tiles: TileReader, log: LogName, size: number): Uint8Array {
  return tiles.recentRoot(log, size) ?? rootHash(size, durableNodes(tiles, log, size));
}

/** Complete nodes of the durable tree; each tile is read once per proof. */
function durableNodes(tiles: TileReader, log: LogName, size: number): NodeSource {
  const durable = tiles.head(log).size;
  if (!isCount(size) || size > durable) outOfRange(`size ${size} of ${durable}`);
  const read = new Map<string, Uint8Array>();
  const tile = (level: number, index: number): Uint8Array => {
    const key = `${level}/${index}`;
    const hashes = read.get(key) ?? tiles.tile(log, level, index, tileWidth(level, index, durable));
    if (hashes === undefined)
      throw new SealyardError('SY-STORE-CORRUPT', `tile ${key} of the ${log} log is gone`);
    read.set(key, hashes);
    return hashes;
  };
  return (level, index) => {
    const row = level % TILE_HEIGHT;
    const nodesInRow = TILE_WIDTH >> row;
    const hashes = tile(Math.floor(level / TILE_HEIGHT), Math.floor(index / nodesInRow));
    return subtreeRoot(hashes, (index % nodesInRow) << row, 1 << row);
  };
}

/** The root over `width` (a power of two) hashes of a tile from `start`. */
function subtreeRoot(hashes: Uint8Array, start: number, width: number): Uint8Array {
  if (width === 1) return hashes.slice(start * HASH_BYTES, (start + 1) * HASH_BYTES);
  const half = width / 2;
  return nodeHash(subtreeRoot(hashes, start, half), subtreeRoot(hashes, start + half, half));
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function outOfRange(detail: string): never {
  throw new SealyardError('SY-LOG-OUT-OF-RANGE', detail);
}
