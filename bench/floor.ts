// The floors: what the cryptography alone costs on this machine, on the core that the server runs on.
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { timeOf } from './row.ts';

export interface CryptoCosts {
  /** Milliseconds for one P-256 signature, one P-256 verification, one RS256 verification (a CI job's token). */
  readonly signMs: number;
  readonly verifyMs: number;
  readonly tokenMs: number;
}

export function cryptoCosts(): CryptoCosts {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const message = createHash('sha512').update('a message of the size of a certificate').digest();
  const signature = sign('sha256', message, ec.privateKey);
  const tokenSignature = sign('sha256', message, rsa.privateKey);
  return {
    signMs: timeOf(() => sign('sha256', message, ec.privateKey)),
    verifyMs: timeOf(() => verify('sha256', message, ec.publicKey, signature)),
    tokenMs: timeOf(() => verify('sha256', message, rsa.publicKey, tokenSignature)),
  };
}

/** How long a commit's sync takes in this folder: 16 KiB written and fdatasync. */
export function syncMs(folder: string): number {
  const path = `${folder}/sync-probe`;
  const file = openSync(path, 'w');
  const page = new Uint8Array(16_384);
  try {
    return timeOf(() => {
      writeSync(file, page);
      fdatasyncSync(file);
    });
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
