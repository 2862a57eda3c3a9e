// When a certificate is renewed, and how long to wait after a failure. Pure: times and chance are passed in.
import type { Certificate } from '../formats/x509/certificate.ts';
import type { RenewalWindow } from './issuer.ts';

const MINUTE = 60_000;
const FIRST_PAUSE_MS = 30_000;
const MOST_PAUSE_MS = 6 * 3_600_000;
/** However short the rest of a life is, a server is not asked more often than this. */
const LEAST_PAUSE_MS = 5_000;
/** Below this part of its life, with failures, a certificate is at risk. */
const RISK_SHARE = 1 / 6;

/**
 * The moment of renewal: anywhere in the server's window (RFC 9773 §4.2), else at two thirds of the life, up to a
 * twelfth of it later, so that a fleet does not come at once.
 * @param chance from 0 to 1, drawn once for each certificate
 */
export function renewalTime(leaf: Certificate, window: RenewalWindow | undefined, chance: number): Date {
  if (window !== undefined) {
    const span = window.end.getTime() - window.start.getTime();
    return new Date(window.start.getTime() + chance * span);
  }
  const life = lifeOf(leaf);
  return new Date(leaf.notBefore.getTime() + (2 / 3) * life + (chance * life) / 12);
}

/**
 * How long to wait after so many failures in a row: twice as long each time, never longer than a tenth of what is left
 * of the certificate, never less than the server asked for unless that is past the end.
 * @param chance from 0 to 1
 */
export function pauseMs(o: {
  readonly failures: number;
  readonly remainingMs: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly chance: number;
}): number {
  const doubled = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(o.failures - 1, 20), MOST_PAUSE_MS);
  const remaining = o.remainingMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, o.remainingMs);
  const own = Math.max(LEAST_PAUSE_MS, Math.min(doubled, remaining / 10 || doubled)) * (0.75 + o.chance / 2);
  const asked = (o.retryAfterSeconds ?? 0) * 1000;
  return asked < remaining ? Math.max(own, asked) : own;
}

/** Whether the certificate may run out before a renewal succeeds. */
export function isAtRisk(leaf: Certificate, failures: number, now: Date): boolean {
  return failures > 0 && leaf.notAfter.getTime() - now.getTime() < lifeOf(leaf) * RISK_SHARE;
}

export function lifeOf(leaf: Certificate): number {
  return Math.max(MINUTE, leaf.notAfter.getTime() - leaf.notBefore.getTime());
}
