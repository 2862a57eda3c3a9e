// What `sealyard ca` shows people: a table of the authorities, and one in full.
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import type { Output } from '../output.ts';

/** The members of the yard's answer that are lists of objects; anything else in them is not shown. */
export function objectsOf(answer: JsonObject, name: string): readonly JsonObject[] {
  const value = answer[name];
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
}

export function textsOf(answer: JsonObject, name: string): readonly string[] {
  const value = answer[name];
  return Array.isArray(value)
    ? (value as readonly Json[]).filter((each): each is string => typeof each === 'string')
    : [];
}

export function listText(answer: JsonObject, style: Output['style']): string {
  const rows = [...objectsOf(answer, 'authorities'), ...objectsOf(answer, 'pending')].map(rowOf);
  if (rows.length === 0) return 'no authorities';
  const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...warningLines(answer, style)].join('\n');
}

function rowOf(authority: JsonObject): readonly string[] {
  const state = text(authority, 'state');
  const below = text(authority, 'parent');
  return [
    text(authority, 'id'),
    below === '' ? text(authority, 'purpose') : `${text(authority, 'purpose')} below ${below}`,
    authority['key'] === 'missing' ? `${state}, key missing` : state,
    state === 'pending' ? 'waits for its certificate' : `until ${text(authority, 'notAfter').slice(0, 10)}`,
    text(authority, 'subject'),
  ];
}

export function warningLines(answer: JsonObject, style: Output['style']): readonly string[] {
  return objectsOf(answer, 'warnings').map((warning) => {
    const line = `! ${text(warning, 'message')} (${text(warning, 'code')})`;
    return warning['severity'] === 'problem' ? style('bad', line) : style('dim', line);
  });
}

const SHOWN = [
  'id',
  'purpose',
  'generation',
  'state',
  'key',
  'keyKind',
  'parent',
  'subject',
  'issuer',
  'serial',
  'notBefore',
  'notAfter',
  'sha256',
  'pathLength',
  'extendedKeyUsage',
  'permitted',
  'excluded',
  'shards',
  'createdAt',
] as const;

export function detailsText(answer: JsonObject, style: Output['style']): string {
  const lines = SHOWN.flatMap((name) => {
    const value = shown(answer[name]);
    return value === '' ? [] : [`${name.padEnd(18)} ${value}`];
  });
  const alternates = answer['alternates'];
  const count = Array.isArray(alternates) ? alternates.length : 0;
  return [
    ...lines,
    ...(count === 0 ? [] : [`${'alternate chains'.padEnd(18)} ${count}`]),
    ...warningLines(answer, style),
    ...textsOf(answer, 'chain'),
    ...(typeof answer['csr'] === 'string' ? [answer['csr']] : []),
  ].join('\n');
}

function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(String).join(', ');
  return isObject(value) ? JSON.stringify(value) : String(value);
}

export function text(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
