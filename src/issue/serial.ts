// Serial numbers: of one length, sorted by the week in which they expire, then by the time of issue, and unguessable.
import { concat, fromHex, toHex } from '../ground/bytes.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import type { Random } from '../ground/ports.ts';

/** A week. Rows of one period expire together, so that they can leave the store together. */
export const PERIOD_MS = 7 * 86_400_000;

/** 2 octets of period, 4 of time, 12 of chance. */
const OCTETS = 18;
const RANDOM_OCTETS = 12;
// Two octets with the top bit clear; further expiries, those of the year 2597 and later, share the last period.
const LAST_PERIOD = 0x7fff;
// The first octet must not be zero: DER would drop it, and serials would differ in length.
const FIRST_PERIOD = 0x0100;

/**
 * A new serial of 18 octets, well within the 20 of RFC 5280 §4.1.2.2, positive without a sign octet, with 96 random bits
 * (CABF BR §7.1 wants 64). Uniqueness is the primary key's.
 * @param o.notAfter its week stands in front, so that a look-up knows the table
 * @param o.at the moment of issue
 * @throws TypeError where the random source returns too little, or a date is none
 */
export function newSerial(o: {
  readonly random: Random;
  readonly notAfter: Date;
  readonly at: Date;
}): Serial {
  const period = Math.floor(o.notAfter.getTime() / PERIOD_MS);
  const head = new Uint8Array(6);
  const view = new DataView(head.buffer);
  view.setUint16(0, Math.min(Math.max(period, FIRST_PERIOD), LAST_PERIOD));
  // Unix time in 32 bits, enough until 2106; later it wraps and only the order within a period suffers.
  view.setUint32(2, Math.floor(o.at.getTime() / 1000) >>> 0);
  const chance = o.random.bytes(RANDOM_OCTETS);
  if (Number.isNaN(period) || chance.length !== RANDOM_OCTETS) throw new TypeError('no serial can be made');
  const serial = asSerial(toHex(concat(head, chance)));
  if (serial === undefined) throw new TypeError('no serial can be made');
  return serial;
}

/**
 * The period of a serial of ours, in weeks since 1970-01-01 of its expiry; `undefined` for a serial of another shape,
 * which others made. (Others may make one of this shape too: the period is then whatever they wrote.)
 */
export function periodOfSerial(serial: Serial): number | undefined {
  const octets = fromHex(serial);
  const [high = 0, low = 0] = octets ?? [];
  const period = high * 256 + low;
  return octets?.length === OCTETS && period >= FIRST_PERIOD && period <= LAST_PERIOD ? period : undefined;
}
