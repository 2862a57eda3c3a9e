// Which certificates a selection hits: a walk over the records, some hundred rows at a time, so that nobody waits for it.
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseCertificate } from '../formats/x509/certificate.ts';
import { equalBytes, fromHex } from '../ground/bytes.ts';
import type { Records, Row } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import { isObject, parseJson } from '../ground/json.ts';
import { CERTIFICATES } from '../issue/tables.ts';
import { SIGNATURE_ENTRIES } from '../log/tables.ts';

/** What a certificate must be to be hit: every member that is there must fit. Of a list, one is enough. */
export interface Selection {
  readonly serials?: readonly Serial[];
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  readonly keys?: readonly string[];
  /** Who asked for it: the identity of the policy, or the requester as recorded. */
  readonly identity?: string;
  /** A name in the certificate, in its canonical text. */
  readonly name?: string;
  readonly authority?: string;
  readonly profile?: string;
  /** Issued at or after / before. */
  readonly from?: Date;
  readonly until?: Date;
  /** `sha256:…`: the certificates whose signatures over this are in the signature log. */
  readonly digest?: string;
}

const CHUNK = 500;
const MOST_SIGNATURES = 1000;

/**
 * The rows that fit, in the order of their serials; those of expired certificates only where a serial is given, since
 * nobody relies on the others any more.
 * @throws SealyardError `SY-REVOKE-SELECTION` for a selection that says nothing
 */
export async function* select(
  selection: Selection,
  deps: { readonly records: Records; readonly now: Date },
): AsyncGenerator<Row, void, undefined> {
  if (Object.values(selection).every((value) => value === undefined))
    throw new SealyardError('SY-REVOKE-SELECTION', 'it is empty');
  const fits = matcher(selection);
  const serials = namedSerials(selection, deps.records);
  if (serials !== undefined) {
    for (const serial of new Set(serials)) {
      const row = deps.records.get(CERTIFICATES, { serial });
      if (row !== undefined && fits(row)) yield row;
    }
    return;
  }
  const rows = selection.keys === undefined ? walk({}, deps.records) : withKeys(selection.keys, deps.records);
  for await (const row of rows) if (Number(row['not_after_ms']) >= deps.now.getTime() && fits(row)) yield row;
}

/** Certificates of these keys, by the index over them; keyless ones, which live for minutes, are not in it. */
export async function* withKeys(
  keys: readonly string[],
  records: Records,
): AsyncGenerator<Row, void, undefined> {
  for (const key of new Set(keys)) {
    const hash = fromHex(key);
    if (hash !== undefined) yield* walk({ spki_sha256: hash }, records);
  }
}

async function* walk(where: Row, records: Records): AsyncGenerator<Row, void, undefined> {
  let after: Row | undefined;
  for (;;) {
    const rows = records.find(CERTIFICATES, {
      where,
      limit: CHUNK,
      ...(after === undefined ? {} : { after: { serial: after['serial'] ?? null } }),
    });
    yield* rows;
    after = rows.at(-1);
    if (rows.length < CHUNK || after === undefined) return;
    await nextTurn();
  }
}

/** By name, by the signatures over a digest, or by both; `undefined`: the selection names none. */
function namedSerials({ serials, digest }: Selection, records: Records): readonly Serial[] | undefined {
  if (digest === undefined) return serials;
  const signers = serialsOfDigest(digest, records);
  return serials === undefined ? signers : serials.filter((serial) => signers.includes(serial));
}

function serialsOfDigest(digest: string, records: Records): readonly Serial[] {
  const rows = records.find(SIGNATURE_ENTRIES, { where: { signed_digest: digest }, limit: MOST_SIGNATURES });
  return rows.flatMap(({ serial }) => (typeof serial === 'string' ? (asSerial(serial) ?? []) : []));
}

function matcher(selection: Selection): (row: Row) => boolean {
  const { authority, profile, identity, name, from, until } = selection;
  const keys = selection.keys?.map((key) => fromHex(key));
  return (row) =>
    (authority === undefined || row['authority'] === authority) &&
    (profile === undefined || row['profile'] === profile) &&
    (from === undefined || Number(row['not_before_ms']) >= from.getTime()) &&
    (until === undefined || Number(row['not_before_ms']) < until.getTime()) &&
    (identity === undefined || ownersOf(row).includes(identity)) &&
    (keys === undefined || hasKey(row, keys)) &&
    (name === undefined || namesOf(row).includes(name));
}

function hasKey(row: Row, keys: readonly (Uint8Array | undefined)[]): boolean {
  const own = keyHashOf(row);
  return own !== undefined && keys.some((key) => key !== undefined && equalBytes(key, own));
}

/** SHA-256 of the certified key; `undefined` for a row without certificate. */
export function keyHashOf(row: Row): Uint8Array | undefined {
  const { spki_sha256: recorded, der } = row;
  if (recorded instanceof Uint8Array) return recorded;
  if (!(der instanceof Uint8Array)) return undefined;
  return new Uint8Array(createHash('sha256').update(parseCertificate(der).spki).digest());
}

/** The names that the certificate is for, as text. */
export function namesOf(row: Row): readonly string[] {
  return String(row['names'])
    .split(' ')
    .filter((name) => name !== '');
}

/** Whose it is: the requester, and the identity that the policy saw in them. */
export function ownersOf(row: Row): readonly string[] {
  const requester = row['requester'];
  return [...(typeof requester === 'string' ? [requester] : []), ...identityTexts(row['identity'])];
}

/** The recorded identity is the policy's name, or, of a keyless certificate, JSON with that and what the token said. */
function identityTexts(cell: Row[string] | undefined): readonly string[] {
  if (typeof cell !== 'string') return [];
  if (!cell.startsWith('{')) return [cell];
  const json = parseJson(cell);
  if (!isObject(json)) return [];
  const { identity, subject, san } = json;
  const texts = [identity, subject, isObject(san) ? san['value'] : undefined];
  return texts.flatMap((text) => (typeof text === 'string' ? [text] : []));
}

/** When the certificate was last seen signing something that is in the signature log; a few of its entries tell. */
export function lastUseOf(records: Records, serial: string): Date | undefined {
  const rows = records.find(SIGNATURE_ENTRIES, { where: { serial }, limit: CHUNK });
  const times = rows.flatMap((row) => (typeof row['created_ms'] === 'number' ? [row['created_ms']] : []));
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}
