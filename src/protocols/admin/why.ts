// The evidence chain around a digest or a serial: decisions, log entries, certificates, authorities, policies, log heads.
import { DECISIONS } from '../../admit/tables.ts';
import { searchEvents } from '../../audit/search.ts';
import { AUTHORITIES } from '../../authority/tables.ts';
import { toBase64 } from '../../ground/bytes.ts';
import type { LogName, Records, Row } from '../../ground/change.ts';
import { SealyardError } from '../../ground/errors.ts';
import { asDigest, asSerial } from '../../ground/ids.ts';
import type { Json, JsonObject } from '../../ground/json.ts';
import { CERTIFICATES } from '../../issue/tables.ts';
import type { Logs } from '../../log/ports.ts';
import { SIGNATURE_ENTRIES } from '../../log/tables.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import type { AdminDeps } from './deps.ts';
import { readQuery } from './messages.ts';
import { authorityJson, certificateJson, decisionJson, entryJson } from './records.ts';

/** Newest first; more than this of one kind is no evidence but a search. */
const MOST = 50;

/**
 * `?subject=` an image digest (`sha256:…`) or a certificate serial (hex). What an image's signatures are over is in
 * its bundles, which live in the registry: whoever has one asks again with the serial in it.
 * @throws SealyardError `SY-ADMIN-MALFORMED`, `SY-ADMIN-NOT-FOUND`
 */
export async function why(request: DoorRequest, deps: AdminDeps): Promise<DoorReply> {
  // Life of a signature, step 16: back from a decision to the job that signed.
  const { subject = '' } = readQuery(request, ['subject']);
  const found = findSubject(subject.toLowerCase(), deps.records);
  const certificates = found.serials.flatMap((serial) => rowOf(deps.records.get(CERTIFICATES, { serial })));
  if (found.decisions.length + found.entries.length + certificates.length === 0)
    throw new SealyardError('SY-ADMIN-NOT-FOUND', 'no decision, log entry or certificate');
  const versions = new Set(
    [...found.decisions, ...certificates].flatMap((row) =>
      typeof row['policy_version'] === 'string' ? [row['policy_version']] : [],
    ),
  );
  return jsonReply(200, {
    subject,
    kind: found.kind,
    decisions: found.decisions.map(decisionJson),
    entries: found.entries.map((row) => ({ ...entryJson(row), ...inclusion(row, deps.logs) })),
    certificates: certificates.map(certificateJson),
    authorities: authoritiesOf(certificates, deps.records),
    policies: [...versions].map((version) => policyJson(version, deps)),
    logs: await Promise.all(
      (['certificate', 'signature', 'audit'] as const).map((log) => headJson(log, deps.logs)),
    ),
    // Nobody outside co-signs our checkpoints yet; said aloud, since only a witness can notice a split view.
    witnessed: false,
  });
}

interface Found {
  readonly kind: 'digest' | 'serial';
  readonly decisions: readonly Row[];
  readonly entries: readonly Row[];
  readonly serials: readonly string[];
}

function findSubject(subject: string, records: Records): Found {
  const digest = asDigest(subject);
  if (digest !== undefined) {
    const decisions = records.find(DECISIONS, { where: { digest }, limit: MOST, reverse: true });
    const entries = records.find(SIGNATURE_ENTRIES, { where: { signed_digest: digest }, limit: MOST });
    const serials = entries.flatMap((row) => (typeof row['serial'] === 'string' ? [row['serial']] : []));
    return { kind: 'digest', decisions, entries, serials: [...new Set(serials)] };
  }
  const serial = asSerial(subject.replace(/^0x/, '').replaceAll(':', ''));
  if (serial === undefined)
    throw new SealyardError('SY-ADMIN-MALFORMED', 'subject is neither sha256:… nor a serial in hex');
  const entries = records.find(SIGNATURE_ENTRIES, { where: { serial }, limit: MOST });
  return { kind: 'serial', decisions: [], entries, serials: [serial] };
}

/** The proof against the present head, so that the answer can be checked without another request. */
function inclusion(row: Row, logs: Logs): JsonObject {
  const index = row['log_index'];
  if (typeof index !== 'number') return {};
  const { size } = logs.head('signature');
  const hashes = logs.inclusionProof('signature', index, size).map(toBase64);
  return { inclusionProof: { logIndex: index, treeSize: size, hashes } };
}

/** The issuing authorities and what signed them, up to the root. */
function authoritiesOf(certificates: readonly Row[], records: Records): readonly Json[] {
  const found = new Map<string, Row>();
  const add = (id: unknown) => {
    if (typeof id !== 'string' || found.has(id)) return;
    const row = records.get(AUTHORITIES, { id });
    if (row === undefined) return;
    found.set(id, row);
    add(row['parent']);
  };
  for (const certificate of certificates) add(certificate['authority']);
  return [...found.values()].map(authorityJson);
}

/** When this version was loaded, and its text where the record holds it. */
function policyJson(version: string, { records, policy }: Pick<AdminDeps, 'records' | 'policy'>): JsonObject {
  const [loaded] = searchEvents(records, {
    action: 'policy.loaded',
    objectId: version,
    objectType: 'policy',
    limit: 1,
  });
  return {
    version,
    current: policy().version === version,
    loadedAt: loaded === undefined ? null : new Date(loaded.timeMs).toISOString(),
    auditIndex: loaded?.logIndex ?? null,
  };
}

export async function headJson(log: LogName, logs: Logs): Promise<JsonObject> {
  const { size, rootHash } = logs.head(log);
  return {
    log,
    origin: logs.spec(log).origin,
    logId: toBase64(logs.logId(log)),
    size,
    rootHash: toBase64(rootHash),
    checkpoint: await logs.checkpoint(log),
  };
}

function rowOf(row: Row | undefined): readonly Row[] {
  return row === undefined ? [] : [row];
}
