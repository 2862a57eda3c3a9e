// Certificates of others put on record, of any age and kind: known, watched, and revocable where an authority of ours signed them.
import { isSignedBy } from '../../authority/paths.ts';
import type { Certificate } from '../../formats/x509/certificate.ts';
import { isSealyardError } from '../../ground/errors.ts';
import type { Actor } from '../../ground/events.ts';
import type { Serial } from '../../ground/ids.ts';
import { recordExternal } from '../external.ts';
import type { CeremoniesDeps } from './create.ts';
import { readCertificates } from './read-certificates.ts';

export interface RecordOrder {
  /** PEM. */
  readonly certificates: string;
  readonly actor: Actor;
}

export interface OnRecord {
  readonly serial: Serial;
  readonly subject: string;
  readonly notAfter: Date;
  /** The authority on record that signed it. */
  readonly authority: string | undefined;
  /** False where it was on record before. */
  readonly recorded: boolean;
}

/**
 * One commit each: what was put on record before a refusal stays, and asking again goes on behind it.
 * @throws SealyardError `SY-AUTHORITY-CERTIFICATE`, `SY-PEM-MALFORMED`, `SY-X509-MALFORMED`, `SY-ISSUE-EXTERNAL`, and what
 *   the store throws
 */
export async function recordCertificates(deps: CeremoniesDeps, o: RecordOrder): Promise<readonly OnRecord[]> {
  const done: OnRecord[] = [];
  for (const certificate of readCertificates(o.certificates))
    done.push(await record(deps, certificate, o.actor));
  return done;
}

async function record(deps: CeremoniesDeps, certificate: Certificate, actor: Actor): Promise<OnRecord> {
  const issuer = deps.directory.known().find((each) => isSignedBy(certificate, each.certificate));
  const order = { der: certificate.der, actor, ...(issuer === undefined ? {} : { issuer }) };
  const { recorded } = await recordExternal(order, deps);
  const { serial, subject, notAfter } = certificate;
  return { serial, subject: subject.text, notAfter, authority: issuer?.id, recorded };
}

/**
 * The certificates of authorities that were just imported. One whose serial number another certificate has (records go
 * by serial, and old CAs count from 1) is left out: the directory knows and watches it all the same.
 */
export async function recordImported(
  deps: CeremoniesDeps,
  certificates: readonly Certificate[],
  actor: Actor,
): Promise<void> {
  for (const certificate of certificates)
    await record(deps, certificate, actor).catch((error: unknown) => {
      if (!isSealyardError(error, 'SY-ISSUE-EXTERNAL')) throw error;
    });
}
