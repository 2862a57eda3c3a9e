// What an import writes, gathered into one commit: authorities with and without keys, cross-certificates, events.
import { type AuthorityPurpose, defaultShards } from '../../authority/authority.ts';
import { allRecords, authorityId, checkedName, nextGeneration } from '../../authority/naming.ts';
import { isSameAuthority, isSelfSigned, isSignedBy } from '../../authority/paths.ts';
import { type AuthorityRecord, authorityPut } from '../../authority/record.ts';
import { retirement } from '../../authority/state.ts';
import { AUTHORITIES } from '../../authority/tables.ts';
import { type Certificate, parseCertificate } from '../../formats/x509/certificate.ts';
import { equalBytes } from '../../ground/bytes.ts';
import type { Precondition, Put } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Actor, Event } from '../../ground/events.ts';
import { type CeremoniesDeps, checkedShards } from './create.ts';
import { crossPut } from './cross.ts';

/** One import. Ids are given as records are added; nothing is written before `commit`. */
export class Recording {
  readonly #deps: CeremoniesDeps;
  readonly actor: Actor;
  /** What it puts on record. */
  readonly certificates: Certificate[] = [];
  readonly #timeMs: number;
  readonly #puts: Put[] = [];
  readonly #preconditions: Precondition[] = [];
  readonly #events: Event[] = [];
  /** Those on record and those to come. */
  readonly #records: AuthorityRecord[];

  constructor(deps: CeremoniesDeps, actor: Actor) {
    this.#deps = deps;
    this.actor = actor;
    this.#timeMs = deps.clock.now().getTime();
    this.#records = [...allRecords(deps.records)];
  }

  /** @throws SealyardError `SY-AUTHORITY-NAME`, `SY-AUTHORITY-EXISTS` */
  newRecord(o: {
    readonly certificate: Certificate;
    readonly purpose: AuthorityPurpose;
    readonly name: string | undefined;
    readonly shards: number;
  }): AuthorityRecord {
    const twin = this.#sameAuthority(o.certificate);
    if (twin !== undefined)
      throw new SealyardError('SY-AUTHORITY-EXISTS', `${twin.id} has this name and key`);
    const name = o.name === undefined ? o.purpose : checkedName(o.name, o.purpose);
    const generation = nextGeneration(this.#records, name);
    if (generation > 1 && name !== o.purpose) throw new SealyardError('SY-AUTHORITY-EXISTS', name);
    return {
      id: authorityId(name, generation),
      name,
      purpose: o.purpose,
      generation,
      state: 'active',
      keySlot: undefined,
      parent: this.#signerOf(o.certificate),
      replaces: undefined,
      serial: o.certificate.serial,
      der: o.certificate.der,
      csr: undefined,
      shards: o.shards,
      createdMs: this.#timeMs,
      changedMs: this.#timeMs,
    };
  }

  /** Puts it on record, or gives the record of that id its key. */
  addAuthority(record: AuthorityRecord, certificate: Certificate, action: Event['action']): void {
    const before = this.#records.find(({ id }) => id === record.id);
    this.#puts.push(
      authorityPut({ ...record, changedMs: this.#timeMs }, before === undefined ? 'insert' : 'replace'),
    );
    if (before !== undefined)
      this.#expect(before.id, { state: before.state, key_slot: before.keySlot ?? null });
    this.#records.push(record);
    this.#tell(action, record.id, certificate);
  }

  /** The answer to a request: from now on it issues, and the generation that it replaces does not. */
  addCompleted(record: AuthorityRecord, certificate: Certificate): void {
    const { serial, der } = certificate;
    const parent = this.#signerOf(certificate);
    const done = {
      ...record,
      state: 'active',
      replaces: undefined,
      parent,
      serial,
      der,
      changedMs: this.#timeMs,
    } as const;
    this.#puts.push(authorityPut(done, 'replace'));
    this.#expect(record.id, { state: 'pending' });
    this.#tell('authority.imported', record.id, certificate);
    const replaced = this.#records.find(({ id, state }) => id === record.replaces && state === 'active');
    if (replaced === undefined) return;
    const retired = retirement(replaced, {
      actor: this.actor,
      timeMs: this.#timeMs,
      reason: `generation ${record.generation}`,
    });
    this.#puts.push(...retired.puts);
    this.#preconditions.push(...retired.preconditions);
    this.#events.push(...retired.events);
  }

  /**
   * Certificates without keys, those that are on record left out; a further certificate of a known authority becomes
   * a cross-certificate.
   * @param above the highest last
   * @param wishes for the first of them
   * @returns ids of what is new, the highest first
   */
  addAbove(
    above: readonly Certificate[],
    wishes: {
      readonly name?: string | undefined;
      readonly purpose?: AuthorityPurpose | undefined;
      readonly shards?: number | undefined;
    } = {},
  ): readonly string[] {
    const ids: string[] = [];
    for (const [i, certificate] of above.entries().toArray().reverse()) {
      if (this.#isOnRecord(certificate)) continue;
      const twin = this.#sameAuthority(certificate);
      if (twin !== undefined) {
        this.#addCross(twin.id, certificate);
        ids.push(twin.id);
        continue;
      }
      const own = i === 0 ? wishes : {};
      const purpose = own.purpose ?? (isSelfSigned(certificate) ? 'root' : 'intermediate');
      const shards = checkedShards(own.shards ?? defaultShards(purpose));
      const record = this.newRecord({ certificate, purpose, name: own.name, shards });
      this.addAuthority(record, certificate, 'authority.recorded');
      ids.push(record.id);
    }
    return ids;
  }

  async commit(
    more: { readonly puts: readonly Put[]; readonly events: readonly Event[] } = { puts: [], events: [] },
  ): Promise<void> {
    await this.#deps.commit({
      puts: [...more.puts, ...this.#puts],
      preconditions: this.#preconditions,
      events: [...more.events, ...this.#events],
    });
  }

  #addCross(authority: string, certificate: Certificate): void {
    const issuer = this.#signerOf(certificate);
    this.#puts.push(crossPut({ authority, issuer, certificate, timeMs: this.#timeMs }));
    this.#tell('authority.recorded', authority, certificate);
  }

  #expect(id: string, row: Precondition['expect']): void {
    this.#preconditions.push({ table: AUTHORITIES, key: { id }, expect: row });
  }

  #isOnRecord({ der }: Certificate): boolean {
    return (
      this.#records.some((each) => each.der !== undefined && equalBytes(each.der, der)) ||
      this.#deps.directory.certificates().some((each) => equalBytes(each.der, der))
    );
  }

  #sameAuthority(certificate: Certificate): AuthorityRecord | undefined {
    return this.#records.find(
      (each) => each.der !== undefined && isSameAuthority(parseCertificate(each.der), certificate),
    );
  }

  /** The authority on record, or in this import, whose key signed it; itself does not count. */
  #signerOf(certificate: Certificate): string | undefined {
    if (isSelfSigned(certificate)) return undefined;
    return this.#records.find(
      (each) => each.der !== undefined && isSignedBy(certificate, parseCertificate(each.der)),
    )?.id;
  }

  #tell(action: Event['action'], id: string, certificate: Certificate): void {
    this.certificates.push(certificate);
    this.#events.push({
      timeMs: this.#timeMs,
      action,
      actor: this.actor,
      object: { type: 'authority', id },
      outcome: 'done',
      data: {
        subject: certificate.subject.text.slice(0, 1000),
        serial: certificate.serial,
        notAfter: certificate.notAfter.toISOString(),
      },
    });
  }
}
