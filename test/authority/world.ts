// A yard with its directory and ceremonies, and openssl as the rest of the world: another PKI, and a second opinion.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authority } from '../../src/authority/authority.ts';
import type { AuthorityDirectory } from '../../src/authority/directory.ts';
import type { Certificate } from '../../src/formats/x509/certificate.ts';
import { type Ceremonies, createCeremonies } from '../../src/issue/ceremonies/ceremonies.ts';
import { ensureDirectory } from '../../src/issue/ceremony.ts';
import { issue } from '../../src/issue/issue.ts';
import { prepare } from '../../src/issue/prepare.ts';
import { certificatesPem } from '../../src/trust/pem.ts';
import { readPublicKey } from '../../src/verify/key.ts';
import { runProgram } from '../clients/client.ts';
import { HOST, openTestYard, type TestYard, type YardOptions } from '../issue/harness.ts';

export const ADMIN = { kind: 'identity', id: 'ada', issuer: 'yard' } as const;

export interface World {
  readonly yard: TestYard;
  readonly directory: AuthorityDirectory;
  readonly ceremonies: Ceremonies;
  close(): Promise<void>;
}

/** The yard's clock is a little ahead of the real time: openssl 3.0 makes certificates that begin now. */
export async function openWorld(o: YardOptions = {}): Promise<World> {
  const yard = await openTestYard(o);
  yard.clock.ms = Math.floor(Date.now() / 1000 + 60) * 1000;
  const directory = await ensureDirectory(yard.deps, HOST);
  const ceremonies = createCeremonies({ ...yard.deps, directory, organization: HOST });
  return { yard, directory, ceremonies, close: () => yard.close() };
}

export function authority(world: World, id: string): Authority {
  const found = world.directory.get(id);
  assert.ok(found, `no ${id}`);
  return found;
}

/** A server certificate of this authority. */
export async function leafOf(world: World, id: string, name = 'api.example'): Promise<Certificate> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const request = {
    profile: 'listener',
    authority: authority(world, id),
    publicKey: readPublicKey(spki),
    names: [{ type: 'dns', value: name }],
  } as const;
  return (await issue(prepare(request, world.yard.deps), world.yard.deps)).certificate;
}

/** A folder for openssl's files, gone after the work. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sealyard-authority-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What `openssl verify` says of a leaf below this chain, with its last certificate as the only trusted one. */
export function opensslVerify(
  world: World,
  leaf: Certificate,
  chain: readonly Certificate[],
): Promise<{ readonly ok: boolean; readonly text: string }> {
  return inFolder(async (folder) => {
    const file = async (name: string, certificates: readonly Certificate[]): Promise<string> => {
      const path = join(folder, name);
      await writeFile(path, certificatesPem(certificates));
      return path;
    };
    const anchor = chain.at(-1);
    assert.ok(anchor);
    const args = [
      'verify',
      '-x509_strict',
      ...['-attime', String(Math.floor(world.yard.clock.ms / 1000))],
      ...['-CAfile', await file('root.pem', [anchor])],
      ...(chain.length > 1 ? ['-untrusted', await file('chain.pem', chain.slice(0, -1))] : []),
      await file('leaf.pem', [leaf]),
    ];
    try {
      return { ok: true, text: (await runProgram('openssl', args)).stdout };
    } catch (error) {
      const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
      return { ok: false, text };
    }
  });
}

export async function opensslIn(folder: string, line: string): Promise<string> {
  return (await runProgram('openssl', line.split(' '), { cwd: folder })).stdout;
}
