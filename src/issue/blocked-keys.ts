// Keys that are known to be compromised: looked up before each certificate, added by revocation and by operators.
import { hash } from 'node:crypto';
import type { Commit, Put, Records } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Actor } from '../ground/events.ts';
import type { Clock } from '../ground/ports.ts';
import { BLOCKED_KEYS } from './tables.ts';

/** Why a key is blocked, and who said so. */
export interface BlockedKey {
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  readonly spkiSha256: string;
  /** e.g. `keyCompromise`, or what the list is about. */
  readonly reason: string;
  /** e.g. `revocation of 0b91…`, or the name of the file. */
  readonly source: string;
}

const FINGERPRINT = /^[0-9a-f]{64}$/;
const PER_COMMIT = 1000;
const MAX_TEXT = 500;

/** SHA-256 of a SubjectPublicKeyInfo as the block list has it. */
export function spkiFingerprint(spki: Uint8Array): string {
  return hash('sha256', spki);
}

export function isBlockedKey(records: Records, spkiSha256: string): boolean {
  return records.get(BLOCKED_KEYS, { spki_sha256: spkiSha256 }) !== undefined;
}

/** The row that blocks a key, for the change that tells why; a key that is blocked stays so. */
export function blockKeyPut(key: BlockedKey, timeMs: number): Put {
  if (!FINGERPRINT.test(key.spkiSha256)) throw new TypeError('not the SHA-256 of a key');
  return {
    table: BLOCKED_KEYS,
    mode: 'replace',
    row: {
      spki_sha256: key.spkiSha256,
      reason: key.reason.slice(0, MAX_TEXT),
      source: key.source.slice(0, MAX_TEXT),
      created_ms: timeMs,
    },
  };
}

export interface BlockListImport {
  /** The lines of the file, in any pieces; see `blockedFingerprint` for the format. */
  readonly lines: AsyncIterable<string> | Iterable<string>;
  readonly reason: string;
  /** The name of the list, e.g. of the file. */
  readonly source: string;
  readonly actor: Actor;
}

/**
 * Imports a list of compromised keys, a thousand a commit: whatever was imported before a line that cannot be read stays.
 * One event tells of the whole, in the last commit.
 * @returns how many keys the list held
 * @throws SealyardError `SY-ISSUE-BLOCK-LIST` naming the line, and what the store throws
 */
export async function importBlockedKeys(
  list: BlockListImport,
  deps: { readonly commit: Commit; readonly clock: Clock },
): Promise<number> {
  const { reason, source, actor } = list;
  const timeMs = deps.clock.now().getTime();
  let count = 0;
  let waiting: Put[] = [];
  let line = 0;
  for await (const text of list.lines) {
    line++;
    const spkiSha256 = blockedFingerprint(text, line);
    if (spkiSha256 === undefined) continue;
    count++;
    waiting.push(blockKeyPut({ spkiSha256, reason, source }, timeMs));
    if (waiting.length < PER_COMMIT) continue;
    await deps.commit({ puts: waiting, events: [] });
    waiting = [];
  }
  await deps.commit({
    puts: waiting,
    events: [
      {
        timeMs,
        action: 'key.blocked',
        actor,
        object: { type: 'block-list', id: source.slice(0, MAX_TEXT) },
        outcome: 'done',
        data: { keys: count, reason: reason.slice(0, MAX_TEXT) },
      },
    ],
  });
  return count;
}

/**
 * One line: the SHA-256 of a SubjectPublicKeyInfo as 64 hexadecimal digits; `undefined` for an empty line and a comment (#).
 * @throws SealyardError `SY-ISSUE-BLOCK-LIST`
 */
export function blockedFingerprint(text: string, line: number): string | undefined {
  const content = text.trim();
  if (content === '' || content.startsWith('#')) return undefined;
  const fingerprint = content.toLowerCase();
  if (!FINGERPRINT.test(fingerprint)) throw new SealyardError('SY-ISSUE-BLOCK-LIST', `line ${line}`);
  return fingerprint;
}
