// Questions to recursive resolvers, one socket for each: what `dns.Resolver` hides (flags of odd CAA tags, the chain of
// aliases, which server said what) is evidence here, and a forged answer has to guess id, port and letters' case.
import { getServers } from 'node:dns';
import { isIP, isIPv6 } from 'node:net';
import { SealyardError } from '../ground/errors.ts';
import type { Random } from '../ground/ports.ts';
import { ask, type DnsServer } from './dns-exchange.ts';
import type { DnsMessage, DnsRecord, DnsType } from './dns-message.ts';

const ROUNDS = 2;
const MAX_ALIASES = 10;
const NO_ERROR = 0;
const FORMAT_ERROR = 1;
const NO_SUCH_NAME = 3;
const NOT_IMPLEMENTED = 4;
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export interface DnsAnswer {
  /** Of the type that was asked for, at the end of the chain of aliases; may be empty. */
  readonly records: readonly DnsRecord[];
  /** The names that the question was led to by CNAME, in order. */
  readonly aliases: readonly string[];
  readonly exists: boolean;
  /** `address:port` of the resolver that answered. */
  readonly server: string;
  readonly authenticated: boolean;
}

/** Safe to use concurrently; keeps nothing between questions. */
export interface DnsClient {
  /**
   * A name without such records is an answer, an error is not.
   * @throws SealyardError `SY-REACH-DNS`; the signal's reason when aborted
   */
  query(name: string, type: DnsType, signal: AbortSignal): Promise<DnsAnswer>;
}

/**
 * @param servers `address`, `address:port` or `[address]:port`; empty: the resolvers of this machine
 * @throws SealyardError `SY-REACH-DNS` where one is not written so
 */
export function createDnsClient(o: {
  readonly servers: readonly string[];
  readonly random: Random;
}): DnsClient {
  const servers = (o.servers.length === 0 ? getServers() : o.servers).map(readServer);
  return {
    query: (name, type, signal) => followAliases({ servers, random: o.random, type, signal }, name),
  };
}

interface Lookup {
  readonly servers: readonly DnsServer[];
  readonly random: Random;
  readonly type: DnsType;
  readonly signal: AbortSignal;
}

function readServer(text: string): DnsServer {
  const [, bracketed, plain, digits = '53'] =
    /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  const port = Number(digits);
  if (isIP(address) === 0 || port === 0 || port > 65_535)
    throw new SealyardError('SY-REACH-DNS', `not a resolver's address: ${text.slice(0, 80)}`);
  return { address, port };
}

function serverText(server: DnsServer): string {
  return isIPv6(server.address) ? `[${server.address}]:${server.port}` : `${server.address}:${server.port}`;
}

/** Most resolvers answer with the whole chain; where one stops at an alias, its target is asked for. */
async function followAliases(lookup: Lookup, name: string): Promise<DnsAnswer> {
  const aliases: string[] = [];
  for (let asked = name.toLowerCase(); ; ) {
    const { message, server } = await askAll(lookup, asked);
    const end = walk(asked, message.answers, aliases);
    const records = message.answers.filter((r) => r.type === lookup.type && r.name === end);
    const exists = message.rcode !== NO_SUCH_NAME;
    if (records.length > 0 || end === asked || message.denied || !exists)
      return { records, aliases, exists, server, authenticated: message.authenticated };
    asked = end;
  }
}

/** Follows the aliases within one answer and notes them. @returns the name at the end */
function walk(from: string, answers: readonly DnsRecord[], aliases: string[]): string {
  for (let at = from; ; ) {
    const alias = answers.find((record) => record.type === 'CNAME' && record.name === at);
    if (alias?.type !== 'CNAME') return at;
    if (aliases.includes(alias.target) || alias.target === from || aliases.length >= MAX_ALIASES)
      throw new SealyardError('SY-REACH-DNS', `${from}: too many aliases, or a loop of them`);
    aliases.push(alias.target);
    at = alias.target;
  }
}

/** Each server in turn, twice; only an answer of "yes" or "no such name" is believed. */
async function askAll(lookup: Lookup, name: string): Promise<{ message: DnsMessage; server: string }> {
  let last = new SealyardError('SY-REACH-DNS', `${name} ${lookup.type}: there is no resolver`);
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of lookup.servers) {
      lookup.signal.throwIfAborted();
      const told = await askOne(lookup, server, name).catch((error: unknown) => {
        lookup.signal.throwIfAborted();
        return error instanceof SealyardError ? (error.detail ?? '') : 'cannot be reached';
      });
      if (typeof told !== 'string') return { message: told, server: serverText(server) };
      last = new SealyardError('SY-REACH-DNS', `${name} ${lookup.type} at ${serverText(server)}: ${told}`);
    }
  }
  throw last;
}

/** @returns the answer, or why there is none that counts */
async function askOne(lookup: Lookup, server: DnsServer, name: string): Promise<DnsMessage | string> {
  let message = await ask({ ...lookup, name, server, edns: true });
  // RFC 6891 §7: a server that does not know EDNS says so in one of these ways.
  if (message.rcode === FORMAT_ERROR || message.rcode === NOT_IMPLEMENTED)
    message = await ask({ ...lookup, name, server, edns: false });
  if (message.rcode === NO_ERROR || message.rcode === NO_SUCH_NAME) return message;
  return RCODES[message.rcode] ?? `error ${message.rcode}`;
}
