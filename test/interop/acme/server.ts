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
  /** What the server says of it to those who ask; `certificate`: PEM file, leaf first. */
  statusOf(certificate: string): Promise<'good' | 'revoked' | 'unknown'>;
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

/** Serial number of the first certificate of a PEM file, as openssl prints it (upper-case hex). */
export async function serialOf(certificate: string): Promise<string> {
  const { stdout } = await execute('openssl', ['x509', '-noout', '-serial', '-in', certificate]);
  return stdout.trim().replace('serial=', '');
}
