// What a scenario wants of an ACME server, whichever it is: a yard, or Pebble to see that the scenario itself is right.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Laboratory } from './laboratory.ts';

export interface Binding {
  readonly keyId: string;
  /** base64url */
  readonly hmacKey: string;
}

export interface AcmeServer extends AsyncDisposable {
  readonly name: 'sealyard' | 'pebble';
  /** URL */
  readonly directory: string;
  /** PEM file of the roots that its certificates and its own listener lead to. */
  readonly rootsFile: string;
  readonly laboratory: Laboratory;
  /** A fresh external account binding. */
  bind(): Promise<Binding>;
  /** `certificate`: PEM file, leaf first. */
  isRevoked(certificate: string): Promise<boolean>;
  /** Makes the renewal information of a certificate (RFC 9773) say: now. */
  hurry(certificate: string): Promise<void>;
}

/** A profile whose certificates live a minute, the least that a policy can say. */
export const SHORT_PROFILE = 'short';
export const SHORT_SECONDS = 60;

/** Opens the server that `SEALYARD_INTEROP_SERVER` names; a yard unless it says `pebble`. */
export async function openAcmeServer(): Promise<AcmeServer> {
  const wanted = process.env['SEALYARD_INTEROP_SERVER'] ?? 'sealyard';
  if (wanted === 'pebble') return (await import('./pebble-server.ts')).openPebble();
  return (await import('../acme-stage.ts')).openAcmeYard();
}

const execute = promisify(execFile);

/**
 * openssl's word on what a client was given: the chain leads to the roots and the leaf is for each of the names.
 * @throws with what openssl said
 */
export async function verifyChain(
  server: AcmeServer,
  o: { readonly certificate: string; readonly chain?: string; readonly names: readonly string[] },
): Promise<void> {
  const chain = o.chain ?? o.certificate;
  for (const name of o.names) {
    const host = /^[\d.]+$/.test(name)
      ? ['-verify_ip', name]
      : ['-verify_hostname', name.replace('*', 'any')];
    await execute('openssl', [
      'verify',
      '-x509_strict',
      '-CAfile',
      server.rootsFile,
      '-untrusted',
      chain,
      '-purpose',
      'sslserver',
      ...host,
      o.certificate,
    ]);
  }
}

/** Serial number of the first certificate of a PEM file, as openssl prints it (upper-case hex). */
export async function serialOf(certificate: string): Promise<string> {
  const { stdout } = await execute('openssl', ['x509', '-noout', '-serial', '-in', certificate]);
  return stdout.trim().replace('serial=', '');
}
