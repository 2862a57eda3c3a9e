// Identifiers of enrolment: unguessable, and for orders ascending in time, so that neighbours share a page.
import { toBase64Url, toHex } from '../ground/bytes.ts';
import type { Random } from '../ground/ports.ts';

const WEEK_MS = 7 * 86_400_000;
const ORDER_ID = /^[0-9a-f]{40}$/;
const AUTHORIZATION_ID = /^([0-9a-f]{40})\.(0|[1-9]\d{0,2})$/;

/** Week since 1970 (4 hex digits), milliseconds in it (8), 112 random bits (28). */
export function newOrderId(random: Random, at: Date): string {
  const ms = at.getTime();
  const week = Math.floor(ms / WEEK_MS) & 0xffff;
  const within = ms % WEEK_MS;
  return hex(week, 4) + hex(within, 8) + toHex(random.bytes(14));
}

export function newAccountId(random: Random): string {
  return toHex(random.bytes(12));
}

/** RFC 8555 §8.3: at least 128 bits of entropy, base64url. */
export function newToken(random: Random): string {
  return toBase64Url(random.bytes(16));
}

export function isOrderId(text: string): boolean {
  return ORDER_ID.test(text);
}

/** `<order id>.<n>` taken apart; `undefined` for anything else. */
export function authorizationOfOrder(id: string): { orderId: string; index: number } | undefined {
  const match = AUTHORIZATION_ID.exec(id);
  if (match === null) return undefined;
  const [, orderId = '', index = ''] = match;
  return { orderId, index: Number(index) };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
