// External account bindings (RFC 8555 §7.3.4): keys that operators hand out, each for an identity of the policy.
import { timingSafeEqual } from 'node:crypto';
import { fromBase64Url, toBase64Url } from '../ground/bytes.ts';
import type { Precondition, Put, Row } from '../ground/change.ts';
import type { Action, Actor, Event } from '../ground/events.ts';
import { asEnvironmentName, asIdentityName, type IdentityName } from '../ground/ids.ts';
import type { JsonObject } from '../ground/json.ts';
import { identityNamesOfBinding } from '../policy/identities.ts';
import { type Turns, whileMoving } from './concurrency.ts';
import type { EnrolDeps } from './deps.ts';
import type { AccountBinding, Binding, NewBinding, Page, Together } from './enrolment.ts';
import { EnrolError } from './problem.ts';
import { integerOf, integerOrNone, textOf, textOrNone } from './row.ts';
import { BINDINGS } from './tables.ts';

const KEY_BYTES = 32;
const MOST_USES = 1_000_000;
const MOST_LISTED = 500;
const LONGEST_NOTE = 200;
const TEN_YEARS_MS = 10 * 366 * 86_400_000;
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;

type Needs = Pick<EnrolDeps, 'records' | 'commit' | 'clock' | 'random' | 'policy' | 'secrets'> & {
  readonly turns: Turns;
};

/** The rows of one use, for the commit that it pays for. */
export interface BindingUse {
  readonly binding: AccountBinding;
  readonly puts: readonly Put[];
  readonly preconditions: readonly Precondition[];
}

export class Bindings {
  readonly #deps: Needs;

  constructor(deps: Needs) {
    this.#deps = deps;
  }

  async create(request: NewBinding): Promise<{ binding: Binding; hmacKey: Uint8Array }> {
    const { random, clock, commit, secrets } = this.#deps;
    const now = clock.now();
    const wanted = this.#checked(request, now);
    const keyId = toBase64Url(random.bytes(16));
    const hmacKey = random.bytes(KEY_BYTES);
    const row: Row = {
      key_id: keyId,
      identity: wanted.identity,
      environment: wanted.environment ?? null,
      sealed: secrets.seal(labelOf(keyId), hmacKey),
      uses: request.uses ?? null,
      used: 0,
      expires_ms: request.expiresAt?.getTime() ?? null,
      revoked_ms: null,
      note: request.note ?? null,
      created_ms: now.getTime(),
      created_by: nameOf(request.actor),
    };
    const binding = bindingOf(row, now);
    const data: JsonObject = {
      identity: wanted.identity,
      ...(wanted.environment === undefined ? {} : { environment: wanted.environment }),
      ...(request.uses === undefined ? {} : { uses: request.uses }),
      ...(request.expiresAt === undefined ? {} : { expires: request.expiresAt.toISOString() }),
    };
    const events = [eventOf('binding.created', keyId, request.actor, now, data)];
    await commit({ puts: [{ table: BINDINGS, mode: 'insert', row }], events });
    return { binding, hmacKey };
  }

