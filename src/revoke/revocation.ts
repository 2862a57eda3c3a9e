// The room as the server and the doors see it: revoke, release, look; CRLs and OCSP answers that follow by themselves.
import type { AuthorityDirectory } from '../authority/directory.ts';
import type { RevocationReason } from '../formats/x509/crl.ts';
import type { Row } from '../ground/change.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Actor } from '../ground/events.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import { blockEvents, blockedSince, blockPuts, certificatesWith, keysOf } from './compromise.ts';
import { Crls } from './crls.ts';
import { type OcspAnswer, OcspResponder } from './ocsp.ts';
import { type CertificateStatus, statusOf } from './record.ts';
import { type ResponderDeps, Responders } from './responder.ts';
import { AT_ONCE, type RevocationChange, type RevokeDeps, release, revoke } from './revoke.ts';
import { lastUseOf, namesOf, ownersOf, type Selection, select } from './select.ts';
import type { RevocationSettings } from './settings.ts';
import type { SignedCrl } from './shard.ts';

export interface RevocationDeps extends ResponderDeps {
  readonly authorities: AuthorityDirectory;
  readonly settings: RevocationSettings;
  readonly retentionSeconds: RevokeDeps['retentionSeconds'];
  /** Without a final slash; begins the addresses in the CRLs, which must be those in the certificates. */
  readonly plainUrl: string;
  /** A yard from a backup knows nothing of what was revoked since: it says so, and neither signs nor answers. */
  readonly restored?: boolean;
  /** What failed in the background: for the log. */
  readonly failed: (what: string, error: unknown) => void;
}

export interface RevokeRequest {
  /** The certificates by serial, or by what they are. */
  readonly what: readonly Serial[] | Selection;
  readonly reason: RevocationReason;
  readonly actor: Actor;
  readonly invalidityDate?: Date;
  /**
   * For `keyCompromise`: the keys go on the block list, and every other certificate with one of them is revoked too.
   * False where the caller may speak for the certificate and not for its key.
   */
  readonly spreads?: boolean;
}

export interface RevokeResult {
  readonly revoked: readonly Serial[];
  readonly already: readonly Serial[];
  /** With the same key as one of them; part of `revoked`. */
  readonly sameKey: readonly Serial[];
  /** The selection hits more than one call revokes: ask again for the rest. */
  readonly more: boolean;
}

/** A certificate as a preview shows it. */
export interface Hit {
  readonly serial: Serial;
  readonly authority: string;
  readonly profile: string;
  readonly names: readonly string[];
  readonly owners: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly status: CertificateStatus;
  /** The last signature of it in the signature log; of a TLS certificate nobody knows. */
  readonly lastUse: Date | undefined;
}

export interface Preview {
  /** The first of them. */
  readonly hits: readonly Hit[];
  readonly total: number;
  /** Of `total`, those that are revoked for good already. */
  readonly revokedBefore: number;
}

export interface Revocation {
  /** @throws SealyardError as `revoke/revoke.ts`; `SY-REVOKE-UNKNOWN` where a selection hits nothing */
  revoke(request: RevokeRequest): Promise<RevokeResult>;
  /** @throws SealyardError as `release` of `revoke/revoke.ts` */
  release(o: { readonly serial: Serial; readonly actor: Actor }): Promise<void>;
  preview(what: readonly Serial[] | Selection): Promise<Preview>;
  /** What is known of a serial; `unknown` too where its issuer is none of ours. */
  status(serial: Serial, authority: string): CertificateStatus;
  /**
   * The complete CRL of a shard; `undefined` where there is no such shard.
   * @throws SealyardError `SY-STORE-READ-ONLY` on a restored yard, and what keys and store throw
   */
  crl(authority: string, shard: number): Promise<SignedCrl | undefined>;
  delta(authority: string, shard: number): Promise<SignedCrl | undefined>;
  /** @throws SealyardError as `OcspResponder.answer`; `SY-STORE-READ-ONLY` on a restored yard */
  ocsp(request: Uint8Array): Promise<OcspAnswer>;
  /** Calls after each change of a status, or what may be one. @returns ends that */
  onRevoked(listener: (changes: readonly RevocationChange[]) => void): () => void;
  /** Keeps lists and responders fresh, and takes up what a crash interrupted. */
  start(): void;
  stop(): void;
}

