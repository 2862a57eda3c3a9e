// How a validation ends badly inside this room, and the only way in which bytes of a stranger get into a message.
import type { ChallengeCode, Failure } from './target.ts';

const EXCERPT_CHARACTERS = 64;

/** Never leaves the room: the validator turns it into a result. */
export class ChallengeFailure extends Error implements Failure {
  readonly code: ChallengeCode;
  readonly detail: string;
  readonly retry: boolean;

  constructor(code: ChallengeCode, detail: string, retry: boolean) {
    super(detail);
    this.name = 'ChallengeFailure';
    this.code = code;
    this.detail = detail;
    this.retry = retry;
  }
}

/** Trying again a little later may help. */
export function unsettled(code: ChallengeCode, detail: string): ChallengeFailure {
  return new ChallengeFailure(code, detail, true);
}

/** Trying again will not help before somebody changes something. */
export function settled(code: ChallengeCode, detail: string): ChallengeFailure {
  return new ChallengeFailure(code, detail, false);
}

/** A few printable ASCII characters of what was found, in quotes; the rest is told as its length. */
export function excerpt(text: string): string {
  const shown = text.slice(0, EXCERPT_CHARACTERS).replace(/[^\x20-\x7e]|["\\]/g, '.');
  return text.length > EXCERPT_CHARACTERS ? `"${shown}"... (${text.length} octets)` : `"${shown}"`;
}
