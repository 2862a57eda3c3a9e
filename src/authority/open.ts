// Opens the directory over the records: reads every authority, its key and its chains, and reads them again on demand.
import { createHash } from 'node:crypto';
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { equalBytes, toHex } from '../ground/bytes.ts';
import type { Records } from '../ground/change.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Clock } from '../ground/ports.ts';
import { findKey } from '../keys/pinned.ts';
import type { KeyStore, Signer } from '../keys/signer.ts';
import {
  type Authorities,
  type Authority,
  type AuthorityState,
  authorityOf,
  type IssuingUsage,
  KEY_PURPOSE_OF,
  type KnownAuthority,
  knownAuthority,
} from './authority.ts';
import type { AuthorityDirectory, PendingAuthority } from './directory.ts';
import { allRecords, MAX_AUTHORITIES } from './naming.ts';
import { chainsOf, isSelfSigned } from './paths.ts';
import { type AuthorityRecord, damaged } from './record.ts';
import { CROSS_CERTIFICATES } from './tables.ts';

export interface DirectoryDeps {
  readonly records: Records;
  readonly keys: KeyStore;
  readonly clock: Clock;
  /** Throws where the clock cannot be right: then that is why no authority is valid. */
  readonly clockGuard?: Clock;
}

/** All that one reading of the records found. */
interface Snapshot {
  /** Certificates of revoked authorities, and revoked cross-certificates: nothing leads through them. */
  readonly revoked: ReadonlySet<Certificate>;
  readonly known: readonly KnownAuthority[];
  readonly signing: ReadonlyMap<string, Authority>;
  readonly pending: readonly PendingAuthority[];
  readonly chains: ReadonlyMap<string, readonly (readonly [Certificate, ...Certificate[]])[]>;
  readonly certificates: readonly Certificate[];
}

/**
 * @throws SealyardError `SY-AUTHORITY-DAMAGED`, `SY-KEYS-PIN` and what `KeyStore.open` throws, but for a key that is
 *   not there: such an authority is `offline`
 */
