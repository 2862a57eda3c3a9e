// Brings a PKI along: an authority with its key, the certificate that answers a request, or anchors without keys.
import type { KeyObject } from 'node:crypto';
import { type AuthorityPurpose, defaultShards } from '../../authority/authority.ts';
import { allRecords } from '../../authority/naming.ts';
import { isSelfSigned } from '../../authority/paths.ts';
import type { AuthorityRecord } from '../../authority/record.ts';
import { readSpki } from '../../formats/algorithms.ts';
import type { Certificate } from '../../formats/x509/certificate.ts';
import { parseCsr } from '../../formats/x509/csr.ts';
import { OID } from '../../formats/x509/oids.ts';
import { equalBytes } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Actor } from '../../ground/events.ts';
import { spkiOf } from '../../keys/local-key.ts';
import { refuseWeakKey } from '../weak-keys.ts';
import { type CeremoniesDeps, checkedShards } from './create.ts';
import { chainUp, refuseUnfit } from './fitness.ts';
import { type AuthorityKey, adoptKey } from './keys.ts';
import { readPrivateKey } from './private-key.ts';
import { readCertificates } from './read-certificates.ts';
import { recordImported } from './record-external.ts';
import { Recording } from './recording.ts';
import { terms } from './terms.ts';

export interface ImportOrder {
  /** PEM: the authority's certificate and those above it, in any order; for anchors, any CA certificates. */
  readonly certificates: string;
  /** PEM of the private key; absent for anchors and for the answer to a request. */
  readonly key?: string;
  readonly passphrase?: string;
  readonly name?: string;
  /** Absent: what the certificate's usages say, where they say it. */
  readonly purpose?: AuthorityPurpose;
  readonly shards?: number;
  readonly actor: Actor;
}

export interface Imported {
  /** The authority that this was about; the first where several were put on record. */
  readonly id: string;
  /** What came of it: `imported` with its key, `completed` a request, or `recorded` without a key. */
  readonly outcome: 'imported' | 'completed' | 'recorded';
  /** Authorities that were put on record beside it, without keys. */
  readonly recorded: readonly string[];
}

/**
 * @throws SealyardError `SY-AUTHORITY-CERTIFICATE`, `-KEY`, `-KEY-MISMATCH`, `-NOT-A-CA`, `-UNFIT`, `-ENDED`, `-CHAIN`,
 *   `-EXISTS`, `-NAME`, `-TERMS`, `SY-PEM-MALFORMED`, `SY-X509-MALFORMED`, and what keys and store throw
 */
export async function importAuthority(deps: CeremoniesDeps, o: ImportOrder): Promise<Imported> {
  const given = readCertificates(o.certificates);
  const imported =
    o.key === undefined
      ? await importWithoutKey(deps, o, given)
      : await importWithKey(deps, o, given, readPrivateKey(o.key, o.passphrase));
  return imported;
}

async function importWithKey(
  deps: CeremoniesDeps,
  o: ImportOrder,
  given: readonly Certificate[],
  privateKey: KeyObject,
): Promise<Imported> {
  const spki = spkiOf(privateKey);
  const certificate = given.find((each) => equalBytes(each.spki, spki));
  if (certificate === undefined) throw new SealyardError('SY-AUTHORITY-KEY-MISMATCH');
  refuseWeakKey(readSpki(spki));
  const purpose = o.purpose ?? purposeOf(certificate);
  const candidate = { certificate, purpose, signsHere: true, now: deps.clock.now() };
  refuseUnfit(candidate);
  const path = chainUp(candidate, [...given, ...deps.directory.certificates()]);
  refuseUnrelated(given, path);
  const recording = new Recording(deps, o.actor);
  const known = keylessRecord(deps, certificate);
  const recorded = recording.addAbove(path.slice(1));
  const shards = checkedShards(o.shards ?? defaultShards(purpose));
  const record = known ?? recording.newRecord({ certificate, purpose, name: o.name, shards });
  // The key comes last: whatever is refused above leaves nothing in the key store.
  const key = await adoptKey(deps, { id: record.id, purpose, privateKey, actor: o.actor });
  recording.addAuthority({ ...record, purpose, keySlot: key.slot }, certificate, 'authority.imported');
  await settle(deps, recording, key.change);
  return { id: record.id, outcome: 'imported', recorded };
}

/** An authority whose certificate is here and whose key is not: the key may follow. */
function keylessRecord(deps: CeremoniesDeps, certificate: Certificate): AuthorityRecord | undefined {
  const known = deps.directory.known().find((each) => equalBytes(each.certificate.der, certificate.der));
  if (known === undefined) return undefined;
  if (known.key === 'here') throw new SealyardError('SY-AUTHORITY-EXISTS', known.id);
  return allRecords(deps.records).find(({ id }) => id === known.id);
}

