// Gets a program from a Debian suite without touching the system: apt with folders of its own checks the archive's
// signature and downloads, dpkg unpacks beside. Cached below .cache/clients by package, suite and version.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Installed, runProgram } from './client.ts';

export interface DebianPackage {
  readonly package: string;
  /** The version that the tests were written against, and the SHA-256 of its package by Debian architecture or `all`. */
  readonly version: string;
  readonly sha256: Readonly<Record<string, string>>;
}

export interface DebianProgram extends DebianPackage {
  /** `sid`, `bookworm`…; `undefined`: the suite that this machine runs. */
  readonly suite: string | undefined;
  /** Inside the package. */
  readonly binary: string;
  /** Packages of the same suite that it needs beside it, unpacked into the same tree. */
  readonly also?: readonly DebianPackage[];
}

const CACHE = resolve('.cache', 'clients');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Installs once; afterwards answers from the cache. Where the suite has moved on from the pinned version, what it has
 * now is taken (apt has checked it against the archive's signature) with a warning, since a suite keeps one version.
 */
export async function installFromDebian(program: DebianProgram): Promise<Installed> {
  const missing = whatIsMissing();
  if (missing !== undefined) return { skip: `${program.package} comes from Debian packages and ${missing}` };
  const suite = program.suite ?? suiteOfMachine();
  const cached = readCache(program, suite);
  if (cached !== undefined) return cached;
  const work = join(CACHE, `${program.package}.${process.pid}`);
  try {
    const packages = [program, ...(program.also ?? [])];
    await fetchLists(suite, work);
    const tree = join(work, 'tree');
    const versions: string[] = [];
    for (const wanted of packages) {
      const file = await download(wanted.package, suite, work);
      versions.push(checkPackage(wanted, file));
      await runProgram('dpkg', ['-x', file, tree]);
    }
    return keep(program, suite, versions[0] ?? program.version, tree);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux') return `this machine runs ${process.platform}`;
  for (const need of ['/usr/bin/apt-get', '/usr/bin/dpkg', KEYRING]) {
    if (!existsSync(need)) return `this machine has no ${need}`;
  }
  return undefined;
}

function suiteOfMachine(): string {
  return /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
}

async function fetchLists(suite: string, work: string): Promise<void> {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'etc', 'archives']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  writeFileSync(join(work, 'etc', 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror()} ${suite} main\n`);
  await runProgram('apt-get', [...aptOptions(work), '-qq', 'update']);
}

function aptOptions(work: string): string[] {
  return [
    `Dir::Etc::SourceList=${join(work, 'etc', 'sources.list')}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State::Lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'Acquire::Retries=3',
    // The folder is ours; the user `_apt` cannot write there.
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
}

/** Path of the package's file. */
async function download(name: string, suite: string, work: string): Promise<string> {
  const folder = join(work, 'archives', name);
  mkdirSync(folder);
  await runProgram('apt-get', [...aptOptions(work), '-qq', 'download', name], { cwd: folder });
  const [file] = readdirSync(folder);
  if (file === undefined) throw new Error(`apt-get downloaded no package ${name} of ${suite}`);
  return join(folder, file);
}

// The mirror that this machine uses, so that a network with one of its own works.
function mirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).map((f) => join(folder, f)) : []),
  ];
  const text = files
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const found = /^(?!\s*#).*?(https?:\/\/\S+\/debian\/?)(?=\s|$)/m.exec(text)?.[1];
  if (found === undefined) throw new Error('no Debian mirror stands in the sources of apt');
  return found;
}

function checkPackage(program: DebianPackage, file: string): string {
  const [, version = '', architecture = ''] =
    /_(.+)_(\w+)\.deb$/.exec(decodeURIComponent(basename(file))) ?? [];
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  const pinned = program.sha256[architecture];
  if (version === program.version && pinned !== undefined && pinned !== digest) {
    throw new Error(`${basename(file)} has SHA-256 ${digest}; pinned is ${pinned}`);
  }
  if (version !== program.version || pinned === undefined) {
    process.stderr.write(
      `warning: ${program.package} is pinned at ${program.version}; got ${version} ${digest}\n`,
    );
  }
  return version;
}

interface CacheNote {
  readonly version: string;
  /** Of the pin when it was installed: a new pin is a new installation. */
  readonly pinned: string;
}

function placeOf(program: DebianProgram, suite: string): string {
  return join(CACHE, `${program.package}-${suite}`);
}

function keep(program: DebianProgram, suite: string, version: string, tree: string): Installed {
  const place = placeOf(program, suite);
  const note: CacheNote = { version, pinned: program.version };
  writeFileSync(join(tree, 'note.json'), JSON.stringify(note));
  rmSync(place, { recursive: true, force: true });
  renameSync(tree, place);
  return { path: join(place, program.binary), version };
}

function readCache(program: DebianProgram, suite: string): Installed | undefined {
  const place = placeOf(program, suite);
  if (!existsSync(join(place, 'note.json'))) return undefined;
  const note = JSON.parse(readFileSync(join(place, 'note.json'), 'utf8')) as CacheNote;
  if (note.pinned !== program.version) return undefined;
  return { path: join(place, program.binary), version: note.version };
}
