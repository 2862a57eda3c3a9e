// The OCSP responder (RFC 6960, 5019, 9654): answers signed once and kept while they are fresh; nonces signed anew.
import { createHash } from 'node:crypto';
import type { Authority } from '../authority/authority.ts';
import type { AuthorityDirectory } from '../authority/directory.ts';
import { readSpki } from '../formats/algorithms.ts';
import {
  type CertId,
  type CertIdHash,
  EXTENDED_REVOKE,
  encodeOcspResponse,
  encodeResponseData,
  nonceExtension,
  type OcspCertStatus,
  parseOcspRequest,
} from '../formats/ocsp.ts';
import { equalBytes, toHex } from '../ground/bytes.ts';
import type { Records } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Serial } from '../ground/ids.ts';
import type { Clock } from '../ground/ports.ts';
import { type CertificateStatus, statusOf } from './record.ts';
import type { Responders } from './responder.ts';
import type { RevocationChange } from './revoke.ts';
import type { RevocationSettings } from './settings.ts';

export interface OcspAnswer {
  readonly der: Uint8Array;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Lower-case hex of the answer's SHA-256. */
  readonly sha256: string;
  /** False where it answers a nonce, or says something of a serial that nobody issued. */
  readonly cacheable: boolean;
}

interface Kept extends OcspAnswer {
  readonly id: Uint8Array;
  readonly freshUntilMs: number;
}

export interface OcspDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly authorities: Pick<AuthorityDirectory, 'all' | 'onChange'>;
  readonly responders: Responders;
  readonly settings: RevocationSettings;
}

/** Serials whose answers are kept: about a kilobyte each. */
const MOST_KEPT = 20_000;
/** RFC 6960 §2.2: of a serial that was never issued, beside the extension that says so. */
const NEVER_ISSUED: OcspCertStatus = { status: 'revoked', at: new Date(0), reason: 'certificateHold' };

export class OcspResponder {
  readonly #deps: OcspDeps;
  /** By serial: one answer for each spelling of the certificate id. The oldest go first. */
  readonly #kept = new Map<Serial, Kept[]>();
  #issuers: ReadonlyMap<string, Authority> | undefined;
  /** Grows with each change, so that what was read before it is not kept after it. */
  #epoch = 0;

  constructor(deps: OcspDeps) {
    this.#deps = deps;
    deps.authorities.onChange(() => {
      this.#issuers = undefined;
      this.#forgetAll();
    });
  }

