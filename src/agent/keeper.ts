// Keeps one certificate: obtains it, writes it, tells whoever uses it, looks that it is served, renews it in time.
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Clock, Random } from '../ground/ports.ts';
import { privateKeyOf } from '../keys/local-key.ts';
import { acceptChain } from './accept.ts';
import type { CertificateConfig } from './config.ts';
import { writeFiles } from './files.ts';
import type { Issuer, RenewalWindow } from './issuer.ts';
import { newKey, pkcs8Of, requestFor } from './key.ts';
import { checkServed, type ReloadDeps, reload } from './reload.ts';
import { isAtRisk, pauseMs, renewalTime } from './schedule.ts';
import type { AgentState, KeptCertificate } from './state.ts';

/** For one attempt, challenges included. */
const OBTAIN_TIMEOUT_MS = 10 * 60_000;
const ASK_TIMEOUT_MS = 30_000;
/** After a question about renewal that got no answer. */
const ASK_AGAIN_MS = 3_600_000;
/** Even with nothing to do, files are looked at now and then: somebody may have replaced them. */
const MOST_SLEEP_MS = 3_600_000;

export interface KeeperDeps extends ReloadDeps {
  readonly state: AgentState;
  readonly issuer: Issuer;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: (event: KeeperEvent) => void;
}

/** For logs: what happened to which certificate. */
export type KeeperEvent =
  | { readonly kind: 'obtained' | 'handed-over'; readonly name: string; readonly detail: string }
  | { readonly kind: 'failed'; readonly name: string; readonly error: SealyardError; readonly nextAt: Date };

export interface KeeperStatus {
  readonly name: string;
  readonly names: readonly string[];
  readonly issuer: string;
  /** `none`: never obtained; `at-risk`: failing, with less than a sixth of its life left; `expired`: too late. */
  readonly state: 'none' | 'good' | 'failing' | 'at-risk' | 'expired';
  readonly serial: string | undefined;
  readonly notAfter: Date | undefined;
  readonly renewAt: Date | undefined;
  readonly nextAt: Date;
  /** In a row. */
  readonly failures: number;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: Date } | undefined;
}

interface Held extends KeptCertificate {
  readonly leaf: Certificate;
}

export class Keeper {
  readonly config: CertificateConfig;
  readonly #deps: KeeperDeps;
  #held: Held | undefined;
  #window: RenewalWindow | undefined;
  #askAt: Date | undefined;
  #failures = 0;
  #lastError: KeeperStatus['lastError'];
  #nextAt: Date;

  /** @throws SealyardError `SY-AGENT-STATE` */
  constructor(config: CertificateConfig, deps: KeeperDeps) {
    this.config = config;
    this.#deps = deps;
    const kept = deps.state.certificate(config.name);
    const [der] = kept?.chain ?? [];
    this.#held =
      kept === undefined || der === undefined ? undefined : { ...kept, leaf: parseCertificate(der) };
    // The first look is now: files may be missing, and a server that was down may be up again.
    this.#nextAt = deps.clock.now();
  }

  get nextAt(): Date {
    return this.#nextAt;
  }

  /**
   * Does what is due. Never throws: what fails is tried again later, and said in status and events.
   * @param o.force renew whatever the schedule says
   */
  async look(o: { readonly signal: AbortSignal; readonly force?: boolean }): Promise<void> {
    try {
      // Asked before it is judged: a revocation or a campaign makes a certificate due at once (RFC 9773 §4.2).
      await this.#askWindow(o.signal);
      if (o.force === true || this.#isDue()) {
        await this.#obtain(o.signal);
        await this.#askWindow(o.signal);
      }
      await this.#handOver(o.signal);
      this.#failures = 0;
      this.#lastError = undefined;
      this.#nextAt = this.#whenNext();
    } catch (error) {
      if (!o.signal.aborted) this.#failed(error);
    }
  }

  status(): KeeperStatus {
    const { name, names, issuer } = this.config;
    const leaf = this.#held?.leaf;
    return {
      name,
      names: names.map(({ value }) => value),
      issuer,
      state: this.#stateNow(leaf),
      serial: leaf?.serial,
      notAfter: leaf?.notAfter,
      renewAt: this.#renewAt(),
      nextAt: this.#nextAt,
      failures: this.#failures,
      lastError: this.#lastError,
    };
  }

  #stateNow(leaf: Certificate | undefined): KeeperStatus['state'] {
    if (leaf === undefined) return 'none';
    const now = this.#deps.clock.now();
    if (leaf.notAfter <= now) return 'expired';
    if (isAtRisk(leaf, this.#failures, now)) return 'at-risk';
    return this.#failures > 0 ? 'failing' : 'good';
  }

  #renewAt(): Date | undefined {
    return this.#held === undefined
      ? undefined
      : renewalTime(this.#held.leaf, this.#window, this.#held.chance);
  }

  #isDue(): boolean {
    const at = this.#renewAt();
    return at === undefined || at <= this.#deps.clock.now() || this.#namesChanged();
  }

