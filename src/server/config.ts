// The configuration as values: one table of keys, from which the defaults, the checks, the explanation, the environment variables and the JSON Schema all come.
import { z } from 'zod';
import { SealyardError } from '../ground/errors.ts';
import { nearestOf, readConfigFile } from './config-file.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
}

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Everything that `startYard` wants to know. Secrets are references, never values. */
export interface YardConfig {
  readonly listen: ListenAddress;
  /** Absent where the plain listener is switched off (`off`). */
  readonly listenPlain?: ListenAddress;
  readonly listenAdmission?: ListenAddress;
  readonly listenMtls?: ListenAddress;
  /** `https://host[:port]` without a final slash; default: the listener's address at first start. */
  readonly publicUrl?: string;
  readonly publicPlainUrl?: string;
  /** Folder of everything that the yard keeps. */
  readonly data: string;
  /** Path of the policy document; default `<data>/policy.yaml`. */
  readonly policy?: string;
  readonly development: boolean;
  /** `file:PATH` or `env:NAME`; absent: the yard makes its own secret in the data directory. */
  readonly unlockSecret?: string;
  /** Whether outbound requests may reach loopback and private addresses (registries, issuers). */
  readonly allowPrivateAddresses: boolean;
  /** PEM file of further roots for registries and issuers. */
  readonly outboundRoots?: string;
  /** Folder of the `config.json` with registry credentials that the admission door uses. */
  readonly dockerConfig?: string;
  readonly logLevel: LogLevel;
  readonly maxConnections: number;
  readonly shutdownGraceSeconds: number;
}

const address = z
  .string()
  .transform((text, context) => parseAddress(text) ?? fault(context, 'an address such as 127.0.0.1:8443'));
const addressOrOff = z
  .string()
  .transform((text, context) =>
    text === 'off'
      ? undefined
      : (parseAddress(text) ?? fault(context, 'an address such as 127.0.0.1:8080, or off')),
  );
const origin = (protocol: string) =>
  z
    .string()
    .transform(
      (text, context) => parseOrigin(text, protocol) ?? fault(context, `${protocol}//host without a path`),
    );
const reference = z.string().regex(/^(file|env):.+$/, 'must be a reference: file:PATH or env:NAME');
const onOff = z
  .union([z.boolean(), z.enum(['true', 'false'])])
  .transform((value) => value === true || value === 'true');
const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

interface Key {
  readonly describe: string;
  /** As text, the way a person would write it; `undefined` where the default depends on other keys. */
  readonly default: string | undefined;
  readonly schema: z.ZodType;
}

/** Each key once. The order is that of `config show --explain`. */
const KEYS = {
  listen: {
    describe: 'address of the TLS listener; port 0 picks a free one',
    default: '127.0.0.1:8443',
    schema: address,
  },
  'listen-plain': {
    describe: 'address of the listener without TLS, for roots, health and revocation; off switches it off',
    default: '127.0.0.1:8080',
    schema: addressOrOff,
  },
  'listen-admission': {
    describe: 'address of a TLS listener that serves the admission door alone; off switches it off',
    default: 'off',
    schema: addressOrOff,
  },
  'listen-mtls': {
    describe:
      'address of a TLS listener that asks for client certificates (EST, enrolment by certificate); off switches it off',
    default: 'off',
    schema: addressOrOff,
  },
  'public-url': {
    describe: 'the URL that clients use; fixed at first start (default: the TLS listener)',
    default: undefined,
    schema: origin('https:'),
  },
  'public-plain-url': {
    describe: 'the URL of the plain listener that clients use; fixed at first start (default: the listener)',
    default: undefined,
    schema: origin('http:'),
  },
  data: {
    describe: 'folder of everything that the yard keeps',
    default: './sealyard-data',
    schema: z.string().min(1),
  },
  policy: {
    describe: 'path of the policy document (default: policy.yaml in the data folder)',
    default: undefined,
    schema: z.string().min(1),
  },
  development: {
    describe: 'switches the built-in issuer on; only environments marked development accept it',
    default: 'false',
    schema: onOff,
  },
  'unlock-secret': {
    describe:
      'file:PATH or env:NAME of the secret that unlocks the private keys (default: made in the data folder)',
    default: undefined,
    schema: reference,
  },
  'allow-private-addresses': {
    describe:
      'whether registries and issuers may be at loopback and private addresses (with development they may)',
    default: 'false',
    schema: onOff,
  },
  'outbound-roots': {
    describe: 'PEM file of further roots that registries and issuers are checked against',
    default: undefined,
    schema: z.string().min(1),
  },
  'docker-config': {
    describe: 'folder of the config.json whose registry credentials the admission door uses',
    default: undefined,
    schema: z.string().min(1),
  },
  'log-level': {
    describe: 'silent, error, warn, info or debug; the log goes to standard error as JSON',
    default: 'warn',
    schema: z.enum(['silent', 'error', 'warn', 'info', 'debug']),
  },
  'max-connections': {
    describe: 'connections that each listener keeps at once',
    default: '4096',
    schema: count(16, 65_536),
  },
  'shutdown-grace-seconds': {
    describe: 'how long a stop waits for requests under way',
    default: '5',
    schema: count(0, 300),
  },
} as const satisfies Readonly<Record<string, Key>>;