  /**
   * @throws SealyardError `SY-OCSP-MALFORMED`, `SY-ALGORITHM-UNKNOWN`, `SY-OCSP-UNAUTHORIZED`, `SY-OCSP-TRY-LATER`
   */
  async answer(request: Uint8Array): Promise<OcspAnswer> {
    const { ids, nonce, unprocessedCritical } = parseOcspRequest(request);
    const [first] = ids;
    if (first === undefined || unprocessedCritical.length > 0)
      throw new SealyardError('SY-OCSP-MALFORMED', `critical extension ${unprocessedCritical[0] ?? ''}`);
    const single = ids.length === 1 && nonce === undefined ? first : undefined;
    const kept = single && this.#find(single);
    if (kept !== undefined) return kept;
    const epoch = this.#epoch;
    const authority = this.#issuerOf(first);
    // One responder signs the answer, and it speaks for one authority (§4.2.2.2).
    if (ids.some((id) => this.#issuerOf(id) !== authority))
      throw new SealyardError('SY-OCSP-UNAUTHORIZED', 'certificates of several authorities in one request');
    const answer = await this.#sign(authority, ids, nonce);
    if (single !== undefined && answer.cacheable && epoch === this.#epoch) this.#keep(single, answer);
    return answer;
  }

  #find({ serial, der }: CertId): Kept | undefined {
    const found = serial && this.#kept.get(serial)?.find(({ id }) => equalBytes(id, der));
    return found !== undefined && this.#deps.clock.now().getTime() < found.freshUntilMs ? found : undefined;
  }

  #keep({ serial, der }: CertId, answer: OcspAnswer): void {
    if (serial === undefined) return;
    const others = (this.#kept.get(serial) ?? []).filter(({ id }) => !equalBytes(id, der));
    // Signed again at half of its validity, so that nobody gets an answer that is about to end.
    const freshUntilMs = (answer.thisUpdate.getTime() + answer.nextUpdate.getTime()) / 2;
    this.#kept.delete(serial);
    this.#kept.set(serial, [...others, { ...answer, id: der.slice(), freshUntilMs }]);
    if (this.#kept.size <= MOST_KEPT) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }

  /** The status of these certificates is another now, or may be. */
  changed(changes: readonly RevocationChange[]): void {
    this.#epoch++;
    for (const { serial } of changes) this.#kept.delete(serial);
  }

  #forgetAll(): void {
    this.#epoch++;
    this.#kept.clear();
  }

  #issuerOf({ hash, issuerNameHash, issuerKeyHash }: CertId): Authority {
    this.#issuers ??= issuersOf(this.#deps.authorities.all());
    const authority = this.#issuers.get(issuerKey(hash, issuerNameHash, issuerKeyHash));
    if (authority === undefined) throw new SealyardError('SY-OCSP-UNAUTHORIZED');
    return authority;
  }

  async #sign(
    authority: Authority,
    ids: readonly CertId[],
    nonce: Uint8Array | undefined,
  ): Promise<OcspAnswer> {
    const { clock, records, responders, settings } = this.#deps;
    const responder = await responders.of(authority);
    const thisUpdate = new Date(1000 * Math.floor(clock.now().getTime() / 1000));
    const nextUpdate = new Date(
      Math.min(
        thisUpdate.getTime() + 1000 * settings.ocspValiditySeconds,
        responder.certificate.notAfter.getTime(),
      ),
    );
    const statuses = ids.map(
      ({ serial }): CertificateStatus =>
        serial === undefined ? { status: 'unknown' } : statusOf(records, authority, serial),
    );
    const neverIssued = statuses.some(({ status }) => status === 'unknown');
    const extended = neverIssued && settings.neverIssued === 'revoked';
    const responseData = encodeResponseData({
      responderKeyHash: responder.keyHash,
      producedAt: thisUpdate,
      responses: ids.map((id, i) => {
        const status = statuses[i] ?? { status: 'unknown' };
        const certStatus = status.status === 'unknown' && extended ? NEVER_ISSUED : status;
        return { id, certStatus, thisUpdate, nextUpdate };
      }),
      extensions: [
        ...(nonce === undefined ? [] : [nonceExtension(nonce)]),
        ...(extended ? [EXTENDED_REVOKE] : []),
      ],
    });
    const { signer, certificate } = responder;
    const signature = await signer.sign('ocsp-responder', responseData);
    const der = encodeOcspResponse({
      responseData,
      algorithm: signer.algorithm,
      signature,
      certificate: certificate.der,
    });
    return {
      der,
      thisUpdate,
      nextUpdate,
      sha256: toHex(digest('sha256', der)),
      cacheable: nonce === undefined && !neverIssued,
    };
  }
}

/** Every authority that can sign under both spellings of its id; of two with one name and key, the newer. */
function issuersOf(authorities: readonly Authority[]): ReadonlyMap<string, Authority> {
  const found = new Map<string, Authority>();
  for (const authority of authorities)
    for (const hash of ['sha1', 'sha256'] as const) {
      const { subject, spki } = authority.certificate;
      const key = readSpki(spki).key;
      found.set(issuerKey(hash, digest(hash, subject.der), digest(hash, key)), authority);
    }
  return found;
}

function issuerKey(hash: CertIdHash, nameHash: Uint8Array, keyHash: Uint8Array): string {
  return `${hash} ${toHex(nameHash)} ${toHex(keyHash)}`;
}

function digest(hash: CertIdHash, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(hash).update(bytes).digest());
}
