// The certificates that the yard uses itself: made when missing, renewed in time, kept for those who verify later.
import type { KeyObject } from 'node:crypto';
import type { Authority, KnownAuthority } from '../authority/authority.ts';
import type { AuthorityDirectory } from '../authority/directory.ts';
import { SERVICE_CERTIFICATES } from '../authority/tables.ts';
import { encodePem } from '../formats/pem.ts';
import { type Certificate, type GeneralName, parseCertificate } from '../formats/x509/certificate.ts';
import { equalBytes } from '../ground/bytes.ts';
import type { Records } from '../ground/change.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { ensureKey, findKey } from '../keys/pinned.ts';
import type { ExportablePurpose, KeyPurpose, KeyStore, Signer } from '../keys/signer.ts';
import type { CeremonyDeps } from './ceremony.ts';
import { issue, type Together } from './issue.ts';
import { prepare } from './prepare.ts';
import type { ListenerName, ListenerRequest, TimestampCertificateRequest } from './request.ts';

type ServicePurpose = Extract<KeyPurpose, 'listener' | 'timestamp'>;

/** A recorded certificate of the yard's own; its key stays in the store until asked for. */
interface ServiceCertificate {
  readonly generation: number;
  readonly slot: string;
  /** Id of the authority that signed it, which may have been rotated since. */
  readonly authority: string;
  readonly certificate: Certificate;
}

const DAY_MS = 86_400_000;

/** What the TLS listener serves. */
export interface ListenerCertificate {
  readonly certificate: Certificate;
  /** Leaf and issuing CA, without the root, as TLS sends them (RFC 8446 §4.4.2). */
  readonly chainPem: string;
  readonly privateKey: KeyObject;
  /** From when on asking again gives a new one. */
  readonly renewAt: Date;
}

/**
 * The listener's certificate; a new key and certificate where there is none, where a third of the lifetime is left, or
 * where the names or the authority are others. While the store takes no writes, one that is on record goes on serving.
 * @throws SealyardError what keys, store and `issue` throw; `SY-KEYS-ALGORITHM` where keys cannot leave the store
 */
export async function ensureListenerCertificate(
  deps: CeremonyDeps,
  o: { readonly authority: Authority; readonly names: readonly ListenerName[] },
): Promise<ListenerCertificate> {
  const now = deps.clock.now();
  const latest = recorded(deps.records, 'listener').at(-1);
  const usable =
    latest !== undefined && latest.authority === o.authority.id && sameNames(latest.certificate, o.names);
  if (usable && now < renewAtOf(latest.certificate))
    return listenerOf(deps.keys, o.authority, latest, deps.records);
  const request = (signer: Signer): ListenerRequest => ({
    profile: 'listener',
    authority: o.authority,
    publicKey: signer.publicKey,
    names: o.names,
  });
  const made = await renew(deps, 'listener', request, latest);
  return listenerOf(deps.keys, o.authority, made, deps.records);
}

async function listenerOf(
  keys: KeyStore,
  authority: Authority,
  service: ServiceCertificate,
  records: Records,
): Promise<ListenerCertificate> {
  const { certificate } = service;
  const signer = await signerOf({ keys, records }, service, 'listener');
  // Of an authority before the present one only where nothing new could be made: clients may know its certificate.
  const above = service.authority === authority.id ? authority.chain.slice(0, -1) : [];
  const chain = [certificate, ...above];
  return {
    certificate,
    chainPem: chain.map(({ der }) => encodePem('CERTIFICATE', der)).join(''),
    privateKey: await exported(keys, signer.ref, 'listener'),
    renewAt: renewAtOf(certificate),
  };
}

async function exported(keys: KeyStore, ref: string, purpose: ExportablePurpose): Promise<KeyObject> {
  if (keys.exportPrivate === undefined)
    throw new SealyardError('SY-KEYS-ALGORITHM', 'TLS needs a key that can leave its store');
  return keys.exportPrivate(ref, purpose);
}

/** Two thirds of the lifetime. */
function renewAtOf(certificate: Certificate): Date {
  const { notBefore, notAfter } = certificate;
  return new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3);
}

function sameNames(certificate: Certificate, names: readonly ListenerName[]): boolean {
  const found = certificate.subjectAltNames ?? [];
  return found.length === names.length && names.every((name, i) => sameName(name, found[i]));
}

function sameName(wanted: ListenerName, found: GeneralName | undefined): boolean {
  if (wanted.type === 'ip') return found?.type === 'ip' && equalBytes(found.value, wanted.value);
  return found?.type === 'dns' && found.value === wanted.value;
}

/** What signs timestamps, and with which certificate. */
export interface TimestampUnit {
  readonly certificate: Certificate;
  /** Leaf first, root last. */
  readonly chain: readonly Certificate[];
  readonly signer: Signer;
}

export interface TimestampCertificates {
  readonly active: TimestampUnit;
  /** Every chain that was ever used or soon will be: timestamps outlive their certificates, trusted roots list all. */
  readonly chains: readonly (readonly Certificate[])[];
  /** From when on asking again changes something. */
  readonly renewAt: Date;
}

