// How the certificates are, as JSON, as text for people and as metrics; and the small listener that serves them.
import { createServer, type Server } from 'node:http';
import { SealyardError } from '../ground/errors.ts';
import type { JsonObject } from '../ground/json.ts';
import type { Address } from './config.ts';
import type { KeeperStatus } from './keeper.ts';

export function statusJson(all: readonly KeeperStatus[]): JsonObject & { readonly code: string } {
  return {
    code: all.every(({ state }) => state === 'good') ? 'SY-OK' : 'SY-AGENT-FAILING',
    certificates: all.map((one) => ({
      name: one.name,
      names: [...one.names],
      issuer: one.issuer,
      state: one.state,
      serial: one.serial ?? null,
      notAfter: one.notAfter?.toISOString() ?? null,
      renewAt: one.renewAt?.toISOString() ?? null,
      nextAt: one.nextAt.toISOString(),
      failures: one.failures,
      lastError:
        one.lastError === undefined
          ? null
          : { code: one.lastError.code, message: one.lastError.message, at: one.lastError.at.toISOString() },
    })),
  };
}

/** A line a certificate, the ones in trouble first. */
export function statusText(all: readonly KeeperStatus[], now: Date): string {
  const order = ['expired', 'at-risk', 'none', 'failing', 'good'];
  const sorted = [...all].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return sorted.map((one) => lineOf(one, now)).join('\n');
}

function lineOf(one: KeeperStatus, now: Date): string {
  const parts = [`${one.state.padEnd(8)} ${one.name}`];
  if (one.notAfter !== undefined)
    parts.push(`${one.notAfter <= now ? 'ended' : 'ends'} ${spanText(one.notAfter, now)}`);
  if (one.renewAt !== undefined && one.failures === 0) parts.push(`renewed ${spanText(one.renewAt, now)}`);
  if (one.lastError !== undefined)
    parts.push(`${one.failures} failures, next try ${spanText(one.nextAt, now)}: ${one.lastError.message}`);
  return parts.join(', ');
}

function spanText(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  const size = Math.abs(seconds);
  const text =
    size < 120
      ? `${size} s`
      : size < 7200
        ? `${Math.round(size / 60)} min`
        : size < 172_800
          ? `${Math.round(size / 3600)} h`
          : `${Math.round(size / 86_400)} days`;
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}

/** Prometheus text format. */
export function metricsText(all: readonly KeeperStatus[]): string {
  const row = (name: string, one: KeeperStatus, value: number) =>
    `${name}{name="${one.name}",issuer="${one.issuer}"} ${value}`;
  const seconds = (date: Date | undefined) => (date === undefined ? 0 : Math.floor(date.getTime() / 1000));
  return [
    '# HELP sealyard_agent_certificate_not_after_seconds End of the certificate, Unix time; 0 where there is none.',
    '# TYPE sealyard_agent_certificate_not_after_seconds gauge',
    ...all.map((one) => row('sealyard_agent_certificate_not_after_seconds', one, seconds(one.notAfter))),
    '# HELP sealyard_agent_certificate_renew_seconds When it will be renewed, Unix time.',
    '# TYPE sealyard_agent_certificate_renew_seconds gauge',
    ...all.map((one) => row('sealyard_agent_certificate_renew_seconds', one, seconds(one.renewAt))),
    '# HELP sealyard_agent_certificate_failures Attempts that failed since the last success.',
    '# TYPE sealyard_agent_certificate_failures gauge',
    ...all.map((one) => row('sealyard_agent_certificate_failures', one, one.failures)),
    '# HELP sealyard_agent_certificate_at_risk 1 where it may end before a renewal succeeds, or has ended.',
    '# TYPE sealyard_agent_certificate_at_risk gauge',
    ...all.map((one) =>
      row('sealyard_agent_certificate_at_risk', one, ['at-risk', 'expired'].includes(one.state) ? 1 : 0),
    ),
    '',
  ].join('\n');
}

/** @throws SealyardError `SY-SERVER-ADDRESS` */
export function serveStatus(address: Address, all: () => readonly KeeperStatus[]): Promise<Server> {
  const pages: Readonly<Record<string, () => readonly [string, string]>> = {
    '/status': () => ['application/json', `${JSON.stringify(statusJson(all()))}\n`],
    '/metrics': () => ['text/plain; version=0.0.4', metricsText(all())],
    '/livez': () => ['text/plain', 'ok\n'],
  };
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    const page = request.method === 'GET' ? pages[request.url ?? ''] : undefined;
    const [type, body] = page?.() ?? ['text/plain', 'not found\n'];
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': type });
    response.end(body);
  });
  server.maxConnections = 100;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new SealyardError('SY-SERVER-ADDRESS', `${address.host}:${address.port}: ${error.code ?? 'failed'}`),
      ),
    );
    server.listen(address.port, address.host, () => resolve(server));
  });
}
