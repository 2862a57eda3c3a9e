// Certificates from any ACME server (RFC 8555, 9773): account, order, challenges, finalize, download.
import { setTimeout as sleep } from 'node:timers/promises';
import { decodePem } from '../../formats/pem.ts';
import type { Certificate } from '../../formats/x509/certificate.ts';
import { fromUtf8, toBase64Url } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import type { Clock } from '../../ground/ports.ts';
import type { RequestedName } from '../../policy/issuance.ts';
import type { Issuer, ObtainRequest, RenewalWindow } from '../issuer.ts';
import { type AccountKey, externalBinding } from './jws.ts';
import { certificateId, renewalWindowOf } from './renewal-info.ts';
import type { Solver } from './solver.ts';
import {
  AcmeProblem,
  AcmeTransport,
  type Answer,
  detailOf,
  jsonOf,
  printable,
  type TransportOptions,
  textOf,
} from './transport.ts';

const MAX_AUTHORIZATIONS = 200;
const FIRST_POLL_MS = 250;
const MOST_POLL_MS = 15_000;
export interface AcmeOptions extends TransportOptions {
  readonly key: AccountKey;
  readonly contacts: readonly string[];
  readonly termsAgreed: boolean;
  readonly binding?: { readonly keyId: string; readonly macKey: Uint8Array };
  readonly solvers: readonly Solver[];
}

export class AcmeIssuer implements Issuer {
  readonly #o: AcmeOptions;
  readonly #transport: AcmeTransport;
  readonly #clock: Clock;
  #account: Promise<string> | undefined;

  constructor(o: AcmeOptions) {
    this.#o = o;
    this.#transport = new AcmeTransport(o);
    this.#clock = o.clock;
  }

  async obtain(request: ObtainRequest, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    const kid = await this.#accountUrl(signal);
    const post = (url: string, payload: JsonObject | '') =>
      this.#transport.post(url, payload, { key: this.#o.key, kid, signal });
    const order = await this.#newOrder(request, kid, signal);
    const authorizations = listOf(order.body['authorizations']).slice(0, MAX_AUTHORIZATIONS);
    for (const url of authorizations) await this.#authorize(url, post, signal);
    const ready = await this.#poll(order.url, post, signal, ['ready', 'valid']);
    const finalized =
      ready['status'] === 'valid'
        ? ready
        : jsonOf(await post(textOf(ready, 'finalize'), { csr: toBase64Url(request.csr) }));
    const done =
      finalized['status'] === 'valid' ? finalized : await this.#poll(order.url, post, signal, ['valid']);
    return certificatesOf(await post(textOf(done, 'certificate'), ''));
  }

  renewalWindow(leaf: Certificate, signal: AbortSignal): Promise<RenewalWindow | undefined> {
    return renewalWindowOf(this.#transport, leaf, this.#clock, signal);
  }

  /** @param reason of RFC 5280 §5.3.1, as a number */
  async revoke(leaf: Uint8Array, reason: number, signal: AbortSignal): Promise<void> {
    const { revokeCert } = await this.#transport.directory(signal);
    if (revokeCert === undefined) throw new SealyardError('SY-AGENT-ACME', 'it revokes nothing');
    const kid = await this.#accountUrl(signal);
    const payload = { certificate: toBase64Url(leaf), reason };
    await this.#transport.post(revokeCert, payload, { key: this.#o.key, kid, signal });
  }

  /** The account's URL; made where the key has none yet. A failure is forgotten, so that the next call tries again. */
  async #accountUrl(signal: AbortSignal): Promise<string> {
    this.#account ??= this.#newAccount(signal);
    try {
      return await this.#account;
    } catch (error) {
      this.#account = undefined;
      throw error;
    }
  }

  async #newAccount(signal: AbortSignal): Promise<string> {
    const { key, contacts, termsAgreed, binding } = this.#o;
    const { newAccount } = await this.#transport.directory(signal);
    const known = await this.#existing(newAccount, signal);
    if (known !== undefined) return known;
    const payload: JsonObject = {
      ...(contacts.length === 0 ? {} : { contact: [...contacts] }),
      ...(termsAgreed ? { termsOfServiceAgreed: true } : {}),
      ...(binding === undefined
        ? {}
        : { externalAccountBinding: externalBinding(key, { ...binding, url: newAccount }) }),
    };
    return locationOf(await this.#transport.post(newAccount, payload, { key, signal }));
  }

  // Asked first, since a binding may be good for one account only and a new try would spend it (RFC 8555 §7.3.1).
  async #existing(newAccount: string, signal: AbortSignal): Promise<string | undefined> {
    try {
      const payload = { onlyReturnExisting: true };
      return locationOf(await this.#transport.post(newAccount, payload, { key: this.#o.key, signal }));
    } catch (error) {
      if (error instanceof AcmeProblem && error.type === 'accountDoesNotExist') return undefined;
      throw error;
    }
  }