  list({ after, limit }: { readonly after?: string; readonly limit: number }): Page<Binding> {
    const most = Math.min(limit, MOST_LISTED);
    const now = this.#deps.clock.now();
    const rows = this.#deps.records.find(BINDINGS, {
      where: {},
      limit: most + 1,
      ...(after === undefined ? {} : { after: { key_id: after } }),
    });
    const items = rows.slice(0, most).map((row) => bindingOf(row, now));
    const last = items.at(-1);
    return { items, ...(rows.length > most && last !== undefined ? { next: last.keyId } : {}) };
  }

  async revoke(keyId: string, actor: Actor): Promise<Binding> {
    const { clock, commit, turns } = this.#deps;
    return await turns.take(`binding ${keyId}`, () =>
      whileMoving(
        () => this.used(keyId),
        async (saw) => {
          saw(this.used(keyId));
          const row = this.#row(keyId);
          if (row === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'binding');
          const now = clock.now();
          if (integerOrNone(row, 'revoked_ms') !== undefined) return bindingOf(row, now);
          const revoked = { ...row, revoked_ms: now.getTime() };
          await commit({
            puts: [{ table: BINDINGS, mode: 'replace', row: revoked }],
            preconditions: [unused(row)],
            events: [eventOf('binding.revoked', keyId, actor, now, {})],
          });
          return bindingOf(revoked, now);
        },
      ),
    );
  }

  key(keyId: string): Uint8Array | undefined {
    const row = this.#row(keyId);
    const usable = row !== undefined && bindingOf(row, this.#deps.clock.now()).state === 'active';
    return usable ? this.#open(row) : undefined;
  }

  login(keyId: string, password: string): { binding: AccountBinding; use: Together } {
    const row = this.#row(keyId);
    // An unknown key id costs the same work, so that nobody learns which exist.
    const expected = row === undefined ? new Uint8Array(KEY_BYTES) : this.#open(row);
    const given = password.length > 256 ? undefined : fromBase64Url(password);
    const right = given?.length === expected.length && timingSafeEqual(given, expected);
    if (row === undefined || !right) throw new EnrolError('SY-ENROL-BINDING-UNUSABLE');
    const { binding, puts, preconditions } = this.use(keyId);
    // A password for any number of certificates is not counted: each would wait for the row of the other.
    return { binding, use: row['uses'] === null ? {} : { puts, preconditions } };
  }

  /**
   * One use of a binding that can be used now.
   * @throws EnrolError `SY-ENROL-BINDING-UNUSABLE`
   */
  use(keyId: string): BindingUse {
    const row = this.#row(keyId);
    if (row === undefined || bindingOf(row, this.#deps.clock.now()).state !== 'active')
      throw new EnrolError('SY-ENROL-BINDING-UNUSABLE');
    const { identity, environment } = bindingOf(row, this.#deps.clock.now());
    return {
      binding: { keyId, identity, ...(environment === undefined ? {} : { environment }) },
      puts: [{ table: BINDINGS, mode: 'replace', row: { ...row, used: integerOf(row, 'used') + 1 } }],
      preconditions: [unused(row)],
    };
  }

  /** Changes with every use and with the revocation; what `whileMoving` looks at. */
  used(keyId: string): string {
    const row = this.#row(keyId);
    return `${row?.['used']} ${row?.['revoked_ms']}`;
  }

  /** Whom an account made with this binding speaks for: nobody once it is revoked, or the policy has forgotten it. */
  identityOf({ keyId }: AccountBinding): IdentityName | undefined {
    const row = this.#row(keyId);
    if (row === undefined || integerOrNone(row, 'revoked_ms') !== undefined) return undefined;
    const [identity] = identityNamesOfBinding(this.#deps.policy(), textOf(row, 'identity'));
    return identity;
  }

  #row(keyId: string): Row | undefined {
    return KEY_ID.test(keyId) ? this.#deps.records.get(BINDINGS, { key_id: keyId }) : undefined;
  }

  #open(row: Row): Uint8Array {
    const sealed = row['sealed'];
    if (!(sealed instanceof Uint8Array)) throw new TypeError('a binding has a sealed key');
    return this.#deps.secrets.open(labelOf(textOf(row, 'key_id')), sealed);
  }

  /** @throws EnrolError `SY-ENROL-BINDING-WRONG` */
  #checked(request: NewBinding, now: Date): Pick<Binding, 'identity' | 'environment'> {
    const policy = this.#deps.policy();
    const identity = asIdentityName(request.identity);
    if (identity === undefined || identityNamesOfBinding(policy, identity).length === 0)
      throw wrong(`${policy.file} has no identity of this name with "from: binding"`);
    const environment =
      request.environment === undefined ? undefined : asEnvironmentName(request.environment);
    if (
      request.environment !== undefined &&
      (environment === undefined || !policy.environments.has(environment))
    )
      throw wrong(`${policy.file} has no environment of this name`);
    checkBounds(request, now);
    return { identity, ...(environment === undefined ? {} : { environment }) };
  }
}

function checkBounds({ uses, expiresAt, note }: NewBinding, now: Date): void {
  if (uses !== undefined && !(Number.isInteger(uses) && uses >= 1 && uses <= MOST_USES)) throw wrong('uses');
  const leftMs = expiresAt === undefined ? 1 : expiresAt.getTime() - now.getTime();
  if (!(leftMs > 0 && leftMs <= TEN_YEARS_MS)) throw wrong('it would have ended, or not within ten years');
  if (note !== undefined && (note.length > LONGEST_NOTE || /\p{Cc}/u.test(note))) throw wrong('note');
}

function wrong(detail: string): EnrolError {
  return new EnrolError('SY-ENROL-BINDING-WRONG', detail);
}

function labelOf(keyId: string): string {
  return `binding ${keyId}`;
}

function unused(row: Row): Precondition {
  const expect = { used: integerOf(row, 'used'), revoked_ms: row['revoked_ms'] ?? null };
  return { table: BINDINGS, key: { key_id: textOf(row, 'key_id') }, expect };
}

function nameOf(actor: Actor): string {
  return actor.kind === 'system' ? 'system' : actor.id;
}

function bindingOf(row: Row, now: Date): Binding {
  const identity = asIdentityName(textOf(row, 'identity'));
  if (identity === undefined) throw new TypeError('a binding has an identity');
  const environment = asEnvironmentName(textOrNone(row, 'environment') ?? '');
  const [uses, expiresMs] = [integerOrNone(row, 'uses'), integerOrNone(row, 'expires_ms')];
  const note = textOrNone(row, 'note');
  return {
    keyId: textOf(row, 'key_id'),
    identity,
    ...(environment === undefined ? {} : { environment }),
    ...(uses === undefined ? {} : { uses }),
    used: integerOf(row, 'used'),
    ...(expiresMs === undefined ? {} : { expiresAt: new Date(expiresMs) }),
    ...(note === undefined ? {} : { note }),
    state: stateOf(row, now),
    createdAt: new Date(integerOf(row, 'created_ms')),
    createdBy: textOf(row, 'created_by'),
  };
}

function stateOf(row: Row, now: Date): Binding['state'] {
  if (integerOrNone(row, 'revoked_ms') !== undefined) return 'revoked';
  if ((integerOrNone(row, 'expires_ms') ?? Number.POSITIVE_INFINITY) <= now.getTime()) return 'expired';
  const uses = integerOrNone(row, 'uses') ?? Number.POSITIVE_INFINITY;
  return integerOf(row, 'used') >= uses ? 'used-up' : 'active';
}

function eventOf(action: Action, keyId: string, actor: Actor, at: Date, data: JsonObject): Event {
  return {
    timeMs: at.getTime(),
    action,
    actor,
    object: { type: 'binding', id: keyId },
    outcome: 'done',
    data,
  };
}
