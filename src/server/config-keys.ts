// The keys of the configuration, each once: what it is for, its default as text, and how its text becomes a value.
import { z } from 'zod';
import type { ListenAddress } from './config.ts';

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

/** Texts with commas between them; none for an empty one. */
const list = z.string().transform((text) => splitList(text, ','));
const limit = z
  .string()
  .transform((text, context) => parseLimit(text) ?? fault(context, 'COUNT:PER-SECOND, such as 200:0.1'));

interface Key {
  readonly describe: string;
  /** As text, the way a person would write it; `undefined` where the default depends on other keys. */
  readonly default: string | undefined;
  readonly schema: z.ZodType;
}

/** Each key once. The order is that of `config show --explain`. */
export const KEYS = {
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
  'challenge-resolvers': {
    describe:
      'resolvers that ACME validation asks, as address:port, comma between them (default: the machine’s)',
    default: '',
    schema: list,
  },
  'challenge-perspectives': {
    describe: 'further sets of resolvers that must agree; semicolon between sets, comma within',
    default: '',
    schema: z.string().transform((text) => splitList(text, ';').map((set) => splitList(set, ','))),
  },
  'challenge-http-port': {
    describe: 'port that http-01 connects to',
    default: '80',
    schema: count(1, 65_535),
  },
  'challenge-tls-port': {
    describe: 'port that tls-alpn-01 connects to',
    default: '443',
    schema: count(1, 65_535),
  },
  'challenge-allow-networks': {
    describe: 'networks (CIDR) that validation may reach though they are not public, comma between them',
    default: '',
    schema: list,
  },
  'challenge-timeout-seconds': {
    describe: 'how long one validation may take',
    default: '10',
    schema: count(1, 120),
  },
  'acme-issuer-domains': {
    describe:
      'our names in CAA and dns-persist-01 records, comma between them (default: host of the public URL)',
    default: '',
    schema: list,
  },
  'acme-terms': {
    describe: 'URL of terms of service that an ACME account must agree to',
    default: undefined,
    schema: z.url(),
  },
  'acme-website': { describe: 'URL of a page about this authority', default: undefined, schema: z.url() },
  'acme-binding-required': {
    describe: 'whether every ACME account needs an external account binding',
    default: 'false',
    schema: onOff,
  },
  'limit-accounts-by-address': {
    describe: 'new ACME accounts of an address: how many at once, and how many a second from then on',
    default: '500:1',
    schema: limit,
  },
  'limit-orders-by-account': { describe: 'orders of an account', default: '10000:500', schema: limit },
  'limit-orders-by-identity': { describe: 'orders of an identity', default: '50000:2000', schema: limit },
  'limit-orders-by-name': { describe: 'orders for a name', default: '200:0.1', schema: limit },
  'limit-orders-by-address': { describe: 'orders from an address', default: '50000:2000', schema: limit },
  'crl-validity-seconds': {
    describe: 'from thisUpdate to nextUpdate of a complete CRL; it is signed again at half of it',
    default: '86400',
    schema: count(60, 31_536_000),
  },
  'crl-delta-validity-seconds': {
    describe: 'the same for delta CRLs',
    default: '21600',
    schema: count(60, 31_536_000),
  },
  'crl-publish-seconds': {
    describe: 'a revocation is in its CRL after at most this',
    default: '1',
    schema: count(0, 3600),
  },
  'crl-cache-seconds': {
    describe: 'how long caches may keep a CRL',
    default: '60',
    schema: count(0, 86_400),
  },
  'ocsp-validity-seconds': {
    describe: 'from thisUpdate to nextUpdate of an OCSP answer',
    default: '14400',
    schema: count(60, 604_800),
  },
  'ocsp-cache-seconds': {
    describe: 'how long caches may keep an OCSP answer',
    default: '60',
    schema: count(0, 86_400),
  },
  'ocsp-never-issued': {
    describe: 'what OCSP says of serials that were never issued',
    default: 'unknown',
    schema: z.enum(['unknown', 'revoked']),
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

function splitList(text: string, mark: string): string[] {
  return text
    .split(mark)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseLimit(text: string): { readonly burst: number; readonly perSecond: number } | undefined {
  const [, burst, perSecond] = /^(\d{1,9}):(\d{1,9}(?:\.\d{1,6})?)$/.exec(text) ?? [];
  return burst === undefined || perSecond === undefined || Number(perSecond) === 0
    ? undefined
    : { burst: Number(burst), perSecond: Number(perSecond) };
}