  async #newOrder(
    request: ObtainRequest,
    kid: string,
    signal: AbortSignal,
  ): Promise<{ readonly url: string; readonly body: JsonObject }> {
    const { newOrder, renewalInfo } = await this.#transport.directory(signal);
    const { replaces: old, names, profile, lifetimeSeconds } = request;
    const replaces = old === undefined || renewalInfo === undefined ? undefined : certificateId(old);
    const until =
      lifetimeSeconds === undefined ? undefined : this.#clock.now().getTime() + lifetimeSeconds * 1000;
    const payload: JsonObject = {
      identifiers: names.map(identifier),
      ...(profile === undefined ? {} : { profile }),
      ...(until === undefined ? {} : { notAfter: new Date(until).toISOString() }),
    };
    const send = async (more: JsonObject) => {
      const options = { key: this.#o.key, kid, signal };
      const answer = await this.#transport.post(newOrder, { ...payload, ...more }, options);
      return { url: locationOf(answer), body: jsonOf(answer) };
    };
    if (replaces === undefined) return send({});
    try {
      return await send({ replaces });
    } catch (error) {
      // RFC 9773 §5: what was replaced already, or is unknown to this server, is left out.
      const refused = error instanceof AcmeProblem && ['alreadyReplaced', 'malformed'].includes(error.type);
      if (!refused) throw error;
      return send({});
    }
  }

  async #authorize(url: string, post: Post, signal: AbortSignal): Promise<void> {
    const authorization = jsonOf(await post(url, ''));
    if (authorization['status'] === 'valid') return;
    const { solver, challenge } = this.#choose(authorization);
    const token = textOf(challenge, 'token');
    const remove = await solver.present({
      type: solver.type,
      token,
      keyAuthorization: `${token}.${this.#o.key.thumbprint}`,
      name: nameOf(authorization),
    });
    try {
      await post(textOf(challenge, 'url'), {});
      await this.#poll(url, post, signal, ['valid']);
    } finally {
      await remove();
    }
  }

  #choose(authorization: JsonObject): { readonly solver: Solver; readonly challenge: JsonObject } {
    const offered = listOf<JsonObject>(authorization['challenges'], isObject);
    for (const solver of this.#o.solvers) {
      const challenge = offered.find(({ type }) => type === solver.type);
      if (challenge !== undefined) return { solver, challenge };
    }
    const types = offered.map(({ type }) => printable(String(type))).join(', ');
    throw new SealyardError('SY-AGENT-CHALLENGE', `${nameOf(authorization)}: it offers ${types || 'none'}`);
  }

  /** Looks until the object has one of these states; `invalid` and the like are refusals. */
  async #poll(url: string, post: Post, signal: AbortSignal, wanted: readonly string[]): Promise<JsonObject> {
    for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 2, MOST_POLL_MS)) {
      const answer = await post(url, '');
      const value = jsonOf(answer);
      const status = textOf(value, 'status');
      if (wanted.includes(status)) return value;
      if (status !== 'pending' && status !== 'processing') throw refusalOf(value, status);
      const asked = this.#transport.retryAfter(answer);
      const longest = asked === undefined ? wait : Math.min(asked * 1000, MOST_POLL_MS);
      await sleep(Math.max(wait, longest), undefined, { signal });
    }
  }
}

type Post = (url: string, payload: JsonObject | '') => Promise<Answer>;

function identifier(name: RequestedName): JsonObject {
  return { type: name.type, value: name.value };
}

function nameOf(authorization: JsonObject): string {
  const about = authorization['identifier'];
  return isObject(about) ? printable(String(about['value'])) : '';
}

function locationOf(answer: Answer): string {
  const location = answer.headers.get('location');
  if (location === null) throw new SealyardError('SY-AGENT-ACME', 'an answer has no Location');
  return location;
}

function listOf(value: Json | undefined): string[];
function listOf<T extends Json>(value: Json | undefined, is: (item: Json) => item is T): T[];
function listOf(value: Json | undefined, is = (item: Json): boolean => typeof item === 'string'): Json[] {
  return Array.isArray(value) ? value.filter((item) => is(item)) : [];
}

/** The first thing that went wrong, in the server's own words. */
function refusalOf(value: JsonObject, status: string): SealyardError {
  const problems = [value, ...listOf<JsonObject>(value['challenges'], isObject)].map(({ error }) => error);
  const problem = problems.find((each) => isObject(each));
  const words = isObject(problem) ? detailOf(problem) : `the server says ${status}`;
  const name = nameOf(value);
  return new SealyardError('SY-AGENT-REFUSED', printable(name === '' ? words : `${name}: ${words}`));
}

function certificatesOf(answer: Answer): Uint8Array[] {
  const text = fromUtf8(answer.body);
  const blocks = text === undefined ? [] : decodePem(text);
  if (blocks.length === 0 || blocks.some(({ label }) => label !== 'CERTIFICATE'))
    throw new SealyardError('SY-AGENT-ACME', 'the certificate is not PEM');
  return blocks.map(({ der }) => der);
}
