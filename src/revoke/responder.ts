// The delegated OCSP responder of each authority (RFC 6960 §4.2.2.2): a short-lived certificate that renews itself.
import { createHash } from 'node:crypto';
import type { Authority } from '../authority/authority.ts';
import { SERVICE_CERTIFICATES } from '../authority/tables.ts';
import { readSpki } from '../formats/algorithms.ts';
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { equalBytes } from '../ground/bytes.ts';
import type { Row } from '../ground/change.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { issue } from '../issue/issue.ts';
import { prepare } from '../issue/prepare.ts';
import type { IssueDeps } from '../issue/request.ts';
import { ensureKey, findKey } from '../keys/pinned.ts';
import type { KeyStore, Signer } from '../keys/signer.ts';

export interface ResponderDeps extends IssueDeps {
  readonly keys: KeyStore;
}

export interface Responder {
  readonly certificate: Certificate;
  readonly signer: Signer;
  /** SHA-1 of the public key's bits, which names the responder (§4.2.1 KeyHash). */
  readonly keyHash: Uint8Array;
  /** Two thirds of its lifetime. */
  readonly renewAt: Date;
}

/** Renewing waits this long after a failure; the present certificate serves meanwhile. */
const REST_MS = 60_000;

/** Keeps one responder for each authority that is asked about. */
export class Responders {
  readonly #deps: ResponderDeps;
  readonly #failed: (what: string, error: unknown) => void;
  readonly #known = new Map<string, Responder>();
  readonly #making = new Map<string, Promise<Responder>>();
  readonly #restingUntilMs = new Map<string, number>();

  constructor(deps: ResponderDeps, failed: (what: string, error: unknown) => void) {
    this.#deps = deps;
    this.#failed = failed;
  }

  /**
   * A responder that is valid now; one that is due is renewed behind the answers.
   * @throws SealyardError `SY-OCSP-TRY-LATER` where there is none and none can be made
   */
  async of(authority: Authority): Promise<Responder> {
    const now = this.#deps.clock.now();
    const known = this.#known.get(authority.id) ?? (await this.#recorded(authority));
    if (known === undefined || now >= known.certificate.notAfter) return this.#make(authority);
    this.#known.set(authority.id, known);
    if (now >= known.renewAt) this.renew(authority);
    return known;
  }

  /** Starts a renewal where none is under way or has just failed. */
  renew(authority: Authority): void {
    const nowMs = this.#deps.clock.now().getTime();
    if (nowMs < (this.#restingUntilMs.get(authority.id) ?? 0)) return;
    this.#make(authority).catch((error: unknown) => {
      this.#restingUntilMs.set(authority.id, nowMs + REST_MS);
      this.#failed(`OCSP responder of ${authority.id}`, error);
    });
  }

  /** Those in use that are due. */
  due(now: Date): readonly string[] {
    return [...this.#known].filter(([, { renewAt }]) => now >= renewAt).map(([id]) => id);
  }

  #make(authority: Authority): Promise<Responder> {
    const present = this.#making.get(authority.id);
    if (present !== undefined) return present;
    const making = makeResponder(authority, this.#deps)
      .then((responder) => {
        this.#known.set(authority.id, responder);
        return responder;
      })
      .catch((error: unknown) => {
        if (!isSealyardError(error)) throw error;
        throw new SealyardError('SY-OCSP-TRY-LATER', error.code, { cause: error, retryAfterSeconds: 60 });
      })
      .finally(() => this.#making.delete(authority.id));
    this.#making.set(authority.id, making);
    return making;
  }

  async #recorded(authority: Authority): Promise<Responder | undefined> {
    const row = newest(this.#deps, authority.id);
    const slot = row?.['key_slot'];
    const der = row?.['der'];
    if (typeof slot !== 'string' || !(der instanceof Uint8Array)) return undefined;
    const key = await findKey(this.#deps, { slot, purpose: 'ocsp-responder' });
    const certificate = parseCertificate(der);
    if (key === undefined || !equalBytes(key.signer.publicKey.spki, certificate.spki))
      throw new SealyardError('SY-KEYS-PIN', slot);
    return responderOf(certificate, key.signer);
  }
}

function purposeOf(authority: string): string {
  return `ocsp-responder/${authority}`;
}

function newest({ records }: Pick<ResponderDeps, 'records'>, authority: string): Row | undefined {
  const where = { purpose: purposeOf(authority) };
  return records.find(SERVICE_CERTIFICATES, { where, limit: 1, reverse: true })[0];
}

async function makeResponder(authority: Authority, deps: ResponderDeps): Promise<Responder> {
  const purpose = purposeOf(authority.id);
  const generation = Number(newest(deps, authority.id)?.['generation'] ?? 0) + 1;
  // A crash after the key leaves its slot filled; the next attempt has the same generation and uses it.
  const slot = `${purpose}/${generation}`;
  const { signer } = await ensureKey(deps, { slot, purpose: 'ocsp-responder', algorithm: 'ec-p256' });
  const prepared = prepare({ profile: 'ocsp-responder', authority, publicKey: signer.publicKey }, deps);
  const { certificate } = await issue(prepared, deps, ({ serial, der }) => ({
    puts: [
      {
        table: SERVICE_CERTIFICATES,
        mode: 'insert',
        row: {
          purpose,
          generation,
          key_slot: slot,
          authority: authority.id,
          serial,
          der,
          created_ms: deps.clock.now().getTime(),
        },
      },
    ],
    events: [],
  }));
  return responderOf(certificate, signer);
}

function responderOf(certificate: Certificate, signer: Signer): Responder {
  const { notBefore, notAfter } = certificate;
  return {
    certificate,
    signer,
    keyHash: sha1(readSpki(certificate.spki).key),
    renewAt: new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3),
  };
}

/** As RFC 6960 names keys; it protects nothing. */
function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(bytes).digest());
}
