// C2SP tlog-tiles: the paths of tiles and entry bundles, and what an entry bundle holds.
import { concat } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;
export const HASH_BYTES = 32;
/** u16 length prefix. */
export const MAX_ENTRY_BYTES = 0xffff;

export interface TilePath {
  /** 0 to 63; `entries` for entry bundles, which stand beside level 0. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256; 256 is a full tile. */
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]`: N in groups of three digits, all but the last with an `x` (tlog-tiles, "Tiles"). */
export function tilePath(level: number | 'entries' | 'data', index: number, width: number): string {
  if (!Number.isSafeInteger(index) || index < 0 || width < 1 || width > TILE_WIDTH)
    throw new TypeError('no such tile');
  return `tile/${level}/${tileIndexPath(index)}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

function tileIndexPath(index: number): string {
  const digits = `${index}`;
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/[0-9]{3}/g) ?? [];
  return groups.map((group, i) => (i === groups.length - 1 ? group : `x${group}`)).join('/');
}

const PATH =
  /^(?:tile\/)?(0|[1-9]|[1-5][0-9]|6[0-3]|entries|data)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/**
 * Reads the path of a tile or entry bundle (`data` is static-ct's name of the latter), with or without `tile/`.
 * Only the one canonical spelling is read, so that a cache holds each tile once.
 * @throws SealyardError `SY-TILE-MALFORMED`
 */
export function parseTilePath(path: string): TilePath {
  const match = path.length > 128 ? null : PATH.exec(path);
  if (match === null) throw new SealyardError('SY-TILE-MALFORMED', 'path');
  const [, level = '', groups = '', partial] = match;
  const index = Number(groups.replaceAll('/', '').replaceAll('x', ''));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  if (!Number.isSafeInteger(index) || tileIndexPath(index) !== groups)
    throw new SealyardError('SY-TILE-MALFORMED', 'index');
  // A full tile has no partial spelling.
  if (partial !== undefined && width >= TILE_WIDTH) throw new SealyardError('SY-TILE-MALFORMED', 'width');
  return { level: level === 'entries' || level === 'data' ? 'entries' : Number(level), index, width };
}

/** How wide the tile `index` of `level` is in a tree of `size` leaves; 0 where it does not exist. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** The hashes of a tile. @throws SealyardError `SY-TILE-MALFORMED` */
export function decodeTile(bytes: Uint8Array, width: number): Uint8Array[] {
  if (bytes.length !== width * HASH_BYTES) throw new SealyardError('SY-TILE-MALFORMED', 'size');
  return Array.from({ length: width }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

/** One entry of a bundle: u16 length, then the bytes (tlog-tiles, "Log Entries"). */
export function encodeBundleEntry(entry: Uint8Array): Uint8Array {
  if (entry.length > MAX_ENTRY_BYTES) throw new TypeError('an entry is longer than 65,535 bytes');
  return concat(Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry);
}

export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(...entries.map(encodeBundleEntry));
}

/** @throws SealyardError `SY-TILE-MALFORMED` where the bytes are not exactly `width` entries. */
export function decodeEntryBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length && entries.length < width) {
    if (offset + 2 > bytes.length) throw new SealyardError('SY-TILE-MALFORMED', 'entry length');
    const end = offset + 2 + view.getUint16(offset);
    if (end > bytes.length) throw new SealyardError('SY-TILE-MALFORMED', 'entry is cut');
    entries.push(bytes.slice(offset + 2, end));
    offset = end;
  }
  if (offset !== bytes.length || entries.length !== width)
    throw new SealyardError('SY-TILE-MALFORMED', 'number of entries');
  return entries;
}
