// An ACME door over real rooms and a store in memory; only the network of challenges is played.
import { randomBytes } from 'node:crypto';
import { ensureLogKeys } from '../../../src/authority/log-keys.ts';
import type { ValidationResult, ValidationTarget, Validator } from '../../../src/challenge/validator.ts';
import { ENROL_DEFAULTS, type EnrolConfig } from '../../../src/enrol/config.ts';
import { createEnrolment } from '../../../src/enrol/create.ts';
import type { Enrolment } from '../../../src/enrol/enrolment.ts';
import { SealyardError } from '../../../src/ground/errors.ts';
import type { Random } from '../../../src/ground/ports.ts';
import { type Ceremonies, createCeremonies } from '../../../src/issue/ceremonies/ceremonies.ts';
import { type CeremonyDeps, ensureDirectory } from '../../../src/issue/ceremony.ts';
import { createClockGuard } from '../../../src/issue/clock-guard.ts';
import { issue } from '../../../src/issue/issue.ts';
import { prepare } from '../../../src/issue/prepare.ts';
import { CERTIFICATES } from '../../../src/issue/tables.ts';
import { secretsOf } from '../../../src/keys/secrets.ts';
import { openLogs } from '../../../src/log/logs.ts';
import { loadPolicy } from '../../../src/policy/load.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { type AcmeMeta, acmeRoutes } from '../../../src/protocols/acme/routes.ts';
import { accountUrl } from '../../../src/protocols/acme/urls.ts';
import type { DoorReply, DoorRequest, Route } from '../../../src/protocols/door.ts';
import { createRevocation, type Revocation } from '../../../src/revoke/revocation.ts';
import { DEFAULT_SETTINGS } from '../../../src/revoke/settings.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { createMemoryKeyStore } from '../../contract/memory-keystore.ts';

export const HOST = 'ca.example';
export const PUBLIC_URL = `https://${HOST}`;
const random: Random = { bytes: (size) => new Uint8Array(randomBytes(size)) };

/** Anyone may have names below example.com and an address; `payments` needs no proof; `inside` grants nobody unknown anything. */
export const POLICY = `apiVersion: sealyard/v1
kind: Policy
identities:
  payments: { from: binding }
environments:
  outside:
    issue:
      - who: payments
        profile: workload-tls
        names: ["*.payments.svc"]
        lifetime: 24h
      - who: anyone
        profile: server-tls
        names: ["**.example.com", "example.com", "192.0.2.0/24", "2001:db8::/32"]
        wildcard: true
        challenges: [http-01, dns-01, tls-alpn-01, dns-persist-01]
  inside:
    issue:
      - who: payments
        profile: workload-tls
        names: ["*.inside.svc"]
        lifetime: 24h
`;

export class TestClock {
  ms = Date.parse('2026-11-24T10:00:00Z');
  now(): Date {
    return new Date(this.ms);
  }
}

/** Says of every challenge what `answer` says; remembers what it was asked. */
class PlayedValidator implements Validator {
  readonly targets: ValidationTarget[] = [];
  answer: (target: ValidationTarget) => Promise<ValidationResult> | ValidationResult = () => ({
    valid: true,
    evidence: {},
  });

  async validate(target: ValidationTarget): Promise<ValidationResult> {
    this.targets.push(target);
    return this.answer(target);
  }

  async caa(): ReturnType<Validator['caa']> {
    return { allowed: true, evidence: {} };
  }
}

export interface YardOptions {
  /** Absent: `PUBLIC_URL`. */
  readonly publicUrl?: string;
  readonly policy?: string;
  readonly meta?: Partial<AcmeMeta>;
  readonly enrol?: Partial<EnrolConfig>;
}

export interface AcmeYard {
  readonly clock: TestClock;
  readonly store: Store;
  readonly enrolment: Enrolment;
  readonly revocation: Revocation;
  readonly validator: PlayedValidator;
  readonly ceremonies: Ceremonies;
  policy: Policy;
  /** As the server would: routes, bounds the body, renders what is thrown. */
  ask(method: string, url: string, o?: Asked): Promise<DoorReply>;
  /** The door of another process on the same records and secrets, as after a restart or on another replica. */
  restartDoor(): void;
  /** Serials of the certificates that were issued through ACME. */
  issued(): readonly string[];
  close(): Promise<void>;
}

