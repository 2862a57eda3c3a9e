// Bytes and their spellings: the only place where hex, base64 and UTF-8 are read, strictly.
import { Buffer } from 'node:buffer';

/**
 * Short byte strings are cut from blocks of this size: memory of its own costs each of them more than its bytes.
 * A string that is kept keeps its block, so that blocks are small.
 */
const BLOCK_BYTES = 8 * 1024;
const MOST_CUT_BYTES = 1024;
let block = new ArrayBuffer(BLOCK_BYTES);
let cut = 0;

/**
 * Zeroed bytes for public data. Short ones share an `ArrayBuffer` with others, so that `.buffer` must not be
 * transferred, and secrets, which are wiped, take `new Uint8Array`.
 */
export function newBytes(length: number): Uint8Array<ArrayBuffer> {
  if (length > MOST_CUT_BYTES) return new Uint8Array(length);
  if (cut + length > BLOCK_BYTES) {
    block = new ArrayBuffer(BLOCK_BYTES);
    cut = 0;
  }
  const bytes = new Uint8Array(block, cut, length);
  cut += length;
  return bytes;
}

/** Joins byte strings into a new one. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = newBytes(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Compares public bytes; not constant-time, so never for secrets (those go through `timingSafeEqual`). */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  // A loop is quicker than a call out of JavaScript for what is no longer than a hash.
  if (a.length > 64) return Buffer.compare(a, b) === 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** Lower- or upper-case hex of even length; `undefined` for anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return plain(Buffer.from(text, 'hex'));
}

export function toBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64');
}

export function toBase64Url(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64url');
}

/**
 * Standard base64 with padding (RFC 4648 §4), canonical: unused bits are zero, no white space.
 * `undefined` for anything else, since Node's decoder accepts nearly everything.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? plain(bytes) : undefined;
}

/** base64url without padding (RFC 4648 §5), canonical; `undefined` for anything else. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? plain(bytes) : undefined;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function toUtf8(text: string): Uint8Array<ArrayBuffer> {
  return plain(Buffer.from(text, 'utf8'));
}

/** Strict: `undefined` where the bytes are not well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// A `Buffer` does not survive a thread boundary as one, so rooms pass plain `Uint8Array`.
function plain(buffer: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
