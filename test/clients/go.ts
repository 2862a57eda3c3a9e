// Builds Go programs from the module proxy, each once: cached below .cache/clients by module, version and Go release.
// Go itself is the machine's, or Debian's unpacked beside the system.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Client, type Installed, runProgram } from './client.ts';
import { installFromDebian } from './debian.ts';

export interface GoProgram {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** What go.sum says of the module (`h1:…`); the checksum database covers what it needs. */
  readonly sum: string;
  /** Package that is the program; or, with `source`, the folder of our own package main that uses the module. */
  readonly package?: string;
  readonly source?: string;
}

const CACHE = resolve('.cache', 'clients');
/** Older ones cannot build what stands in the proxy today. */
const LEAST_MINOR = 25;
const BUILD_TIMEOUT_MS = 1_500_000;

export const go: Client = { name: 'go', install };

/** The machine's Go where it is new enough, else Debian sid's (static but for the C library, about 250 MB unpacked). */
export async function install(): Promise<Installed> {
  const own = await versionOf('go').catch(() => undefined);
  if (own !== undefined && isNewEnough(own)) return { path: 'go', version: own };
  const installed = await installFromDebian({
    package: 'golang-1.27-go',
    suite: 'sid',
    version: GO_PACKAGE.version,
    sha256: { amd64: GO_PACKAGE.sha256 },
    binary: 'usr/lib/go-1.27/bin/go',
    also: [
      { package: 'golang-1.27-src', version: GO_PACKAGE.version, sha256: { all: GO_PACKAGE.sourceSha256 } },
    ],
  });
  if ('skip' in installed)
    return { skip: `there is no Go of 1.${LEAST_MINOR} or newer, and ${installed.skip}` };
  return { path: resolve(installed.path), version: await versionOf(resolve(installed.path)) };
}

const GO_PACKAGE = {
  version: '1.27.3-1',
  sha256: '0f1ab6483c3db98118aa1faf0365c368b5c07f2e449d8d8f3eba432004b5eee2',
  sourceSha256: 'a0a57e5e8c815b6deddaf007156594ccb3d8d08c9627303f4ae95eb9a9cba2c7',
};

/** Builds once; afterwards answers from the cache. */
export async function installGoProgram(program: GoProgram): Promise<Installed> {
  const compiler = await install();
  if ('skip' in compiler) return compiler;
  const place = join(CACHE, `go-${program.name}`);
  const built = join(place, program.name);
  const key = keyOf(program, compiler.version);
  const note = join(place, 'key');
  if (existsSync(built) && existsSync(note) && readFileSync(note, 'utf8') === key)
    return { path: built, version: program.version };
  const work = mkdtempSync(join(tmpdir(), 'sealyard-go-'));
  try {
    await build(program, compiler.path, work);
    mkdirSync(CACHE, { recursive: true });
    rmSync(place, { recursive: true, force: true });
    const fresh = `${place}.${process.pid}`;
    mkdirSync(fresh);
    cpSync(join(work, 'built'), join(fresh, program.name));
    writeFileSync(join(fresh, 'key'), key);
    renameSync(fresh, place);
    return { path: built, version: program.version };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

// A module whose go.mod has replace directives cannot be `go install`ed; as a dependency of another it can be built.
async function build(program: GoProgram, compiler: string, work: string): Promise<void> {
  const required = `require ${program.module} ${program.version}`;
  writeFileSync(join(work, 'go.mod'), `module built\n\ngo 1.${LEAST_MINOR}\n\n${required}\n`);
  if (program.source !== undefined) cpSync(program.source, work, { recursive: true });
  else writeFileSync(join(work, 'tools.go'), `package tools\n\nimport _ "${program.package}"\n`);
  const flags = ['-trimpath', '-ldflags=-s -w', '-o', 'built'];
  await runProgram(compiler, ['build', ...flags, program.package ?? '.'], {
    cwd: work,
    timeoutMs: BUILD_TIMEOUT_MS,
    environment: { ...goEnvironment(compiler), GOFLAGS: '-mod=mod -buildvcs=false', CGO_ENABLED: '0' },
  });
  checkSum(program, readFileSync(join(work, 'go.sum'), 'utf8'));
}

function checkSum(program: GoProgram, sums: string): void {
  const prefix = `${program.module} ${program.version} `;
  const sum = sums
    .split('\n')
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length);
  if (sum !== program.sum) throw new Error(`${prefix}has the sum ${sum}; pinned is ${program.sum}`);
}

function keyOf(program: GoProgram, compilerVersion: string): string {
  const source = program.source === undefined ? '' : readFileSync(join(program.source, 'main.go'), 'utf8');
  return createHash('sha256')
    .update(JSON.stringify([program, compilerVersion, source]))
    .digest('hex');
}

function goEnvironment(compiler: string): Record<string, string> {
  return compiler === 'go' ? {} : { GOROOT: dirname(dirname(compiler)), GOTOOLCHAIN: 'local' };
}

async function versionOf(compiler: string): Promise<string> {
  const { stdout } = await runProgram(compiler, ['env', 'GOVERSION'], {
    environment: goEnvironment(compiler),
  });
  return stdout.trim();
}

function isNewEnough(version: string): boolean {
  return Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0) >= LEAST_MINOR;
}
