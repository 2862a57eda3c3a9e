// A laboratory for validation: a DNS server, a validator that asks it and may reach one loopback address, and targets.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { TestContext } from 'node:test';
import {
  type ChallengeConfig,
  createValidator,
  type ValidationResult,
  type ValidationTarget,
  type Validator,
} from '../../src/challenge/validator.ts';
import type { ChallengeType, RequestedName } from '../../src/policy/issuance.ts';
import { DnsServer } from '../driver/dns-server.ts';

export const NOW = new Date('2026-07-01T12:00:00Z');
export const ACCOUNT = 'https://ca.example/acme/account/1';
export const THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

export const random = { bytes: (size: number): Uint8Array => new Uint8Array(randomBytes(size)) };
export const clock = { now: (): Date => NOW };

export function config(changes: Partial<ChallengeConfig> = {}): ChallengeConfig {
  return {
    resolvers: [],
    perspectives: [],
    httpPort: 80,
    tlsPort: 443,
    allow: ['public'],
    allowNetworks: ['127.0.0.1/32'],
    timeoutMs: 2000,
    issuerDomains: ['ca.example'],
    ...changes,
  };
}

export async function dnsServer(t: TestContext): Promise<DnsServer> {
  const server = await DnsServer.start();
  t.after(() => server.close());
  return server;
}

export interface Lab {
  readonly dns: DnsServer;
  readonly validator: Validator;
}

/** A validator that asks one DNS server of its own. */
export async function lab(t: TestContext, changes: Partial<ChallengeConfig> = {}): Promise<Lab> {
  const dns = await dnsServer(t);
  return { dns, validator: validatorFor({ resolvers: [dns.address], ...changes }) };
}

export function validatorFor(changes: Partial<ChallengeConfig>): Validator {
  return createValidator({ config: config(changes), clock, random });
}

export function target(
  type: ChallengeType,
  identifier: string | RequestedName,
  changes: Partial<ValidationTarget> = {},
): ValidationTarget {
  const token = randomBytes(16).toString('base64url');
  return {
    type,
    identifier: typeof identifier === 'string' ? { type: 'dns', value: identifier } : identifier,
    wildcard: false,
    token,
    keyAuthorization: `${token}.${THUMBPRINT}`,
    accountUri: ACCOUNT,
    ...changes,
  };
}

export function digestOf(asked: ValidationTarget): string {
  return createHash('sha256').update(asked.keyAuthorization).digest('base64url');
}

/** `valid`, or the code and detail of the failure, for one assertion over both. */
export function verdict(result: ValidationResult): string {
  return result.valid ? 'valid' : `${result.code} ${result.retry ? 'retry' : 'final'} ${result.detail}`;
}

/** A port on which nothing listens: one that was just given back. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  return port;
}

/** @returns the port */
export async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