  /** The configuration asks for names that the certificate has not. */
  #namesChanged(): boolean {
    const held = this.#held;
    if (held === undefined) return true;
    try {
      const key = privateKeyOf(held.privateKey);
      acceptChain(held.chain, { key, names: this.config.names, now: held.leaf.notBefore });
      return false;
    } catch {
      return true;
    }
  }

  async #obtain(signal: AbortSignal): Promise<void> {
    const { issuer, clock, state, random, onEvent } = this.#deps;
    const { name, names, profile, lifetimeSeconds } = this.config;
    const key = await newKey(this.config.key);
    const ders = await issuer.obtain(
      {
        csr: await requestFor(key, names),
        names,
        ...(profile === undefined ? {} : { profile }),
        ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
        ...(this.#held === undefined ? {} : { replaces: this.#held.leaf }),
      },
      AbortSignal.any([signal, AbortSignal.timeout(OBTAIN_TIMEOUT_MS)]),
    );
    const { leaf, chain } = acceptChain(ders, { key, names, now: clock.now() });
    const kept: KeptCertificate = {
      privateKey: pkcs8Of(key),
      chain,
      obtainedAt: clock.now(),
      chance: chanceOf(random),
      handedOver: false,
    };
    // Kept before any file is touched: whatever ends this process now, the next start writes the same files.
    state.keep(name, kept);
    this.#held = { ...kept, leaf };
    this.#window = undefined;
    this.#askAt = undefined;
    onEvent({ kind: 'obtained', name, detail: `${leaf.serial}, until ${leaf.notAfter.toISOString()}` });
  }

  /** Files first, then whoever reads them, then a look from outside. */
  async #handOver(signal: AbortSignal): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    const { random, onEvent } = this.#deps;
    const { name, files, names, check } = this.config;
    const material = { name, privateKey: held.privateKey, chain: held.chain };
    const written = writeFiles(files, material, random);
    if (written.length === 0 && held.handedOver) return;
    // Noted first: after a crash in between, the programs are told once more.
    if (held.handedOver) this.#keep({ ...held, handedOver: false });
    for (const how of this.config.reload) await reload(how, this.#deps);
    if (check !== undefined) await checkServed(check, held.leaf.der, names, signal);
    this.#keep({ ...held, handedOver: true });
    onEvent({ kind: 'handed-over', name, detail: written.join(', ') });
  }

  #keep(held: Held): void {
    const { leaf: _leaf, ...kept } = held;
    this.#deps.state.keep(this.config.name, kept);
    this.#held = held;
  }

  // A server that does not answer changes nothing: what it said last, or two thirds of the life, goes on counting.
  async #askWindow(signal: AbortSignal): Promise<void> {
    const held = this.#held;
    const now = this.#deps.clock.now();
    if (held === undefined || (this.#askAt !== undefined && this.#askAt > now)) return;
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
    try {
      const window = await this.#deps.issuer.renewalWindow(held.leaf, bounded);
      this.#window = window;
      this.#askAt = window?.askAgainAt ?? new Date(now.getTime() + ASK_AGAIN_MS);
    } catch {
      this.#askAt = new Date(now.getTime() + ASK_AGAIN_MS);
    }
  }

  #whenNext(): Date {
    const now = this.#deps.clock.now().getTime();
    const wanted = [this.#renewAt(), this.#askAt].flatMap((at) => (at === undefined ? [] : [at.getTime()]));
    return new Date(Math.max(now, Math.min(...wanted, now + MOST_SLEEP_MS)));
  }

  #failed(cause: unknown): void {
    const { clock, random, onEvent } = this.#deps;
    const error = knownError(cause);
    const now = clock.now();
    this.#failures++;
    const remainingMs =
      this.#held === undefined ? undefined : this.#held.leaf.notAfter.getTime() - now.getTime();
    const pause = pauseMs({
      failures: this.#failures,
      remainingMs,
      retryAfterSeconds: error.retryAfterSeconds,
      chance: chanceOf(random),
    });
    this.#nextAt = new Date(now.getTime() + pause);
    this.#lastError = { code: error.code, message: error.message, at: now };
    onEvent({ kind: 'failed', name: this.config.name, error, nextAt: this.#nextAt });
  }
}

function knownError(cause: unknown): SealyardError {
  if (cause instanceof SealyardError) return cause;
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return new SealyardError('SY-AGENT-ACME', 'it took too long', { cause });
  return new SealyardError('SY-INTERNAL', undefined, { cause });
}

/** From 0 to 1. */
function chanceOf(random: Random): number {
  const [a = 0, b = 0, c = 0] = random.bytes(3);
  return (a * 65_536 + b * 256 + c) / 0xffffff;
}
