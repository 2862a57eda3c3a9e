// One look from one point of view: its deadline, what it is doing right now, and the evidence that it gathers.
import { isSealyardError } from '../ground/errors.ts';
import type { Json, JsonObject } from '../ground/json.ts';
import type { DnsAnswer } from '../reach/dns-client.ts';
import type { DnsType } from '../reach/dns-message.ts';
import type { View } from './config.ts';
import { ChallengeFailure, unsettled } from './failure.ts';
import type { Failure } from './target.ts';

export interface Look {
  readonly view: View;
  /** Ends with the deadline or with the caller's own signal. */
  readonly signal: AbortSignal;
  /** Says what is being done now, for the message of a time-out. */
  doing(what: string): void;
  /** Keeps a fact for the audit record, which holds the last ones that fit. */
  saw(fact: JsonObject): void;
}

export type Looked<T> =
  | { readonly ok: true; readonly value: T; readonly evidence: JsonObject }
  | { readonly ok: false; readonly failure: Failure; readonly evidence: JsonObject };

/**
 * Runs one look within `timeoutMs`.
 * @throws the caller's signal's reason when aborted; our own bugs as they are
 */
export async function lookFrom<T>(
  view: View,
  o: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  body: (look: Look) => Promise<T>,
): Promise<Looked<T>> {
  const steps: Json[] = [];
  const sizes: number[] = [];
  let doing = 'starting';
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), o.timeoutMs);
  const signals = o.signal === undefined ? [deadline.signal] : [deadline.signal, o.signal];
  const look: Look = {
    view,
    signal: signals.length === 1 ? deadline.signal : AbortSignal.any(signals),
    doing: (what) => {
      doing = what;
    },
    saw: (fact) => {
      steps.push(fact);
      sizes.push(JSON.stringify(fact).length + 1);
      // The oldest go: what the verdict rests on comes last.
      while (sum(sizes) > view.evidenceCharacters) {
        steps.shift();
        sizes.shift();
      }
    },
  };
  const evidence = { view: view.name, steps };
  try {
    look.signal.throwIfAborted();
    return { ok: true, value: await body(look), evidence };
  } catch (error) {
    o.signal?.throwIfAborted();
    const late = () => unsettled('SY-CHALLENGE-TIMEOUT', `${doing}: not within ${o.timeoutMs} ms`);
    const failure = deadline.signal.aborted ? late() : error;
    if (!(failure instanceof ChallengeFailure)) throw failure;
    const { code, detail, retry } = failure;
    return { ok: false, failure: { code, detail, retry }, evidence: { ...evidence, failed: code } };
  } finally {
    clearTimeout(timer);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Asks DNS and notes the answer. @throws ChallengeFailure `SY-CHALLENGE-DNS` */
export async function ask(look: Look, name: string, type: DnsType): Promise<DnsAnswer> {
  look.doing(`asking DNS for ${type} of ${name}`);
  try {
    const answer = await look.view.dns.query(name, type, look.signal);
    look.saw({
      asked: `${name} ${type}`,
      server: answer.server,
      ...(answer.aliases.length === 0 ? {} : { aliases: answer.aliases }),
      records: answer.records.length,
      ...(answer.authenticated ? { authenticated: true } : {}),
    });
    return answer;
  } catch (error) {
    look.signal.throwIfAborted();
    if (!isSealyardError(error, 'SY-REACH-DNS')) throw error;
    throw unsettled('SY-CHALLENGE-DNS', error.detail ?? name);
  }
}