export type ConfigKey = keyof typeof KEYS;
export const CONFIG_KEYS = Object.keys(KEYS) as readonly ConfigKey[];

/** `listen-plain` -> `SEALYARD_LISTEN_PLAIN`. */
export function environmentVariable(key: ConfigKey): string {
  return `SEALYARD_${key.toUpperCase().replaceAll('-', '_')}`;
}

/** Values under the names of the keys, as text (or true/false). */
export type ConfigValues = Readonly<Partial<Record<string, string | boolean>>>;

/**
 * Puts the configuration together: flags before environment before file before defaults.
 * @param o.file path of a YAML file
 * @throws SealyardError `SY-SERVER-CONFIG`, whose detail names the place and the nearest right key
 */
export function loadConfig(o: {
  readonly file?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly flags?: ConfigValues;
}): YardConfig {
  const given = new Map<ConfigKey, Given>();
  if (o.file !== undefined) {
    for (const entry of readConfigFile(o.file)) given.set(knownKey(entry.key, entry.place), entry);
  }
  for (const key of CONFIG_KEYS) {
    const value = o.environment?.[environmentVariable(key)];
    if (value !== undefined && value !== '') given.set(key, { value, place: environmentVariable(key) });
  }
  for (const [key, value] of Object.entries(o.flags ?? {})) {
    if (value !== undefined) given.set(knownKey(key, 'flags'), { value, place: `--${key}` });
  }
  return refuseUnsafe(assemble(given));
}

interface Given {
  readonly value: string | boolean;
  readonly place: string;
}

function knownKey(key: string, place: string): ConfigKey {
  const known = CONFIG_KEYS.find((each) => each === key);
  if (known !== undefined) return known;
  const nearest = nearestOf(key, CONFIG_KEYS);
  throw new SealyardError(
    'SY-SERVER-CONFIG',
    `${place}: unknown key ${JSON.stringify(key)}${nearest === undefined ? '' : `, did you mean ${nearest}?`}`,
  );
}

function assemble(given: ReadonlyMap<ConfigKey, Given>): YardConfig {
  const read = <Key extends ConfigKey>(key: Key) => {
    const found = given.get(key) ?? { value: KEYS[key].default, place: 'default' };
    if (found.value === undefined) return undefined;
    const result = KEYS[key].schema.safeParse(found.value);
    if (result.success) return result.data as z.output<(typeof KEYS)[Key]['schema']>;
    throw new SealyardError(
      'SY-SERVER-CONFIG',
      `${found.place}: ${key} ${result.error.issues[0]?.message ?? 'is not valid'}`,
    );
  };
  return {
    listen: required(read('listen')),
    ...present('listenPlain', read('listen-plain')),
    ...present('listenAdmission', read('listen-admission')),
    ...present('listenMtls', read('listen-mtls')),
    ...present('publicUrl', read('public-url')),
    ...present('publicPlainUrl', read('public-plain-url')),
    data: required(read('data')),
    ...present('policy', read('policy')),
    development: required(read('development')),
    ...present('unlockSecret', read('unlock-secret')),
    allowPrivateAddresses: required(read('allow-private-addresses')),
    ...present('outboundRoots', read('outbound-roots')),
    ...present('dockerConfig', read('docker-config')),
    logLevel: required(read('log-level')),
    maxConnections: required(read('max-connections')),
    shutdownGraceSeconds: required(read('shutdown-grace-seconds')),
  };
}

function refuseUnsafe(config: YardConfig): YardConfig {
  if (config.publicPlainUrl !== undefined && config.listenPlain === undefined)
    throw new SealyardError('SY-SERVER-CONFIG', 'public-plain-url is set while listen-plain is off');
  // The built-in issuer signs whatever an administrator asks for: not for a yard that other machines reach.
  if (config.development && !isLoopback(config.listen.host))
    throw new SealyardError('SY-SERVER-CONFIG', 'development needs a listen address on loopback');
  return config;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** One row a key, for `config show --explain`. */
export function explainConfig(): readonly {
  readonly key: ConfigKey;
  readonly variable: string;
  readonly default: string;
  readonly describe: string;
}[] {
  return CONFIG_KEYS.map((key) => ({
    key,
    variable: environmentVariable(key),
    default: KEYS[key].default ?? '',
    describe: KEYS[key].describe,
  }));
}

/** JSON Schema (2020-12) of the configuration file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const shape = Object.fromEntries(
    CONFIG_KEYS.map((key) => [key, KEYS[key].schema.describe(KEYS[key].describe).optional()]),
  );
  return z.toJSONSchema(z.strictObject(shape), { io: 'input' });
}

/** `host:port`, `[v6]:port` or `:port`-less host refused; `undefined` where it cannot be read. */
function parseAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** A URL that is an origin and nothing else, without the final slash. */
function parseOrigin(text: string, protocol: string): string | undefined {
  const url = URL.parse(text);
  const isOrigin = url !== null && url.protocol === protocol && `${url.origin}/` === url.href;
  return isOrigin ? url.origin : undefined;
}

function fault(context: z.RefinementCtx, wanted: string): never {
  context.addIssue({ code: 'custom', message: `must be ${wanted}` });
  return z.NEVER;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a key without default');
  return value;
}

function present<Name extends string, T>(name: Name, value: T | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: T };
}