export interface Asked {
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly peer?: string;
}

export async function openYard(o: YardOptions = {}): Promise<AcmeYard> {
  const publicUrl = o.publicUrl ?? PUBLIC_URL;
  const clock = new TestClock();
  const store = createMemoryStore();
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
  const buildDate = new Date('2026-01-01T00:00:00Z');
  const deps: CeremonyDeps = {
    commit,
    records,
    logs,
    clock,
    random,
    keys,
    certificatesPerToken: 20,
    urls: { plainUrl: `http://${HOST}` },
    clockGuard: createClockGuard({ clock, buildDate, lastRecordedMs: undefined }),
  };
  const authorities = await ensureDirectory(deps, HOST);
  const secrets = secretsOf(random.bytes(32), random);
  const validator = new PlayedValidator();
  const revocation = createRevocation({
    ...deps,
    authorities,
    settings: DEFAULT_SETTINGS,
    retentionSeconds: () => 0,
    plainUrl: `http://${HOST}`,
    failed: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  const enrolment = createEnrolment({
    records,
    commit,
    clock,
    random,
    policy: () => yard.policy,
    validator,
    issue: (request, together) => issue(prepare(request, deps), deps, together),
    authorities,
    secrets,
    accountUrl: (id) => accountUrl(publicUrl, id),
    isRevoked: (serial) => revocation.status(serial, 'tls-1').status === 'revoked',
    config: { ...ENROL_DEFAULTS, attemptDelaysMs: [0, 10], ...o.enrol },
  });
  const door = () =>
    acmeRoutes({
      enrolment,
      policy: () => yard.policy,
      publicUrl,
      secrets,
      records,
      clock,
      random,
      revocation,
      meta: { caaIdentities: [HOST], ...o.meta },
      bindingRequired: o.enrol?.bindingRequired ?? false,
    });
  let routes = door();
  const yard: AcmeYard = {
    clock,
    store,
    enrolment,
    revocation,
    validator,
    ceremonies: createCeremonies({ ...deps, directory: authorities, organization: HOST }),
    policy: loadPolicy(o.policy ?? POLICY, { publicUrl, development: false }),
    ask: (method, url, asked) => dispatch(routes, method, url, asked),
    restartDoor: () => {
      routes = door();
    },
    issued: () =>
      records
        .find(CERTIFICATES, { where: {}, limit: 10_000 })
        .filter((row) => row['via'] === 'acme')
        .map((row) => String(row['serial'])),
    close: async () => {
      await enrolment.stop();
      revocation.stop();
      await store.close();
    },
  };
  return yard;
}

async function dispatch(
  routes: readonly Route[],
  method: string,
  url: string,
  asked: Asked = {},
): Promise<DoorReply> {
  const { pathname: path, searchParams: query } = new URL(url);
  const here = routes.flatMap((route) => {
    const params = match(route.path, path);
    return params === undefined ? [] : [{ route, params }];
  });
  // The most literal pattern first, as the router has it.
  here.sort((a, b) => Object.keys(a.params).length - Object.keys(b.params).length);
  const [any] = here;
  if (any === undefined) return { status: 404 };
  const found = here.find(({ route }) => route.method === method);
  if (found === undefined) return any.route.problem(new SealyardError('SY-HTTP-METHOD'));
  const body = typeof asked.body === 'string' ? Buffer.from(asked.body) : asked.body;
  const request: DoorRequest = {
    method,
    path,
    params: found.params,
    query,
    headers: asked.headers ?? {},
    body: new Uint8Array(body ?? []),
    peer: asked.peer ?? '192.0.2.7',
    signal: new AbortController().signal,
  };
  try {
    if (request.body.length > found.route.bodyLimitBytes) throw new SealyardError('SY-HTTP-TOO-LARGE');
    return await found.route.handle(request);
  } catch (error) {
    return found.route.problem(error);
  }
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = given[i] ?? '';
    else if (part !== given[i]) return undefined;
  }
  return params;
}
