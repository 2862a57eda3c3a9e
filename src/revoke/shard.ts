// One shard: what is in it, kept ready to sign, and the complete and delta CRL that were signed last.
import type { Authority } from '../authority/authority.ts';
import { assembleCertificate } from '../formats/x509/build.ts';
import { buildCrlTbs, type CrlTemplate, crlExtensions, encodeRevokedEntry } from '../formats/x509/crl.ts';
import { concat } from '../ground/bytes.ts';
import type { Commit, Records, Row } from '../ground/change.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Serial } from '../ground/ids.ts';
import type { Clock } from '../ground/ports.ts';
import { EntryBuffer, entryOf } from './entries.ts';
import type { Pace } from './pace.ts';
import { findRecord, type RevocationRecord, readRecord } from './record.ts';
import type { RevocationChange } from './revoke.ts';
import type { RevocationSettings } from './settings.ts';
import { advance, numbersChange, readNumbers, type ShardKey, type ShardNumbers } from './shard-number.ts';
import { REVOCATIONS } from './tables.ts';

export interface ShardDeps {
  readonly records: Records;
  readonly commit: Commit;
  readonly clock: Clock;
  readonly settings: RevocationSettings;
  /** Shared by all shards: rows are read for one at a time. */
  readonly pace: Pace;
  readonly authority: (id: string) => Authority | undefined;
  /** Where the certificates of the shard say that its lists are. */
  readonly urls: (key: ShardKey) => { readonly complete: string; readonly delta: string };
}

export interface SignedCrl {
  readonly der: Uint8Array;
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}

export interface SignedShard {
  readonly complete: SignedCrl;
  readonly delta: SignedCrl;
}

/** Rows read at once: a millisecond or two, then others have their turn. */
const CHUNK = 200;
/** A change that was on its way to disk when the base was signed belongs in the deltas. */
const COMMIT_SLACK_MS = 300_000;

/** What deltas say of one certificate, until no client can hold a list that does not say it too. */
interface DeltaEntry {
  readonly der: Uint8Array;
  /** The first list that told of it; `undefined`: none yet. */
  toldIn: number | undefined;
}

/** The rows of a shard as they are kept in memory. */
interface Loaded {
  readonly entries: EntryBuffer;
  readonly delta: Map<Serial, DeltaEntry>;
  numbers: ShardNumbers | undefined;
}

/** `sign` is called by one at a time (`Crls` orders the calls), `apply` at any moment. */
export class CrlShard {
  readonly key: ShardKey;
  readonly #deps: ShardDeps;
  #loaded: Loaded | undefined;
  /** While rows are read: what changed meanwhile. */
  #late: Set<Serial> | undefined;
  #signed: SignedShard | undefined;
  #dirty = false;

  constructor(key: ShardKey, deps: ShardDeps) {
    this.key = key;
    this.#deps = deps;
  }

  get signed(): SignedShard | undefined {
    return this.#signed;
  }

  /** Something changed since the last signature. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** From when on it should be signed again though nothing changed; `undefined` before the first signature. */
  get refreshAtMs(): number | undefined {
    const signed = this.#signed;
    return signed && Math.min(halfLife(signed.complete), halfLife(signed.delta));
  }