/** Certificates that one call revokes. */
const MOST_AT_ONCE = 20_000;
const MOST_SHOWN = 1000;
/** How far back a start looks for compromised keys whose certificates may not all have been found. */
const RECOVERY_MS = 7 * 86_400_000;
const RESPONDER_TICK_MS = 60_000;

export function createRevocation(deps: RevocationDeps): Revocation {
  return new Room(deps);
}

class Room implements Revocation {
  readonly #deps: RevocationDeps;
  readonly #revokeDeps: RevokeDeps;
  readonly #crls: Crls;
  readonly #ocsp: OcspResponder;
  readonly #responders: Responders;
  readonly #listeners = new Set<(changes: readonly RevocationChange[]) => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: RevocationDeps) {
    this.#deps = deps;
    const { authorities, plainUrl } = deps;
    this.#responders = new Responders(deps, deps.failed);
    this.#ocsp = new OcspResponder({ ...deps, responders: this.#responders });
    this.#crls = new Crls({
      ...deps,
      authority: (id) => authorities.get(id),
      urls: ({ authority, shard }) => crlUrls(plainUrl, authority, shard),
    });
    this.#revokeDeps = { ...deps, changed: (changes) => this.#changed(changes) };
  }

  #changed(changes: readonly RevocationChange[]): void {
    this.#ocsp.changed(changes);
    this.#crls.changed(changes);
    for (const listener of this.#listeners) listener(changes);
  }

  async revoke(o: RevokeRequest): Promise<RevokeResult> {
    const { serials, more } = await this.#serials(o.what);
    if (o.reason !== 'keyCompromise' || o.spreads === false) {
      const { revoked, already } = await revoke({ ...o, targets: serials }, this.#revokeDeps);
      return { revoked, already, sameKey: [], more };
    }
    const revoked: Serial[] = [];
    const already: Serial[] = [];
    const keys = new Set<string>();
    for (let at = 0; at < serials.length; at += AT_ONCE) {
      const targets = serials.slice(at, at + AT_ONCE);
      const part = keysOf(this.#deps.records, targets);
      const nowMs = this.#deps.clock.now().getTime();
      // The key stops together with what was named, so that a crash leaves a mark for `start`.
      const together = { puts: blockPuts(part, nowMs), events: blockEvents(part, o.actor, nowMs) };
      const outcome = await this.#revokeLenient({ ...o, targets, together });
      revoked.push(...outcome.revoked);
      already.push(...outcome.already);
      for (const key of part) keys.add(key);
    }
    const sameKey = await this.#revokeSameKey([...keys], o.actor);
    const [one] = already;
    if (revoked.length + sameKey.length === 0 && one !== undefined)
      throw new SealyardError('SY-REVOKE-ALREADY', one);
    return { revoked: [...revoked, ...sameKey], already, sameKey, more };
  }

  /** As `revoke`, but that nothing was left to do is no error: other certificates with the key may be left. */
  async #revokeLenient(
    o: Parameters<typeof revoke>[0],
  ): Promise<{ readonly revoked: readonly Serial[]; readonly already: readonly Serial[] }> {
    try {
      return await revoke(o, this.#revokeDeps);
    } catch (error) {
      if (!isSealyardError(error, 'SY-REVOKE-ALREADY')) throw error;
      return { revoked: [], already: o.targets };
    }
  }

  async #revokeSameKey(keys: readonly string[], actor: Actor): Promise<readonly Serial[]> {
    const { records, clock, authorities } = this.#deps;
    const authority = (id: string) => authorities.get(id);
    const targets = await certificatesWith(keys, { records, now: clock.now(), authority });
    if (targets.length === 0) return [];
    return (await this.#revokeLenient({ targets, reason: 'keyCompromise', actor })).revoked;
  }

  async #serials(
    what: readonly Serial[] | Selection,
  ): Promise<{ readonly serials: readonly Serial[]; readonly more: boolean }> {
    if (isList(what)) {
      if (what.length > MOST_AT_ONCE)
        throw new SealyardError('SY-REVOKE-SELECTION', `${what.length} serials`);
      return { serials: what, more: false };
    }
    const serials: Serial[] = [];
    for await (const row of select(what, { records: this.#deps.records, now: this.#deps.clock.now() })) {
      const serial = asSerial(String(row['serial']));
      if (serial === undefined || this.#isDone(row, serial)) continue;
      if (serials.length === MOST_AT_ONCE) return { serials, more: true };
      serials.push(serial);
    }
    if (serials.length === 0) throw new SealyardError('SY-REVOKE-UNKNOWN', 'the selection hits nothing');
    return { serials, more: false };
  }

  /** Of a selection, what is revoked for good or cannot be revoked is passed over; by serial it is an error. */
  #isDone(row: Row, serial: Serial): boolean {
    const authority = this.#deps.authorities.get(String(row['authority']));
    if (authority === undefined || row['profile'] === 'root') return true;
    const status = statusOf(this.#deps.records, authority, serial);
    return status.status === 'revoked' && status.reason !== 'certificateHold';
  }

  release(o: { readonly serial: Serial; readonly actor: Actor }): Promise<void> {
    return release(o, this.#revokeDeps);
  }

  async preview(what: readonly Serial[] | Selection): Promise<Preview> {
    const { records, clock } = this.#deps;
    const selection = isList(what) ? { serials: what } : what;
    const hits: Hit[] = [];
    let total = 0;
    let revokedBefore = 0;
    for await (const row of select(selection, { records, now: clock.now() })) {
      const serial = asSerial(String(row['serial']));
      if (serial === undefined) continue;
      const status = this.status(serial, String(row['authority']));
      total++;
      if (status.status === 'revoked' && status.reason !== 'certificateHold') revokedBefore++;
      if (hits.length < MOST_SHOWN) hits.push(this.#hit(row, serial, status));
    }
    return { hits, total, revokedBefore };
  }

  #hit(row: Row, serial: Serial, status: CertificateStatus): Hit {
    return {
      serial,
      authority: String(row['authority']),
      profile: String(row['profile']),
      names: namesOf(row),
      owners: [...new Set(ownersOf(row))],
      notBefore: new Date(Number(row['not_before_ms'])),
      notAfter: new Date(Number(row['not_after_ms'])),
      status,
      lastUse: lastUseOf(this.#deps.records, serial),
    };
  }

  status(serial: Serial, authority: string): CertificateStatus {
    const issuer = this.#deps.authorities.known().find(({ id }) => id === authority);
    return issuer === undefined ? { status: 'unknown' } : statusOf(this.#deps.records, issuer, serial);
  }

  async crl(authority: string, shard: number): Promise<SignedCrl | undefined> {
    this.#refuseRestored();
    return (await this.#crls.get(authority, shard))?.complete;
  }

  async delta(authority: string, shard: number): Promise<SignedCrl | undefined> {
    this.#refuseRestored();
    return (await this.#crls.get(authority, shard))?.delta;
  }

  async ocsp(request: Uint8Array): Promise<OcspAnswer> {
    this.#refuseRestored();
    return this.#ocsp.answer(request);
  }

  #refuseRestored(): void {
    if (this.#deps.restored === true) throw new SealyardError('SY-STORE-READ-ONLY', 'restored from a backup');
  }

  onRevoked(listener: (changes: readonly RevocationChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    if (this.#deps.restored === true) return;
    this.#crls.start();
    this.#timer ??= setInterval(() => this.#renewResponders(), RESPONDER_TICK_MS);
    this.#timer.unref();
    this.#recover().catch((error: unknown) => this.#deps.failed('certificates with compromised keys', error));
  }

  #renewResponders(): void {
    for (const id of this.#responders.due(this.#deps.clock.now())) {
      const authority = this.#deps.authorities.get(id);
      if (authority !== undefined) this.#responders.renew(authority);
    }
  }

  async #recover(): Promise<void> {
    const since = this.#deps.clock.now().getTime() - RECOVERY_MS;
    await this.#revokeSameKey(blockedSince(this.#deps.records, since), { kind: 'system' });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#crls.stop();
  }
}

function isList(what: readonly Serial[] | Selection): what is readonly Serial[] {
  return Array.isArray(what);
}

/** The addresses that certificates of the shard carry; see `issue/`. */
function crlUrls(
  plainUrl: string,
  authority: string,
  shard: number,
): { readonly complete: string; readonly delta: string } {
  const base = `${plainUrl}/crl/${authority}/${shard}`;
  return { complete: `${base}.crl`, delta: `${base}.delta.crl` };
}
