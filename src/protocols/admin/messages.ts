// Reading what callers of the admin API send: JSON bodies and query parameters, strictly.
import { ProtoMessage } from '../../formats/proto-json.ts';
import { fromUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { parseJson } from '../../ground/json.ts';
import type { DoorRequest } from '../door.ts';

export const BODY_LIMIT_BYTES = 64 * 1024;
const BOUNDS = { maxLength: BODY_LIMIT_BYTES, maxDepth: 16 };

/** An empty body is an empty object. @throws SealyardError `SY-ADMIN-MALFORMED`, `SY-JSON-*` */
export function readBody(request: DoorRequest, known: readonly string[]): ProtoMessage {
  const text = fromUtf8(request.body);
  if (text === undefined) throw new SealyardError('SY-ADMIN-MALFORMED', 'not UTF-8');
  const json = text === '' ? {} : parseJson(text, BOUNDS);
  return new ProtoMessage(json, 'body', { code: 'SY-ADMIN-MALFORMED' }, known);
}

/** Each known parameter at most once, no unknown one. @throws SealyardError `SY-ADMIN-MALFORMED` */
export function readQuery<Name extends string>(
  request: DoorRequest,
  known: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const values: Partial<Record<Name, string>> = {};
  for (const [name, value] of request.query) {
    const found = known.find((each) => each === name);
    if (found === undefined)
      throw new SealyardError('SY-ADMIN-MALFORMED', `known parameters: ${known.join(', ')}`);
    if (values[found] !== undefined || value.length > 1024)
      throw new SealyardError('SY-ADMIN-MALFORMED', `${found} is repeated or too long`);
    values[found] = value;
  }
  return values;
}

/** A decimal whole number. @throws SealyardError `SY-ADMIN-MALFORMED` */
export function wholeNumber(text: string, name: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= most))
    throw new SealyardError('SY-ADMIN-MALFORMED', `${name} is not a whole number in range`);
  return value;
}
