// POST /api/v2/log/entries: an entry whose signature verifies becomes a durable leaf, answered with its proof.
import { createHash } from 'node:crypto';
import { leafHash } from '../../formats/merkle.ts';
import { hashedRekordBody, keyDetailsOf } from '../../formats/rekor.ts';
import { transparencyEntryJson } from '../../formats/transparency-entry.ts';
import { parseCertificate } from '../../formats/x509/certificate.ts';
import { toHex } from '../../ground/bytes.ts';
import type { Change, Commit, LeafReceipt, Records } from '../../ground/change.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import type { Serial } from '../../ground/ids.ts';
import type { Clock } from '../../ground/ports.ts';
import type { Logs } from '../../log/ports.ts';
import { SIGNATURE_ENTRIES } from '../../log/tables.ts';
import { readPublicKey, verifyDigest } from '../../verify/key.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import { type EntryRequest, readEntryRequest } from './messages.ts';

export interface RekorDeps {
  readonly commit: Commit;
  readonly records: Records;
  readonly logs: Logs;
  readonly clock: Clock;
}

/** An equal entry is in the log already; the answer names its index (rekor-tiles: `x-log-index`). */
export class EntryExists extends SealyardError {
  readonly logIndex: number;

  constructor(logIndex: number) {
    super('SY-REKOR-EXISTS', `index ${logIndex}`);
    this.logIndex = logIndex;
  }
}

/** @throws SealyardError `SY-REKOR-*`, and what reading, keys and the store throw */
export async function addEntry(request: DoorRequest, deps: RekorDeps): Promise<DoorReply> {
  const entry = readEntryRequest(request.body);
  const { spki, serial } = readVerifier(entry);
  // Life of a signature, step 9: the signature is logged, if it verifies.
  refuseUnlessSigned(entry, spki);
  const body = hashedRekordBody(entry);
  const hash = toHex(leafHash(body));
  const receipt = await append({ entry, body, hash, spki, serial }, deps);
  const checkpoint = await deps.logs.checkpointAt('signature', {
    size: receipt.treeSize,
    rootHash: receipt.rootHash,
  });
  const answer = transparencyEntryJson({
    logIndex: receipt.index,
    logId: deps.logs.logId('signature'),
    kind: 'hashedrekord',
    version: '0.0.2',
    inclusionProof: {
      logIndex: receipt.index,
      rootHash: receipt.rootHash,
      treeSize: receipt.treeSize,
      hashes: receipt.proof,
      checkpoint,
    },
    canonicalizedBody: body,
  });
  return jsonReply(201, answer);
}

function readVerifier({ verifier }: EntryRequest): { readonly spki: Uint8Array; readonly serial?: Serial } {
  if (verifier.kind === 'public-key') return { spki: verifier.spki };
  // Whose certificate it is, is judged by whoever verifies: the log records what was signed with it.
  const { spki, serial } = parseCertificate(verifier.der);
  return { spki, serial };
}

function refuseUnlessSigned(entry: EntryRequest, spki: Uint8Array): void {
  const key = readPublicKey(spki);
  if (keyDetailsOf(spki) !== entry.keyDetails)
    throw new SealyardError('SY-REKOR-ALGORITHM', 'keyDetails is not that of the key');
  if (!verifyDigest(key, entry.digest.algorithm, entry.digest.value, entry.signature))
    throw new SealyardError('SY-REKOR-SIGNATURE');
}

function refuseIfPresent(hash: string, deps: Pick<RekorDeps, 'records'>): void {
  const known = deps.records.get(SIGNATURE_ENTRIES, { leaf_hash: hash })?.['log_index'];
  if (typeof known === 'number') throw new EntryExists(known);
}

interface Accepted {
  readonly entry: EntryRequest;
  readonly body: Uint8Array;
  readonly hash: string;
  readonly spki: Uint8Array;
  readonly serial: Serial | undefined;
}

async function append(accepted: Accepted, deps: RekorDeps): Promise<LeafReceipt> {
  try {
    const receipt = await deps.commit(changeOf(accepted, deps.clock.now().getTime()));
    const [leaf] = receipt.leaves;
    if (leaf === undefined) throw new TypeError('a leaf without a receipt');
    return leaf;
  } catch (error) {
    // An equal entry is there: its key refused ours. Asking before would cost each new entry a look-up.
    if (isSealyardError(error, 'SY-STORE-CONFLICT')) refuseIfPresent(accepted.hash, deps);
    throw error;
  }
}

function changeOf({ entry, body, hash, spki, serial }: Accepted, timeMs: number): Change {
  const signed = `${entry.digest.algorithm}:${toHex(entry.digest.value)}`;
  const keyHash = createHash('sha256').update(spki).digest('hex');
  return {
    puts: [
      {
        table: SIGNATURE_ENTRIES,
        mode: 'insert',
        row: {
          leaf_hash: hash,
          log_index: { leafIndexOf: 0 },
          signed_digest: signed,
          key_hash: keyHash,
          serial: serial ?? null,
          created_ms: timeMs,
        },
      },
    ],
    leaves: [{ log: 'signature', hashed: body, stored: body }],
    events: [
      {
        timeMs,
        action: 'log.entry-added',
        // The log knows no caller: whoever holds a signature may log it.
        actor: { kind: 'identity', id: keyHash, issuer: 'key' },
        object: { type: 'log-entry', id: hash },
        outcome: 'done',
        data: { log: 'signature', signed, ...(serial === undefined ? {} : { serial }) },
      },
    ],
  };
}