async function importWithoutKey(
  deps: CeremoniesDeps,
  o: ImportOrder,
  given: readonly Certificate[],
): Promise<Imported> {
  if (o.passphrase !== undefined) throw new SealyardError('SY-AUTHORITY-KEY', 'a passphrase without a key');
  const records = allRecords(deps.records);
  for (const record of records) {
    if (record.state !== 'pending' || record.csr === undefined) continue;
    const { spki } = parseCsr(record.csr);
    const certificate = given.find((each) => equalBytes(each.spki, spki));
    if (certificate !== undefined) return complete(deps, o, { given, record, certificate });
  }
  return recordAnchors(deps, o, given);
}

/** The certificate that an offline authority made for our request. */
async function complete(
  deps: CeremoniesDeps,
  o: ImportOrder,
  found: {
    readonly given: readonly Certificate[];
    readonly record: AuthorityRecord;
    readonly certificate: Certificate;
  },
): Promise<Imported> {
  const { given, record, certificate } = found;
  if (o.name !== undefined || o.purpose !== undefined || o.shards !== undefined)
    throw terms(`${record.id} was named when its request was made`);
  const candidate = { certificate, purpose: record.purpose, signsHere: true, now: deps.clock.now() };
  refuseUnfit(candidate);
  const path = chainUp(candidate, [...given, ...deps.directory.certificates()]);
  refuseUnrelated(given, path);
  const recording = new Recording(deps, o.actor);
  const recorded = recording.addAbove(path.slice(1));
  recording.addCompleted(record, certificate);
  await settle(deps, recording);
  return { id: record.id, outcome: 'completed', recorded };
}

/** CA certificates without keys: what others hold, trusted because somebody with the role says so. */
async function recordAnchors(
  deps: CeremoniesDeps,
  o: ImportOrder,
  given: readonly Certificate[],
): Promise<Imported> {
  const recording = new Recording(deps, o.actor);
  // From the root downwards, so that each finds the one above it on record.
  const paths = given.map((certificate) => {
    const purpose = isSelfSigned(certificate) ? 'root' : 'intermediate';
    const candidate = { certificate, purpose, signsHere: false, now: deps.clock.now() } as const;
    refuseUnfit(candidate);
    return chainUp(candidate, [...given, ...deps.directory.certificates()]);
  });
  const ordered = paths.toSorted((a, b) => a.length - b.length).flatMap(([first]) => first ?? []);
  const recorded = recording.addAbove(ordered.toReversed(), {
    name: o.name,
    purpose: o.purpose,
    shards: o.shards,
  });
  const [id, ...more] = recorded.toReversed();
  if (id === undefined) throw new SealyardError('SY-AUTHORITY-EXISTS');
  await settle(deps, recording);
  return { id, outcome: 'recorded', recorded: more };
}

/** The directory shows the import from here on; then its certificates are findable and revocable like all others. */
async function settle(
  deps: CeremoniesDeps,
  recording: Recording,
  more?: AuthorityKey['change'],
): Promise<void> {
  await recording.commit(more);
  await deps.directory.reload();
  await recordImported(deps, recording.certificates, recording.actor);
}

/** What leads nowhere from the authority was put into the file by mistake, or for a reason that we would miss. */
function refuseUnrelated(given: readonly Certificate[], path: readonly Certificate[]): void {
  const unrelated = given.filter((each) => !path.some(({ der }) => equalBytes(der, each.der)));
  if (unrelated.length > 0)
    throw new SealyardError(
      'SY-AUTHORITY-CERTIFICATE',
      `${unrelated.length} of them are not on the way to the root`,
    );
}

const PURPOSE_OF_USAGE: readonly (readonly [string, AuthorityPurpose])[] = [
  [OID.serverAuth, 'tls'],
  [OID.clientAuth, 'tls'],
  [OID.codeSigning, 'code-signing'],
  [OID.timeStamping, 'timestamping'],
];

/** @throws SealyardError `SY-AUTHORITY-TERMS` where the certificate leaves it open */
function purposeOf(certificate: Certificate): AuthorityPurpose {
  if (isSelfSigned(certificate)) return 'root';
  const usages = certificate.extendedKeyUsage ?? [];
  const found = new Set(
    PURPOSE_OF_USAGE.filter(([oid]) => usages.includes(oid)).map(([, purpose]) => purpose),
  );
  const [purpose, ...more] = found;
  if (purpose !== undefined && more.length === 0) return purpose;
  throw terms('say what it is for: intermediate, tls, code-signing or timestamping');
}