/** The next certificate is published this long before it signs, so that trusted roots know it by then. */
const PUBLISHED_BEFORE_USE_MS = 30 * DAY_MS;
const USED_UNTIL_BEFORE_END_MS = 30 * DAY_MS;

/**
 * The timestamping certificates; makes the first, and the next one 60 days before the newest ends, or when another
 * authority signs them. The oldest that has more than 30 days left signs.
 * @param o.directory where the chains of rotated authorities are; absent: certificates of others than `o.authority` are
 *   left out
 * @throws SealyardError what keys, store and `issue` throw
 */
export async function ensureTimestampCertificates(
  deps: CeremonyDeps,
  o: {
    readonly authority: Authority;
    readonly organization: string;
    readonly directory?: Pick<AuthorityDirectory, 'known'>;
  },
): Promise<TimestampCertificates> {
  const now = deps.clock.now().getTime();
  const issuers: readonly KnownAuthority[] = [o.authority, ...(o.directory?.known() ?? [])];
  const issuerOf = (id: string) => issuers.find((one) => one.id === id);
  const everMade = recorded(deps.records, 'timestamp');
  const known = everMade.filter(({ authority }) => issuerOf(authority) !== undefined);
  const newest = known.at(-1);
  const due =
    newest === undefined || newest.authority !== o.authority.id || now >= nextMakingMs(newest.certificate);
  const request = (signer: Signer): TimestampCertificateRequest => ({
    profile: 'timestamp',
    authority: o.authority,
    publicKey: signer.publicKey,
    organization: o.organization,
  });
  const latest = due ? await renew(deps, 'timestamp', request, everMade.at(-1)) : newest;
  const all = known.includes(latest) ? known : [...known, latest];
  const active = all.find(({ certificate }) => now < lastUseMs(certificate)) ?? latest;
  const chainOf = ({ certificate, authority }: ServiceCertificate) => [
    certificate,
    ...(issuerOf(authority)?.chain ?? []),
  ];
  return {
    active: {
      certificate: active.certificate,
      chain: chainOf(active),
      signer: await signerOf(deps, active, 'timestamp'),
    },
    chains: all.map(chainOf),
    renewAt: new Date(Math.min(nextMakingMs(latest.certificate), lastUseMs(active.certificate))),
  };
}

function lastUseMs({ notAfter }: Certificate): number {
  return notAfter.getTime() - USED_UNTIL_BEFORE_END_MS;
}

function nextMakingMs(certificate: Certificate): number {
  return lastUseMs(certificate) - PUBLISHED_BEFORE_USE_MS;
}

/** All of a purpose, oldest first. */
function recorded(records: Records, purpose: ServicePurpose): readonly ServiceCertificate[] {
  const rows = records.find(SERVICE_CERTIFICATES, { where: { purpose }, limit: 10_000 });
  return rows.flatMap(({ generation, key_slot: slot, authority, der }) =>
    typeof generation === 'number' &&
    typeof slot === 'string' &&
    typeof authority === 'string' &&
    der instanceof Uint8Array
      ? [{ generation, slot, authority, certificate: parseCertificate(der) }]
      : [],
  );
}

async function signerOf(
  deps: { readonly keys: KeyStore; readonly records: Records },
  service: ServiceCertificate,
  purpose: ServicePurpose,
): Promise<Signer> {
  const key = await findKey(deps, { slot: service.slot, purpose });
  if (key === undefined || !equalBytes(key.signer.publicKey.spki, service.certificate.spki))
    throw new SealyardError('SY-KEYS-PIN', service.slot);
  return key.signer;
}

/** A new key and certificate; on a store that takes no writes, the present one, if there is one. */
async function renew(
  deps: CeremonyDeps,
  purpose: ServicePurpose,
  request: (signer: Signer) => ListenerRequest | TimestampCertificateRequest,
  present: ServiceCertificate | undefined,
): Promise<ServiceCertificate> {
  try {
    const generation = (present?.generation ?? 0) + 1;
    // A crash after the key leaves its slot filled; the next attempt has the same generation and uses it.
    const slot = `${purpose}/${generation}`;
    const { signer } = await ensureKey(deps, { slot, purpose, algorithm: 'ec-p256' });
    const prepared = prepare(request(signer), deps);
    const together = serviceRecord(deps, purpose, { generation, slot, authority: prepared.issuer.id });
    const { certificate } = await issue(prepared, deps, together);
    return { generation, slot, authority: prepared.issuer.id, certificate };
  } catch (error) {
    const stopped = isSealyardError(error, 'SY-STORE-READ-ONLY', 'SY-STORE-UNAVAILABLE', 'SY-ISSUE-CLOCK');
    if (present !== undefined && stopped) return present;
    throw error;
  }
}

function serviceRecord(
  deps: CeremonyDeps,
  purpose: ServicePurpose,
  o: { readonly generation: number; readonly slot: string; readonly authority: string },
): Together {
  return ({ serial, der }) => ({
    puts: [
      {
        table: SERVICE_CERTIFICATES,
        mode: 'insert',
        row: {
          purpose,
          generation: o.generation,
          key_slot: o.slot,
          authority: o.authority,
          serial,
          der,
          created_ms: deps.clock.now().getTime(),
        },
      },
    ],
    events: [],
  });
}