  /** The row of a certificate of this shard is another now, or may be. */
  apply({ serial, isNew }: RevocationChange): void {
    // A shard that nobody asked for yet reads its rows when somebody does.
    this.#dirty = this.#loaded !== undefined || this.#late !== undefined;
    this.#late?.add(serial);
    if (this.#loaded !== undefined) this.#take(this.#loaded, serial, isNew);
  }

  #take({ entries, delta }: Loaded, serial: Serial, isNew: boolean): void {
    const record = findRecord(this.#deps.records, { ...this.key, serial });
    if (record === undefined) return;
    if (!isNew) entries.remove(serial);
    if (record.state !== 'released') entries.append(record);
    delta.set(serial, { der: deltaEntryOf(record), toldIn: undefined });
  }

  /**
   * Signs the lists of this moment; they are served from when their number is on disk.
   * @throws SealyardError `SY-REVOKE-NO-ISSUER`, and what keys and store throw: the lists of before stay
   */
  async sign(): Promise<SignedShard> {
    const loaded = this.#loaded ?? (await this.#deps.pace.run(() => this.#load()));
    const authority = this.#deps.authority(this.key.authority);
    if (authority === undefined) throw new SealyardError('SY-REVOKE-NO-ISSUER', this.key.authority);
    const { clock, settings, commit } = this.#deps;
    // Lists tell their time in seconds.
    const nowMs = 1000 * Math.floor(clock.now().getTime() / 1000);
    const before = loaded.numbers;
    const after = advance(before, nowMs, 1000 * settings.crlValiditySeconds);
    // RFC 5280 §3.3: an entry stays until it was in one list that was signed after the certificate's end.
    if (before !== undefined) loaded.entries.expire(before.last.ms);
    // From here to the first await nothing changes: what is signed is one moment of the shard.
    const told = [...loaded.delta.values()];
    const lists = this.#templates(authority, loaded, after);
    this.#dirty = false;
    try {
      const complete = await signList(authority, lists.complete, after.last.number);
      const delta = await signList(authority, lists.delta, after.last.number);
      const { put, precondition } = numbersChange(this.key, before, after);
      await commit({ puts: [put], preconditions: [precondition], events: [] });
      settle(loaded, told, after);
      this.#signed = { complete, delta };
      return this.#signed;
    } catch (error) {
      this.#dirty = true;
      // Somebody else has counted on: their rows are read before the next attempt.
      if (isSealyardError(error, 'SY-STORE-CONFLICT')) this.#loaded = undefined;
      throw error;
    }
  }

  #templates(
    authority: Authority,
    { entries, delta }: Loaded,
    { last, base }: ShardNumbers,
  ): { readonly complete: CrlTemplate; readonly delta: CrlTemplate } {
    const { settings, urls } = this.#deps;
    const { complete: url, delta: deltaUrl } = urls(this.key);
    const thisUpdate = new Date(last.ms);
    const common = {
      issuer: authority.certificate.subject.der,
      signatureAlgorithm: authority.signer.algorithm,
      thisUpdate,
    };
    // A delta has the scope of its complete list (RFC 5280 §5.2.4), hence the same distribution point.
    const always = [
      authority.authorityKeyId,
      crlExtensions.crlNumber(last.number),
      // One list for all certificates needs no scope, and without one it covers those that name no list too.
      ...(authority.shards === 1 ? [] : [crlExtensions.issuingDistributionPoint(url)]),
    ];
    const isNews = ({ toldIn = last.number }: DeltaEntry) => toldIn > base.number;
    const news = [...delta.values()].filter(isNews).map(({ der }) => der);
    return {
      complete: {
        ...common,
        nextUpdate: later(thisUpdate, settings.crlValiditySeconds),
        entries: entries.bytes(),
        extensions: [...always, crlExtensions.freshestCrl(deltaUrl)],
      },
      delta: {
        ...common,
        nextUpdate: later(thisUpdate, settings.deltaValiditySeconds),
        entries: concat(...news),
        extensions: [...always, crlExtensions.deltaCrlIndicator(base.number)],
      },
    };
  }

  /** Reads the rows of the shard, some hundred at a time, so that nobody waits for it. */
  async #load(): Promise<Loaded> {
    const { records, pace } = this.#deps;
    const numbers = readNumbers(records, this.key);
    const loaded: Loaded = { entries: new EntryBuffer(), delta: new Map(), numbers };
    const { authority, shard } = this.key;
    this.#late = new Set();
    let after: Row | undefined;
    for (;;) {
      const rows = records.find(REVOCATIONS, {
        where: { authority, shard },
        limit: CHUNK,
        ...(after === undefined ? {} : { after }),
      });
      for (const row of rows) addRow(loaded, readRecord(row));
      after = rows.at(-1);
      if (rows.length < CHUNK || after === undefined) break;
      await pace.rest();
    }
    for (const serial of this.#late) this.#take(loaded, serial, false);
    this.#late = undefined;
    this.#loaded = loaded;
    return loaded;
  }
}

function addRow({ entries, delta, numbers }: Loaded, record: RevocationRecord): void {
  const hasLeft = numbers !== undefined && record.retainedUntilMs < numbers.last.ms;
  if (record.state !== 'released' && !hasLeft) entries.append(record);
  if (numbers !== undefined && record.changedMs >= numbers.base.ms - COMMIT_SLACK_MS)
    delta.set(record.serial, { der: deltaEntryOf(record), toldIn: undefined });
}

/** What a published list told of needs no more telling once the base tells of it too. */
function settle(loaded: Loaded, told: readonly DeltaEntry[], numbers: ShardNumbers): void {
  loaded.numbers = numbers;
  for (const entry of told) entry.toldIn ??= numbers.last.number;
  for (const [serial, { toldIn }] of loaded.delta)
    if (toldIn !== undefined && toldIn <= numbers.base.number) loaded.delta.delete(serial);
}

function deltaEntryOf(record: RevocationRecord): Uint8Array {
  if (record.state !== 'released') return entryOf(record);
  const { serial, revokedMs } = record;
  return encodeRevokedEntry({ serial, revokedAt: new Date(revokedMs), reason: 'removeFromCRL' });
}

async function signList(authority: Authority, template: CrlTemplate, number: number): Promise<SignedCrl> {
  const { signer } = authority;
  const tbs = buildCrlTbs(template);
  const signature = await signer.sign(signer.purpose, tbs);
  const { thisUpdate, nextUpdate } = template;
  return { der: assembleCertificate(tbs, signer.algorithm, signature), number, thisUpdate, nextUpdate };
}

function later(from: Date, seconds: number): Date {
  return new Date(from.getTime() + 1000 * seconds);
}

function halfLife({ thisUpdate, nextUpdate }: SignedCrl): number {
  return (thisUpdate.getTime() + nextUpdate.getTime()) / 2;
}
