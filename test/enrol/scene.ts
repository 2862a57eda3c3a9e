// Enrolment over real rooms and a store in memory that can fail; only the network of challenges is played.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { ensureLogKeys } from '../../src/authority/log-keys.ts';
import type { CaaResult, ValidationResult, ValidationTarget } from '../../src/challenge/target.ts';
import { ENROL_DEFAULTS, type EnrolConfig } from '../../src/enrol/config.ts';
import { createEnrolment } from '../../src/enrol/create.ts';
import type { Account, Enrolment, Order, Together } from '../../src/enrol/enrolment.ts';
import { encodeName, extensions } from '../../src/formats/x509/build.ts';
import { assembleCsr, buildCsrInfo } from '../../src/formats/x509/csr-build.ts';
import { toBase64Url, toUtf8 } from '../../src/ground/bytes.ts';
import type { Change, Row } from '../../src/ground/change.ts';
import type { JsonObject } from '../../src/ground/json.ts';
import type { Random } from '../../src/ground/ports.ts';
import { type CeremonyDeps, ensureDirectory } from '../../src/issue/ceremony.ts';
import { createClockGuard } from '../../src/issue/clock-guard.ts';
import { issue } from '../../src/issue/issue.ts';
import { nameOf, subjectNames } from '../../src/issue/names.ts';
import { prepare } from '../../src/issue/prepare.ts';
import { CERTIFICATES } from '../../src/issue/tables.ts';
import { localSign, spkiOf } from '../../src/keys/local-key.ts';
import { secretsOf } from '../../src/keys/secrets.ts';
import { openLogs } from '../../src/log/logs.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { createMemoryStore, type Fault } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { createMemoryKeyStore } from '../contract/memory-keystore.ts';

export const HOST = 'yard.example';
export const random: Random = { bytes: (size) => new Uint8Array(randomBytes(size)) };
export const OPERATOR = { kind: 'identity', id: 'olga', issuer: 'yard' } as const;

/** Anyone proves names below example.com; `payments` needs no proof for its own. */
export const POLICY = `apiVersion: sealyard/v1
kind: Policy
identities:
  payments: { from: binding }
  deployer: { from: service-token, name: deploy }
profiles:
  careful: { base: server-tls, caa: true }
environments:
  outside:
    issue:
      - who: payments
        profile: workload-tls
        names: ["*.payments.svc"]
        lifetime: 24h
      - who: deployer
        profile: workload-tls
        names: ["*.deploy.svc"]
        lifetime: 1h
      - who: anyone
        profile: server-tls
        names: ["**.example.com", "example.com", "192.0.2.0/24"]
        wildcard: true
      - who: anyone
        profile: careful
        names: ["**.example.com"]
`;

export class TestClock {
  ms = Date.parse('2026-11-24T10:00:00Z');
  now(): Date {
    return new Date(this.ms);
  }
  advance(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

/** Says of every challenge what `answer` says, and remembers what it was asked. */
export class PlayedValidator {
  readonly targets: ValidationTarget[] = [];
  answer: (target: ValidationTarget, signal?: AbortSignal) => Promise<ValidationResult> | ValidationResult =
    () => ({
      valid: true,
      evidence: { address: '192.0.2.1' },
    });
  caaAnswer: (name: string) => CaaResult = () => ({ allowed: true, evidence: {} });

  async validate(target: ValidationTarget, signal?: AbortSignal): Promise<ValidationResult> {
    this.targets.push(target);
    return await this.answer(target, signal);
  }
  /** While it is asked. */
  onCaa: () => Promise<void> = async () => {};

  async caa({ value }: { value: string }): Promise<CaaResult> {
    await this.onCaa();
    return this.caaAnswer(value);
  }
}

export const FAILS: ValidationResult = {
  valid: false,
  code: 'SY-CHALLENGE-MISMATCH',
  detail: 'something else was found',
  retry: false,
  evidence: {},
};

export interface AccountKey {
  readonly jwk: JsonObject;
  readonly thumbprint: string;
  readonly privateKey: KeyObject;
}

export function newAccountKey(): AccountKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv = '', x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const jwk = { crv, kty: 'EC', x, y };
  const digest = createHash('sha256').update(JSON.stringify(jwk)).digest();
  return { jwk, thumbprint: toBase64Url(digest), privateKey };
}

/** A certification request for these names, and its key. */
export async function newCsr(names: readonly string[], key?: KeyObject): Promise<Uint8Array> {
  const privateKey = key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const info = buildCsrInfo({
    subject: encodeName([]),
    spki: spkiOf(privateKey),
    extensions:
      names.length === 0
        ? []
        : [extensions.subjectAltName(subjectNames(names.map(nameOf)), { critical: true })],
  });
  return assembleCsr(info, 'ecdsa-sha256', await localSign(privateKey)('ecdsa-sha256', info));
}

export interface SceneOptions {
  readonly policy?: string;
  readonly config?: Partial<EnrolConfig>;
}

export class Scene {
  readonly clock = new TestClock();
  readonly validator = new PlayedValidator();
  readonly store: Store;
  readonly revoked = new Set<string>();
  readonly errors: unknown[] = [];
  readonly changes: Change[] = [];
  fault: () => Fault = () => 'none';
  policy: ReturnType<typeof loadPolicy>;
  readonly #make: (config: Partial<EnrolConfig>) => Enrolment;
  readonly #config: Partial<EnrolConfig>;
  enrolment: Enrolment;
  /** Another replica on the same records. */
  readonly second: Enrolment;

