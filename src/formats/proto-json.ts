// Protobuf JSON as its strict consumers read it: unknown members refused, null means absent, int64 as text, bytes as base64.
import { fromBase64, toBase64 } from '../ground/bytes.ts';
import { type Code, SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';

/** How a format reads: the code of its errors. */
export interface ProtoContext {
  readonly code: Code;
}

/** One message of protobuf JSON. Every accessor bounds what it returns, since its input is hostile. */
export class ProtoMessage {
  readonly #members: JsonObject;
  readonly #path: string;
  readonly #context: ProtoContext;

  /** @throws SealyardError with the context's code where `json` is no object or has a member not in `known`. */
  constructor(json: Json | undefined, path: string, context: ProtoContext, known: readonly string[]) {
    if (!isObject(json)) throw new SealyardError(context.code, `${path} is not an object`);
    // The name of an unknown member is the sender's text and may be long: it is not repeated.
    for (const name of Object.keys(json))
      if (!known.includes(name)) throw new SealyardError(context.code, `${path} has an unknown member`);
    this.#members = json;
    this.#path = path;
    this.#context = context;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  refusal(name: string, why: string): SealyardError {
    return new SealyardError(this.#context.code, `${this.#path}.${name} ${why}`);
  }

  message(name: string, known: readonly string[]): ProtoMessage {
    if (!this.has(name)) throw this.refusal(name, 'is missing');
    return new ProtoMessage(this.#get(name), `${this.#path}.${name}`, this.#context, known);
  }

  optionalMessage(name: string, known: readonly string[]): ProtoMessage | undefined {
    return this.has(name) ? this.message(name, known) : undefined;
  }

  /** The member itself, for a format that reads it with its own codes. */
  json(name: string): Json {
    return this.#get(name) ?? null;
  }

  /** A repeated member's items; absent is empty. */
  list(name: string, maxCount: number): readonly Json[] {
    const value = this.#get(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.refusal(name, 'is not a list');
    if (value.length > maxCount) throw this.refusal(name, `has more than ${maxCount} items`);
    return value;
  }

  /** A repeated message; absent is empty. */
  messages(name: string, known: readonly string[], maxCount: number): readonly ProtoMessage[] {
    return this.list(name, maxCount).map(
      (item, i) => new ProtoMessage(item, `${this.#path}.${name}[${i}]`, this.#context, known),
    );
  }

  /** Repeated bytes; absent is empty. */
  bytesList(name: string, maxCount: number, maxBytes: number): readonly Uint8Array[] {
    return this.list(name, maxCount).map((item) => this.#bytes(item, name, maxBytes));
  }

  /** A text that must be there and not be empty. */
  text(name: string, maxLength: number): string {
    const text = this.optionalText(name, maxLength);
    if (text === undefined || text === '') throw this.refusal(name, 'is missing');
    return text;
  }

  optionalText(name: string, maxLength: number): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.refusal(name, 'is not text');
    if (value.length > maxLength) throw this.refusal(name, 'is too long');
    return value;
  }

  /** Bytes that must be there and not be empty. */
  bytes(name: string, maxBytes: number): Uint8Array {
    const bytes = this.optionalBytes(name, maxBytes);
    if (bytes === undefined || bytes.length === 0) throw this.refusal(name, 'is missing');
    return bytes;
  }

  optionalBytes(name: string, maxBytes: number): Uint8Array | undefined {
    const value = this.#get(name);
    return value === undefined ? undefined : this.#bytes(value, name, maxBytes);
  }

  /** int64 as text or number, never negative and exact in a double; absent is 0, as in protobuf. */
  count(name: string): number {
    const value = this.#get(name);
    if (value === undefined) return 0;
    const number = typeof value === 'string' && /^(0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
      throw this.refusal(name, 'is not a count');
    return number;
  }

  /** RFC 3339 in UTC with up to nine fractional digits (protobuf `Timestamp`). */
  optionalTime(name: string): Date | undefined {
    const text = this.optionalText(name, 40);
    if (text === undefined) return undefined;
    const match = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?Z$/.exec(text);
    const milliseconds = (match?.[2] ?? '.').padEnd(4, '0').slice(0, 4);
    const time = new Date(`${match?.[1]}${milliseconds}Z`);
    // A day that does not exist (30 February) is moved by some engines instead of being refused.
    if (match === null || Number.isNaN(time.getTime()) || !time.toISOString().startsWith(`${match[1]}`))
      throw this.refusal(name, 'is not a time');
    return time;
  }

  #get(name: string): Json | undefined {
    const value = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    return value === null ? undefined : value;
  }

  #bytes(value: Json, name: string, maxBytes: number): Uint8Array {
    if (typeof value !== 'string') throw this.refusal(name, 'is not base64');
    if (value.length > Math.ceil(maxBytes / 3) * 4) throw this.refusal(name, 'is too long');
    const bytes = readProtoBytes(value);
    if (bytes === undefined) throw this.refusal(name, 'is not base64');
    return bytes;
  }
}

/**
 * Protobuf JSON reads standard and URL-safe base64, padded or not, and Go's reader skips line ends; otherwise it must
 * be canonical.
 */
export function readProtoBytes(text: string): Uint8Array | undefined {
  const strict = fromBase64(text);
  if (strict !== undefined) return strict;
  const standard = text
    .replaceAll(/[\r\n]/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  if (standard.includes('=')) return fromBase64(standard);
  return fromBase64(standard + '='.repeat((4 - (standard.length % 4)) % 4));
}

/** Bytes as protobuf JSON writes them. */
export function protoBytes(bytes: Uint8Array): string {
  return toBase64(bytes);
}

/** A time as protobuf JSON writes it: no fraction where there is none. */
export function protoTime(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z');
}
