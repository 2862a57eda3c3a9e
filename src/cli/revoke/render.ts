// The certificates that a revocation hits, as lines for a person.
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';

const MOST_LINES = 50;

export function hitsText(found: Json): string {
  const total = numberOf(found, 'total');
  if (total === 0) return 'nothing is hit';
  const lines = listOf(found, 'certificates').filter(isObject).slice(0, MOST_LINES).map(hitLine);
  const rest = total - lines.length;
  const before = numberOf(found, 'revokedBefore');
  return [
    ...lines,
    ...(rest > 0 ? [`… and ${rest} more`] : []),
    `${total} ${total === 1 ? 'certificate' : 'certificates'}${before > 0 ? `, ${before} of them revoked already` : ''}`,
  ].join('\n');
}

function hitLine(hit: JsonObject): string {
  const text = (name: string) => (typeof hit[name] === 'string' ? hit[name] : '');
  const status = isObject(hit['status']) ? hit['status'] : {};
  const state =
    status['status'] === 'revoked' ? `revoked (${String(status['reason'])})` : `until ${text('notAfter')}`;
  const used = text('lastUse') === '' ? '' : `  last used ${text('lastUse')}`;
  return `${text('serial')}  ${texts(hit, 'names')}  ${text('profile')} of ${text('authority')}  for ${texts(hit, 'owners')}  ${state}${used}`;
}

function texts(hit: JsonObject, name: string): string {
  const list = hit[name];
  return Array.isArray(list) && list.length > 0 ? list.map(String).join(', ') : '-';
}

/** @throws SealyardError `SY-CLI-YARD-ANSWER` */
export function listOf(answer: Json, name: string): readonly Json[] {
  const list = isObject(answer) ? answer[name] : undefined;
  if (!Array.isArray(list)) throw new SealyardError('SY-CLI-YARD-ANSWER', `no ${name} in the answer`);
  return list as readonly Json[];
}

/** @throws SealyardError `SY-CLI-YARD-ANSWER` */
export function numberOf(answer: Json, name: string): number {
  const value = isObject(answer) ? answer[name] : undefined;
  if (typeof value !== 'number') throw new SealyardError('SY-CLI-YARD-ANSWER', `no ${name} in the answer`);
  return value;
}