  private constructor(o: SceneOptions, store: Store, made: Making) {
    this.store = store;
    this.#config = { attemptDelaysMs: [0, 5, 5], archive: { most: 50, afterMs: 20 }, ...o.config };
    this.policy = loadPolicy(o.policy ?? POLICY, { publicUrl: `https://${HOST}`, development: false });
    this.#make = (config) =>
      createEnrolment({
        records: store.records,
        commit: (change) => {
          this.changes.push(change);
          return store.commit(change);
        },
        clock: this.clock,
        random,
        policy: () => this.policy,
        validator: this.validator,
        issue: (request, together) => {
          const deps = made.deps(this.clock);
          return issue(prepare(request, deps), { ...deps, commit: this.#recording(deps) }, together);
        },
        authorities: made.authorities,
        secrets: made.secrets,
        accountUrl: (id) => `https://${HOST}/acme/account/${id}`,
        isRevoked: (serial) => this.revoked.has(serial),
        config: { ...ENROL_DEFAULTS, ...this.#config, ...config },
        onError: (error) => this.errors.push(error),
      });
    this.enrolment = this.#make({});
    this.second = this.#make({});
  }

  #recording(deps: CeremonyDeps): CeremonyDeps['commit'] {
    return (change) => {
      this.changes.push(change);
      return deps.commit(change);
    };
  }

  static async open(o: SceneOptions = {}): Promise<Scene> {
    let scene: Scene | undefined;
    const store = createMemoryStore({ faults: () => scene?.fault() ?? 'none' });
    scene = new Scene(o, store, await making(store));
    return scene;
  }

  /** As after a kill: what was in memory is gone. */
  async restart(): Promise<number> {
    await this.enrolment.stop();
    this.enrolment = this.#make({});
    return await this.enrolment.recover();
  }

  async close(): Promise<void> {
    await this.enrolment.stop();
    await this.second.stop();
    await this.store.close();
  }

  async account(o: { binding?: string; key?: AccountKey; together?: Together } = {}): Promise<Account> {
    const { jwk, thumbprint } = o.key ?? newAccountKey();
    const { account } = await this.enrolment.accounts.create(
      {
        jwk,
        thumbprint,
        contacts: [],
        termsAgreed: true,
        ...(o.binding === undefined ? {} : { binding: { keyId: o.binding } }),
      },
      o.together,
    );
    return account;
  }

  async boundAccount(): Promise<Account> {
    const { binding } = await this.enrolment.bindings.create({ identity: 'payments', actor: OPERATOR });
    return await this.account({ binding: binding.keyId });
  }

  order(account: Account, ...names: readonly string[]): Promise<Order> {
    return this.enrolment.orders.create(account, { identifiers: names.map(nameOf) });
  }

  /** Answers the first challenge of each authorization and waits until all are decided. */
  async prove(account: Account, order: Order): Promise<Order> {
    for (const { id, status, challenges } of order.authorizations) {
      const [challenge] = challenges;
      if (status === 'pending' && challenge !== undefined)
        await this.enrolment.challenges.respond(account, id, challenge.id);
    }
    return await this.settled(account, order.id);
  }

  async settled(account: Account, id: string): Promise<Order> {
    return await until(() => {
      const order = this.enrolment.orders.get(account, id);
      return order.status === 'pending' ? undefined : order;
    });
  }

  async certified(account: Account, ...names: readonly string[]): Promise<Order> {
    const order = await this.prove(account, await this.order(account, ...names));
    return await this.enrolment.orders.finalize(account, order.id, await newCsr(names));
  }

  certificates(): readonly Row[] {
    const rows = this.store.records.find(CERTIFICATES, { where: {}, limit: 10_000 });
    return rows.filter(({ via }) => via === 'acme');
  }

  events(action: string): readonly JsonObject[] {
    return this.changes
      .flatMap(({ events }) => events)
      .filter((event) => event.action === action)
      .map(({ data }) => data);
  }
}

type Making = Awaited<ReturnType<typeof making>>;

async function making(store: Store) {
  const clock = new TestClock();
  const { records, commit } = store;
  const keys = createMemoryKeyStore();
  const logKeys = await ensureLogKeys({ keys, commit, records, clock });
  const logs = openLogs({
    tiles: store.tiles,
    clock,
    specs: [
      { name: 'certificate', origin: `${HOST}/ct`, signer: logKeys.certificate.signer, noteType: 'rfc6962' },
      { name: 'signature', origin: HOST, signer: logKeys.signature.signer, noteType: 'ecdsa-sigstore' },
      { name: 'audit', origin: `${HOST}/audit`, signer: logKeys.audit.signer, noteType: 'ed25519' },
    ],
  });
  const deps = (ticking: TestClock): CeremonyDeps => ({
    commit,
    records,
    logs,
    clock: ticking,
    random,
    keys,
    certificatesPerToken: 20,
    urls: { plainUrl: `http://${HOST}` },
    clockGuard: createClockGuard({
      clock: ticking,
      buildDate: new Date('2026-01-01T00:00:00Z'),
      lastRecordedMs: undefined,
    }),
  });
  const authorities = await ensureDirectory(deps(clock), HOST);
  return { deps, authorities, secrets: secretsOf(toUtf8('a data key of thirty-two octets!'), random) };
}

/** Waits in real time, at most five seconds. */
export async function until<T>(look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 1000; tries++) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it did not happen');
}
