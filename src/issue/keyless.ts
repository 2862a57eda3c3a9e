// A keyless certificate: precertificate and intent in one commit, then SCT and certificate, then the second commit.

import type { Authority } from '../authority/authority.ts';
import { precertificateLeaf } from '../formats/static-ct.ts';
import { buildTbs, extensions, withExtension } from '../formats/x509/build.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import { encodeSct, leafIndexExtension, sctSignedBytes } from '../formats/x509/sct.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { checked, signTbs } from './check.ts';
import type { PreparedCertificate } from './prepare.ts';
import { intendedEvent, intendedPut, issuedEvent, issuedPut, tokenKey, tokenUsePut } from './record.ts';
import type { IssueDeps, IssuedCertificate, KeylessRequest } from './request.ts';
import { tokenUsesOf } from './token-uses.ts';

/** RFC 6962 §3.1: critical, NULL. Makes a precertificate unusable as a certificate. */
const POISON = extensions.raw(OID.ctPoison, true, Uint8Array.of(5, 0));
/** Lost races for a token's next use before we say that the yard is busy. */
const MAX_RACES = 16;

/** @throws SealyardError `SY-ISSUE-TOKEN-LIMIT`, `SY-ISSUE-CHECK`, and what keys and store throw */
export async function issueKeyless(
  prepared: PreparedCertificate,
  request: KeylessRequest,
  deps: IssueDeps,
): Promise<IssuedCertificate> {
  const { authority } = request;
  const timestampMs = prepared.at.getTime();
  // A token that is used up costs a look-up, not a signature.
  const use = nextUse(request, deps);
  const precertificate = await signTbs(prepared, buildTbs(withExtension(prepared.template, POISON))).catch(
    (error: unknown) => {
      tokenUsesOf(deps.records).forget(tokenKey(request));
      throw error;
    },
  );
  const leaf = precertificateLeaf({
    timestampMs,
    issuerKeyHash: authority.issuerKeyHash,
    tbs: prepared.tbs,
    precertificate,
    chain: authority.chainFingerprints,
  });
  // Life of a signature, step 5: serial, intent and precertificate are on disk before anything leaves memory.
  const logIndex = await commitIntent({ prepared, request, deps, leaf, use });
  // A crash from here on leaves serial, TBS and log entry: nothing that could be used has left memory.
  // Life of a signature, step 6: the log promises the entry that it holds.
  const sct = await signSct(prepared, authority, { timestampMs, logIndex }, deps);
  const tbs = buildTbs(withExtension(prepared.template, extensions.sctList([sct])));
  const certificate = checked(prepared, tbs, await signTbs(prepared, tbs));
  // Life of a signature, step 7: the certificate is on disk; only now is it answered.
  await commitIssued(prepared, certificate, logIndex, deps);
  const chain = [certificate, ...authority.chain];
  return { certificate, chain, serial: prepared.template.serial, logIndex, sct };
}

interface Intent {
  readonly prepared: PreparedCertificate;
  readonly request: KeylessRequest;
  readonly deps: IssueDeps;
  readonly leaf: ReturnType<typeof precertificateLeaf>;
  readonly use: number;
}

/** The first commit; should the number be taken after all, the next one is tried. */
async function commitIntent({ prepared, request, deps, leaf, use }: Intent): Promise<number> {
  for (let race = 0, number = use; race < MAX_RACES; race++) {
    try {
      const receipt = await deps.commit({
        puts: [
          intendedPut(prepared, { leafIndexOf: 0 }),
          tokenUsePut(request, number, prepared.template.serial),
        ],
        leaves: [leaf],
        events: [intendedEvent(prepared)],
      });
      const [placed] = receipt.leaves;
      if (placed === undefined) throw new TypeError('a leaf without a receipt');
      return placed.index;
    } catch (error) {
      tokenUsesOf(deps.records).forget(tokenKey(request));
      if (!isSealyardError(error, 'SY-STORE-CONFLICT')) throw error;
      // At least one past the number that was taken: a reader may lag behind the writer.
      number = nextUse(request, deps, number + 1);
    }
  }
  throw new SealyardError('SY-ISSUE-TOKEN-LIMIT', 'too many requests with this token at once');
}

/** The next number of this token, from 1. */
function nextUse(request: KeylessRequest, deps: IssueDeps, atLeast = 1): number {
  const token = tokenKey(request);
  const uses = tokenUsesOf(deps.records);
  const use = uses.next(token, atLeast);
  if (use <= deps.certificatesPerToken) return use;
  uses.forget(token);
  throw new SealyardError('SY-ISSUE-TOKEN-LIMIT');
}

/** The log's promise, made after sequencing, with the index of the entry in it (static-ct-api). */
async function signSct(
  prepared: PreparedCertificate,
  authority: Authority,
  entry: { readonly timestampMs: number; readonly logIndex: number },
  deps: IssueDeps,
): Promise<Uint8Array> {
  const { signer } = deps.logs.spec('certificate');
  const { timestampMs } = entry;
  const indexed = leafIndexExtension(entry.logIndex);
  const message = sctSignedBytes({
    timestampMs,
    issuerKeyHash: authority.issuerKeyHash,
    tbsWithoutScts: prepared.tbs,
    extensions: indexed,
  });
  const signature = await signer.sign('certificate-log', message);
  return encodeSct({
    logId: deps.logs.logId('certificate'),
    timestampMs,
    extensions: indexed,
    algorithm: 'ecdsa-sha256',
    signature,
  });
}

/** The second commit: only after it may the certificate be answered. */
async function commitIssued(
  prepared: PreparedCertificate,
  certificate: Certificate,
  logIndex: number,
  deps: IssueDeps,
): Promise<void> {
  await deps.commit({
    puts: [issuedPut(prepared, certificate, logIndex)],
    events: [issuedEvent(prepared, certificate, { logIndex })],
  });
}
