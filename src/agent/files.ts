// Writes what programs read: each file whole or not at all, with its mode and owner from the first moment.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { encodePem } from '../formats/pem.ts';
import { encodePkcs12 } from '../formats/pkcs12.ts';
import { equalBytes, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Random } from '../ground/ports.ts';
import type { FileConfig } from './config.ts';

/** A certificate with everything that goes into files. */
export interface Material {
  readonly name: string;
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
  /** DER, leaf first. */
  readonly chain: readonly [Uint8Array, ...Uint8Array[]];
}

const MAX_PASSWORD_BYTES = 1024;

/**
 * Makes the files say what they should; those that do already are left alone.
 * @returns the paths that were written
 * @throws SealyardError `SY-AGENT-FILES`
 */
export function writeFiles(files: readonly FileConfig[], material: Material, random: Random): string[] {
  const written: string[] = [];
  for (const file of files) {
    try {
      if (writeWhere(file, material, random)) written.push(file.path);
    } catch (error) {
      if (error instanceof SealyardError) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
      throw new SealyardError('SY-AGENT-FILES', `${file.path}: ${code}`, { cause: error });
    }
  }
  return written;
}

function writeWhere(file: FileConfig, material: Material, random: Random): boolean {
  const owner = file.owner === undefined ? undefined : ownerOf(file.owner);
  if (file.content === 'pkcs12' || file.content === 'truststore') {
    // Salts are new each time: the file tells by its own age whether it is of this certificate, by a mark beside it.
    const mark = markOf(file, material);
    if (isCurrent(`${file.path}.sealyard`, toUtf8(mark), 0o600) && exists(file.path)) return false;
    replaceFile(file.path, storeOf(file, material, random), file.mode, owner);
    replaceFile(`${file.path}.sealyard`, toUtf8(mark), 0o600, undefined);
    return true;
  }
  const bytes = toUtf8(textOf(file.content, material));
  if (isCurrent(file.path, bytes, file.mode)) return false;
  replaceFile(file.path, bytes, file.mode, owner);
  return true;
}

function textOf(
  content: 'certificate' | 'chain' | 'fullchain' | 'key' | 'combined',
  material: Material,
): string {
  const [leaf, ...issuers] = material.chain.map((der) => encodePem('CERTIFICATE', der));
  const key = () => encodePem('PRIVATE KEY', material.privateKey);
  switch (content) {
    case 'certificate':
      return leaf ?? '';
    case 'chain':
      return issuers.join('');
    case 'fullchain':
      return [leaf, ...issuers].join('');
    case 'key':
      return key();
    case 'combined':
      return [key(), leaf, ...issuers].join('');
  }
}

function storeOf(file: FileConfig, material: Material, random: Random): Uint8Array {
  const password = passwordOf(file.passwordFile ?? '');
  const { privateKey, chain, name } = material;
  if (file.content === 'pkcs12')
    return encodePkcs12({ entry: { privateKey, chain, name } }, password, random);
  const issuers = chain.length > 1 ? chain.slice(1) : chain;
  const trusted = issuers.map((certificate, i) => ({ certificate, name: `${name}-issuer-${i + 1}` }));
  return encodePkcs12({ trusted }, password, random);
}

function passwordOf(path: string): string {
  const text = readFileSync(path, 'utf8');
  if (text.length > MAX_PASSWORD_BYTES) throw new SealyardError('SY-AGENT-FILES', `${path}: too long`);
  return text.replace(/\r?\n$/, '');
}

function markOf({ content }: FileConfig, { chain }: Material): string {
  return `${content}\n${chain.map((der) => encodePem('CERTIFICATE', der)).join('')}`;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isCurrent(path: string, bytes: Uint8Array, mode: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.size !== bytes.length || (found.mode & 0o777) !== mode) return false;
  return equalBytes(new Uint8Array(readFileSync(path)), bytes);
}

/** Beside the file, then in its place: a reader sees the old one or the new one, and so does a start after a crash. */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  mode: number,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.sealyard-new`);
  rmSync(temporary, { force: true });
  // Exclusive: nobody's link is followed. The mode is set before there is anything to read.
  const file = openSync(temporary, 'wx', mode & 0o600);
  try {
    fchmodSync(file, mode);
    if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(folder);
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** `user`, `user:group`, `:group` or numbers; names are looked up by the system's own programs, so that LDAP counts. */
function ownerOf(text: string): { readonly uid: number; readonly gid: number } {
  const [user = '', group] = text.split(':', 2);
  const uid = user === '' ? process.getuid?.() : numberOf(user, ['id', '-u', '--', user]);
  const gid =
    group !== undefined
      ? numberOf(group, ['getent', 'group', group])
      : user === ''
        ? process.getgid?.()
        : numberOf('', ['id', '-g', '--', user]);
  if (uid === undefined || gid === undefined)
    throw new SealyardError('SY-AGENT-FILES', `no such owner: ${text}`);
  return { uid, gid };
}

function numberOf(text: string, [program = '', ...args]: readonly string[]): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  try {
    const answer = execFileSync(program, args, {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const number = program === 'getent' ? answer.split(':')[2] : answer.trim();
    return number !== undefined && /^\d{1,10}$/.test(number) ? Number(number) : undefined;
  } catch {
    return undefined;
  }
}
