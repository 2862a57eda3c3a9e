// The configuration as values: one table of keys, from which the defaults, the checks, the explanation, the environment variables and the JSON Schema all come.
import { z } from 'zod';
import type { ChallengeConfig } from '../challenge/config.ts';
import { ENROL_DEFAULTS, type EnrolConfig } from '../enrol/config.ts';
import { SealyardError } from '../ground/errors.ts';
import { PUBLIC_ONLY } from '../reach/address.ts';
import type { RevocationSettings } from '../revoke/settings.ts';
import { nearestOf, readConfigFile } from './config-file.ts';
import { KEYS } from './config-keys.ts';

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
  /** How ACME validation looks at the world; without issuer domains, the host of the public URL is the one. */
  readonly challenges: ChallengeConfig;
  readonly enrolment: EnrolConfig;
  readonly acmeTerms?: string;
  readonly acmeWebsite?: string;
  readonly revocation: RevocationSettings;
  readonly logLevel: LogLevel;
  readonly maxConnections: number;
  readonly shutdownGraceSeconds: number;
}

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
    challenges: {
      resolvers: required(read('challenge-resolvers')),
      perspectives: required(read('challenge-perspectives')),
      httpPort: required(read('challenge-http-port')),
      tlsPort: required(read('challenge-tls-port')),
      allow: PUBLIC_ONLY,
      allowNetworks: required(read('challenge-allow-networks')),
      timeoutMs: required(read('challenge-timeout-seconds')) * 1000,
      issuerDomains: required(read('acme-issuer-domains')),
    },
    enrolment: {
      ...ENROL_DEFAULTS,
      bindingRequired: required(read('acme-binding-required')),
      termsRequired: read('acme-terms') !== undefined,
      limits: {
        ...ENROL_DEFAULTS.limits,
        accountsByAddress: required(read('limit-accounts-by-address')),
        ordersByAccount: required(read('limit-orders-by-account')),
        ordersByIdentity: required(read('limit-orders-by-identity')),
        ordersByName: required(read('limit-orders-by-name')),
        ordersByAddress: required(read('limit-orders-by-address')),
      },
    },
    ...present('acmeTerms', read('acme-terms')),
    ...present('acmeWebsite', read('acme-website')),
    revocation: {
      crlValiditySeconds: required(read('crl-validity-seconds')),
      deltaValiditySeconds: required(read('crl-delta-validity-seconds')),
      crlPublishSeconds: required(read('crl-publish-seconds')),
      crlCacheSeconds: required(read('crl-cache-seconds')),
      ocspValiditySeconds: required(read('ocsp-validity-seconds')),
      ocspCacheSeconds: required(read('ocsp-cache-seconds')),
      neverIssued: required(read('ocsp-never-issued')),
    },
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

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a key without default');
  return value;
}

function present<Name extends string, T>(name: Name, value: T | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: T };
}
