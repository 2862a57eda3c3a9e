// Anti-replay nonces (RFC 8555 §6.5): self-describing and under a MAC, so that they survive a restart and any replica takes them.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ACME_NONCES } from '../../enrol/nonce-table.ts';
import { concat, fromBase64Url, newBytes, toBase64Url, toHex } from '../../ground/bytes.ts';
import type { Put, Records } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Clock, Random } from '../../ground/ports.ts';
import { UsedNonces } from './used-nonces.ts';

const TIME_BYTES = 6;
const PROCESS_BYTES = 4;
const COUNTER_BYTES = 6;
const ID_BYTES = TIME_BYTES + PROCESS_BYTES + COUNTER_BYTES;
const MAC_BYTES = 16;
const LIFE_MS = 3_600_000;
/** Between the clocks of two replicas. */
const SKEW_MS = 60_000;
/** Every so many changes take up to `PURGE_ROWS` rows of expired nonces with them: no timer, no commit of its own. */
const PURGE_EVERY = 64;
const PURGE_ROWS = 128;

/** A nonce that we made and that is not too old. */
export interface Nonce {
  /** Time, process and counter: the key of its row. */
  readonly id: Uint8Array;
  readonly process: string;
  readonly counter: number;
}

export interface Nonces {
  issue(): string;
  /**
   * Whether this is a nonce of ours that may still be used; says nothing of its use.
   * @throws SealyardError `SY-ACME-NONCE`, `SY-ACME-MALFORMED` where it is not base64url (RFC 8555 §6.5.2)
   */
  check(text: string): Nonce;
  /** Uses it up in this process. @throws SealyardError `SY-ACME-NONCE` where it was used, here or by a change on record */
  use(nonce: Nonce): void;
  /** What a change must hold, so that no other process and no later start takes the nonce. */
  puts(nonce: Nonce): readonly Put[];
  /** Whether a change that used it is on record. */
  isRecorded(nonce: Nonce): boolean;
}

export function createNonces(o: {
  readonly macKey: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly records: Records;
}): Nonces {
  return new NonceDesk(o);
}

class NonceDesk implements Nonces {
  readonly #macKey: Uint8Array;
  readonly #clock: Clock;
  readonly #records: Records;
  /** Drawn at each start: counters begin anew, and nonces must not repeat. */
  readonly #process: Uint8Array;
  readonly #used = new UsedNonces();
  #counter = 0;
  #claims = 0;

  constructor(o: Parameters<typeof createNonces>[0]) {
    this.#macKey = o.macKey;
    this.#clock = o.clock;
    this.#records = o.records;
    this.#process = o.random.bytes(PROCESS_BYTES);
  }

  issue(): string {
    const id = concat(
      bigEndian(this.#clock.now().getTime(), TIME_BYTES),
      this.#process,
      bigEndian(this.#counter++, COUNTER_BYTES),
    );
    return toBase64Url(concat(id, this.#mac(id)));
  }

  check(text: string): Nonce {
    const bytes = fromBase64Url(text);
    if (bytes === undefined) throw new SealyardError('SY-ACME-MALFORMED', 'the nonce is not base64url');
    if (bytes.length !== ID_BYTES + MAC_BYTES) throw refused('not made here');
    const id = bytes.subarray(0, ID_BYTES);
    if (!timingSafeEqual(this.#mac(id), bytes.subarray(ID_BYTES))) throw refused('not made here');
    const age = this.#clock.now().getTime() - numberOf(id.subarray(0, TIME_BYTES));
    if (age > LIFE_MS || age < -SKEW_MS) throw refused('too old');
    return {
      id,
      process: toHex(id.subarray(TIME_BYTES, TIME_BYTES + PROCESS_BYTES)),
      counter: numberOf(id.subarray(TIME_BYTES + PROCESS_BYTES)),
    };
  }

  use(nonce: Nonce): void {
    if (!this.#used.use(nonce.process, nonce.counter)) throw refused('used already');
    // This process knows of every use of its own nonces; of those of others only the record does.
    if (nonce.process !== toHex(this.#process) && this.isRecorded(nonce)) throw refused('used already');
  }

  puts(nonce: Nonce): readonly Put[] {
    const put: Put = { table: ACME_NONCES, row: { nonce: nonce.id }, mode: 'insert' };
    return ++this.#claims % PURGE_EVERY === 0 ? [put, ...this.#purge()] : [put];
  }

  isRecorded(nonce: Nonce): boolean {
    return this.#records.get(ACME_NONCES, { nonce: nonce.id }) !== undefined;
  }

  #purge(): Put[] {
    const before = bigEndian(this.#clock.now().getTime() - LIFE_MS - SKEW_MS, TIME_BYTES);
    return this.#records
      .find(ACME_NONCES, { where: {}, range: { column: 'nonce', below: before }, limit: PURGE_ROWS })
      .map((row): Put => ({ table: ACME_NONCES, row, mode: 'delete' }));
  }

  #mac(id: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#macKey).update(id).digest().subarray(0, MAC_BYTES);
  }
}

function refused(detail: string): SealyardError {
  return new SealyardError('SY-ACME-NONCE', detail);
}

function bigEndian(value: number, size: number): Uint8Array {
  const bytes = newBytes(size);
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((value, octet) => value * 256 + octet, 0);
}