export async function openDirectory(deps: DirectoryDeps): Promise<AuthorityDirectory> {
  const reader = new Reader(deps);
  let snapshot = await reader.read();
  let reloading: Promise<void> = Promise.resolve();
  const listeners = new Set<() => void>();
  const get = (id: string) => snapshot.signing.get(id);
  const usableChains = (id: string) => {
    const now = deps.clock.now();
    const helps = (each: Certificate) => isValid(each, now) && !snapshot.revoked.has(each);
    // The default stays whatever became of it, since there must be one; an alternate that ended helps nobody.
    return (snapshot.chains.get(id) ?? []).filter((chain, i) => i === 0 || chain.every(helps));
  };
  const signing = () =>
    [...snapshot.signing.values()].filter(({ chain }) => !chain.some((each) => snapshot.revoked.has(each)));
  return {
    all: () => [...snapshot.signing.values()],
    get,
    known: () => snapshot.known,
    pending: () => snapshot.pending,
    issuing: (usage, allowed, wanted) => {
      try {
        return newestIssuing(signing(), { usage, allowed, wanted, now: deps.clock.now() });
      } catch (error) {
        deps.clockGuard?.now();
        throw error;
      }
    },
    chains: usableChains,
    certificates: () => snapshot.certificates,
    anchors: () =>
      snapshot.known
        .filter(({ state, certificate }) => state !== 'revoked' && isSelfSigned(certificate))
        .map(({ certificate }) => certificate),
    findIssuer: (nameDer, keyId) => findIssuer([...snapshot.signing.values()], nameDer, keyId),
    reload() {
      const next = reloading.then(async () => {
        snapshot = await reader.read();
        for (const listener of listeners) listener();
      });
      // The queue goes on behind a reading that failed; who asked for that one hears of it.
      reloading = next.catch(() => undefined);
      return next;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What issues when nothing names another authority; each look gives the newest. @throws SealyardError `SY-AUTHORITY-NONE` */
export function defaultAuthorities(directory: AuthorityDirectory): Authorities {
  return {
    get root() {
      // Not by `issuing`: whatever the clock says, there is a root to show.
      const newest = directory
        .all()
        .findLast(({ purpose, state }) => purpose === 'tls' && state === 'active');
      const top = newest?.chain.at(-1);
      const known = directory.known();
      const root =
        known.find(({ certificate }) => certificate === top) ??
        known.find(({ purpose }) => purpose === 'root');
      if (root === undefined) throw new SealyardError('SY-AUTHORITY-NONE', 'root');
      return root;
    },
    get tls() {
      return directory.issuing('tls');
    },
    get codeSigning() {
      return directory.issuing('code-signing');
    },
    get timestamping() {
      return directory.issuing('timestamping');
    },
  };
}

function isValid({ notBefore, notAfter }: Certificate, now: Date): boolean {
  return now >= notBefore && now <= notAfter;
}

function newestIssuing(
  signing: readonly Authority[],
  o: {
    readonly usage: IssuingUsage;
    readonly allowed: readonly string[] | undefined;
    readonly wanted: string | undefined;
    readonly now: Date;
  },
): Authority {
  const isNamed = ({ id, name }: Authority, texts: readonly string[]) =>
    texts.includes(id) || texts.includes(name);
  const found = signing.findLast(
    (each) =>
      each.purpose === o.usage &&
      each.state === 'active' &&
      isValid(each.certificate, o.now) &&
      (o.allowed === undefined || isNamed(each, o.allowed)) &&
      (o.wanted === undefined || isNamed(each, [o.wanted])),
  );
  if (found !== undefined) return found;
  const among = o.wanted ?? o.allowed?.join(', ');
  throw new SealyardError('SY-AUTHORITY-NONE', among === undefined ? o.usage : `${o.usage}: ${among}`);
}

function findIssuer(
  signing: readonly Authority[],
  nameDer: Uint8Array,
  keyId: Uint8Array | undefined,
): Authority | undefined {
  return signing.findLast(({ certificate: { subject, subjectKeyId } }) => {
    if (!equalBytes(subject.der, nameDer)) return false;
    return keyId === undefined || (subjectKeyId !== undefined && equalBytes(subjectKeyId, keyId));
  });
}

interface CrossCertificate {
  readonly authority: string;
  readonly certificate: Certificate;
  readonly revoked: boolean;
  readonly createdMs: number;
}

/** Reads the records; what was read before and has not changed keeps its identity, so that caches keyed by it hold. */
class Reader {
  readonly #deps: DirectoryDeps;
  readonly #parsed = new Map<string, Certificate>();
  readonly #signers = new Map<string, Signer>();

  constructor(deps: DirectoryDeps) {
    this.#deps = deps;
  }

  async read(): Promise<Snapshot> {
    const records = allRecords(this.#deps.records);
    const own = new Map(records.flatMap((each) => (each.der ? [[each.id, this.#parse(each.der)]] : [])));
    const cross = this.#crossCertificates();
    const pool = [...own.values(), ...cross.map(({ certificate }) => certificate)];
    const revoked = new Set(cross.flatMap((each) => (each.revoked ? [each.certificate] : [])));
    const chains = new Map<string, readonly (readonly [Certificate, ...Certificate[]])[]>();
    for (const [id, certificate] of own) {
      const more = cross.filter(({ authority }) => authority === id).map((each) => each.certificate);
      chains.set(id, chainsOf([certificate, ...more], pool));
    }
    const known: KnownAuthority[] = [];
    const signing = new Map<string, Authority>();
    for (const record of records) {
      const certificate = own.get(record.id);
      if (certificate === undefined) continue;
      if (record.state === 'revoked') revoked.add(certificate);
      const [chain] = chains.get(record.id) ?? [];
      if (chain === undefined || chain[0] !== certificate)
        throw damaged(record.id, 'no authority on record signed it');
      const signer = await this.#signerOf(record, certificate);
      const authority = knownAuthority({ ...viewOf(record, signer), chain });
      known.push(authority);
      if (signer !== undefined) signing.set(record.id, authorityOf(authority, signer));
    }
    return { revoked, known, signing, chains, certificates: pool, pending: records.flatMap(pendingOf) };
  }

  #crossCertificates(): readonly CrossCertificate[] {
    return this.#deps.records
      .find(CROSS_CERTIFICATES, { where: {}, limit: MAX_AUTHORITIES })
      .map(({ authority, state, der, created_ms: createdMs }) => {
        const id = String(authority);
        if (!(der instanceof Uint8Array)) throw damaged(id, 'a cross-certificate is missing');
        return {
          authority: id,
          certificate: this.#parse(der),
          revoked: state === 'revoked',
          createdMs: Number(createdMs),
        };
      })
      .sort((a, b) => a.createdMs - b.createdMs);
  }

  #parse(der: Uint8Array): Certificate {
    const key = toHex(new Uint8Array(createHash('sha256').update(der).digest()));
    const certificate = this.#parsed.get(key) ?? parseCertificate(der);
    this.#parsed.set(key, certificate);
    return certificate;
  }

  /** @returns `undefined` where the key is not here */
  async #signerOf(record: AuthorityRecord, certificate: Certificate): Promise<Signer | undefined> {
    const { id, keySlot: slot, purpose } = record;
    if (slot === undefined) return undefined;
    const signer = this.#signers.get(slot) ?? (await this.#openKey(id, slot, purpose));
    if (signer === undefined) return undefined;
    if (!equalBytes(signer.publicKey.spki, certificate.spki)) throw damaged(id, 'its key is another');
    this.#signers.set(slot, signer);
    return signer;
  }

  async #openKey(id: string, slot: string, purpose: AuthorityRecord['purpose']): Promise<Signer | undefined> {
    try {
      const key = await findKey(this.#deps, { slot, purpose: KEY_PURPOSE_OF[purpose] });
      if (key === undefined) throw damaged(id, 'its key is not on record');
      return key.signer;
    } catch (error) {
      if (isSealyardError(error, 'SY-KEYS-NOT-FOUND')) return undefined;
      throw error;
    }
  }
}

function viewOf(record: AuthorityRecord, signer: Signer | undefined) {
  const { id, name, purpose, generation, shards } = record;
  const key = signer !== undefined ? 'here' : record.keySlot === undefined ? 'elsewhere' : 'missing';
  return {
    id,
    name,
    purpose,
    generation,
    shards,
    key,
    state: stateOf(record, key),
    createdAt: new Date(record.createdMs),
  } as const;
}

function stateOf({ state }: AuthorityRecord, key: KnownAuthority['key']): AuthorityState {
  if (state === 'pending') throw new TypeError('a pending authority has no certificate');
  return state === 'active' && key !== 'here' ? 'offline' : state;
}

function pendingOf(record: AuthorityRecord): readonly PendingAuthority[] {
  const { id, name, purpose, generation, shards, csr, createdMs } = record;
  if (record.state !== 'pending' || csr === undefined) return [];
  return [{ id, name, purpose, generation, shards, csr, createdAt: new Date(createdMs) }];
}
