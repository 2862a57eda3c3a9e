// Proof of control of a name: the one door to every kind of challenge, from every point of view, and to CAA.
import { isIP } from 'node:net';
import type { Clock, Random } from '../ground/ports.ts';
import type { ChallengeType, RequestedName } from '../policy/issuance.ts';
import { checkCaa } from './caa.ts';
import { type ChallengeConfig, type View, viewsOf } from './config.ts';
import { validateDns } from './dns-01.ts';
import { validatePersistent } from './dns-persist-01.ts';
import { excerpt, settled } from './failure.ts';
import { validateHttp } from './http-01.ts';
import { type Look, lookFrom } from './look.ts';
import { fromEveryView } from './perspectives.ts';
import type { CaaOptions, CaaResult, ChallengeCode, ValidationResult, ValidationTarget } from './target.ts';
import { validateTlsAlpn } from './tls-alpn-01.ts';

export type { ChallengeConfig } from './config.ts';
export { hashedAccountUri } from './dns-persist-01.ts';
export type {
  CaaOptions,
  CaaResult,
  ChallengeCode,
  Failure,
  ValidationResult,
  ValidationTarget,
} from './target.ts';

/** Keeps no state between calls, so that it is safe to use concurrently; the caller repeats what may be retried. */
export interface Validator {
  /**
   * Looks once from every point of view.
   * @throws the signal's reason when aborted; nothing else that the world could cause
   */
  validate(target: ValidationTarget, signal?: AbortSignal): Promise<ValidationResult>;
  /**
   * Whether the CAA records of the name allow us to issue (RFC 8659, RFC 8657); a look-up that fails forbids it.
   * @throws the signal's reason when aborted
   */
  caa(
    name: RequestedName & { readonly type: 'dns' },
    o: CaaOptions,
    signal?: AbortSignal,
  ): Promise<CaaResult>;
}

export interface ValidatorOptions {
  readonly config: ChallengeConfig;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws SealyardError `SY-CHALLENGE-CONFIGURATION` */
export function createValidator(o: ValidatorOptions): Validator {
  const views = viewsOf(o.config, o.random);
  const from = <T>(
    signal: AbortSignal | undefined,
    disagreement: ChallengeCode,
    body: (look: Look) => Promise<T>,
  ) =>
    fromEveryView(
      views,
      (view: View) => lookFrom(view, { timeoutMs: o.config.timeoutMs, signal }, body),
      disagreement,
    );
  return {
    validate: async (asked, signal) => {
      const target = canonical(asked);
      const seen = await from(signal, 'SY-CHALLENGE-PERSPECTIVES', (look) =>
        METHODS[target.type](look, target, o.clock.now()),
      );
      const { evidence } = seen;
      if (!seen.ok) return { valid: false, ...seen.failure, evidence };
      const until = earliest(seen.values);
      return { valid: true, evidence, ...(until === undefined ? {} : { usableUntil: until }) };
    },
    caa: async (name, options, signal) => {
      const seen = await from(signal, 'SY-CHALLENGE-CAA-UNKNOWN', (look) =>
        checkCaa(look, name.value, options),
      );
      const { evidence } = seen;
      return seen.ok ? { allowed: true, evidence } : { allowed: false, ...seen.failure, evidence };
    },
  };
}

type Method = (look: Look, target: ValidationTarget, now: Date) => Promise<Date | undefined>;

const METHODS: Readonly<Record<ChallengeType, Method>> = {
  'http-01': async (look, target) => {
    // One host is proven, never all below it (RFC 8555 §7.4.1, Baseline Requirements 3.2.2.4.19).
    refuseUnless(!target.wildcard, target);
    await validateHttp(look, target);
    return undefined;
  },
  'tls-alpn-01': async (look, target) => {
    refuseUnless(!target.wildcard, target);
    await validateTlsAlpn(look, target);
    return undefined;
  },
  'dns-01': async (look, target) => {
    // RFC 8738 §7: there is no dns-01 for IP addresses.
    refuseUnless(target.identifier.type === 'dns', target);
    await validateDns(look, target);
    return undefined;
  },
  'dns-persist-01': async (look, target, now) => {
    refuseUnless(target.identifier.type === 'dns', target);
    return validatePersistent(look, target, now);
  },
};

function refuseUnless(fits: boolean, { type, identifier, wildcard }: ValidationTarget): void {
  if (fits && isProvable(identifier)) return;
  const shown = `${identifier.type} ${wildcard ? '*.' : ''}${excerpt(identifier.value)}`;
  throw settled('SY-CHALLENGE-UNSUPPORTED', `${type} for ${shown}`);
}

/**
 * Names as `policy/` promises them. Asked again here since a name that a URL parser takes for an address (`0x7f.1`,
 * `2130706433`) would otherwise be looked for where no DNS has a say.
 */
function isProvable({ type, value }: RequestedName): boolean {
  if (type === 'ip') return isIP(value) !== 0 && !value.includes('%');
  return type === 'dns' && value.length <= 253 && HOST_NAME.test(value) && !NUMERIC_END.test(value);
}

const HOST_NAME = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
/** WHATWG URL: a host whose last label is a number is an IPv4 address. */
const NUMERIC_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

/** @throws TypeError where our caller made the token up */
function canonical(target: ValidationTarget): ValidationTarget {
  if (!/^[A-Za-z0-9_-]*$/.test(target.token)) throw new TypeError('a token that is not base64url');
  if (target.identifier.type !== 'dns' || !target.identifier.value.startsWith('*.')) return target;
  return { ...target, wildcard: true, identifier: { type: 'dns', value: target.identifier.value.slice(2) } };
}

function earliest(dates: readonly (Date | undefined)[]): Date | undefined {
  const known = dates.filter((date) => date !== undefined);
  return known.length === 0 ? undefined : new Date(Math.min(...known.map((date) => date.getTime())));
}
