// The set-up step: Node 26 and the dependencies of the lock file, once; afterwards quick and silent.
// Plain JavaScript for any Node from 20, since it is what runs before the right one is there.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { NpmError, npmCi } from './npm.mjs';
import { NODE_MAJOR, NODE_VERSION, nodePackage, PLATFORM_NAMES } from './platforms.mjs';

/** The set-up cannot be done; the message is for a person. */
export class SetupError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}

const say = (text) => process.stderr.write(`sealyard set-up: ${text}\n`);
const STAMP = '.sealyard-setup';

/** Makes the tree at `root` ready to run and returns the path of the Node (26 or newer) to run it with. */
export async function setUp(root) {
  const node = await ensureNode(join(root, '.node'));
  await ensureDependencies(root);
  return node;
}

/**
 * The path of a Node 26 or newer: this process's own, else the one in `directory`, fetched at first use.
 * @throws SetupError
 */
export async function ensureNode(directory) {
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) return process.execPath;
  const wanted = nodePackage();
  if (wanted === undefined) throw new SetupError(noPackage());
  const modules = join(directory, 'node_modules');
  await once(modules, `${wanted.name}@${NODE_VERSION} ${wanted.integrity}`, `${directory}.lock`, async () => {
    say(`this machine has Node ${process.versions.node}; fetching Node ${NODE_VERSION} into ${directory}`);
    writeNodeProject(directory, wanted);
    await npmCi(directory);
  });
  return join(modules, wanted.name, ...wanted.binary.split('/'));
}

async function ensureDependencies(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const key = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}`;
  const modules = join(root, 'node_modules');
  await once(modules, key, join(root, '.cache', 'setup.lock'), async () => {
    if (npmSaysCurrent(modules, lock)) return;
    say('installing the dependencies of package-lock.json');
    await npmCi(root, ['--include=dev', '--include=optional']);
  });
}

/**
 * Runs `work` unless its stamp says that it was done for this key. npm empties the folder before it fills it, and
 * the stamp goes in last: an interrupted set-up has none and is redone. The lock makes concurrent set-ups wait.
 */
async function once(modules, key, lockPath, work) {
  if (stampOf(modules) === key) return;
  const waiting = () => say('waiting for another set-up of this tree to end');
  await withLock(
    lockPath,
    async () => {
      if (stampOf(modules) === key) return;
      try {
        await work();
      } catch (error) {
        throw error instanceof NpmError ? new SetupError(explain(error)) : error;
      }
      writeWhole(join(modules, STAMP), key);
    },
    waiting,
  );
}

function stampOf(modules) {
  try {
    return readFileSync(join(modules, STAMP), 'utf8');
  } catch {
    return undefined;
  }
}

// After somebody's own `npm install` the folder is right though our stamp is not: npm keeps a copy of the lock
// that it installed, written when it is done.
function npmSaysCurrent(modules, lock) {
  try {
    const installed = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages;
    return Object.entries(JSON.parse(lock).packages).every(
      ([path, entry]) => path === '' || entry.optional || installed[path]?.integrity === entry.integrity,
    );
  } catch {
    return false;
  }
}

// A project of one dependency with a lock file of our own: npm downloads it, checks the SHA-512 and unpacks it.
function writeNodeProject(directory, wanted) {
  const project = { name: 'sealyard-node', version: '1.0.0', private: true };
  const dependencies = { [wanted.name]: NODE_VERSION };
  const packages = {
    '': { ...project, dependencies },
    [`node_modules/${wanted.name}`]: { version: NODE_VERSION, integrity: wanted.integrity },
  };
  mkdirSync(directory, { recursive: true });
  const lock = { ...project, lockfileVersion: 3, requires: true, packages };
  writeWhole(join(directory, 'package.json'), JSON.stringify({ ...project, dependencies }, null, 2));
  writeWhole(join(directory, 'package-lock.json'), JSON.stringify(lock, null, 2));
}

function writeWhole(path, text) {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

function explain(error) {
  const unreachable =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network)\b/;
  const advice = unreachable.test(error.output)
    ? 'The npm registry cannot be reached. Check the network and the proxy, or point npm at a mirror\n(npm config set registry URL), and run the same command again.'
    : /\bEINTEGRITY\b/.test(error.output)
      ? 'What the registry sent is not what is pinned here, so it was not installed. Check the mirror or proxy in\nbetween (npm config get registry), and run the same command again.'
      : 'Run the same command again; if it fails again, what npm said is the place to look.';
  return `${error.message}.\n${indent(error.output.trim())}\n${advice}`;
}

function noPackage() {
  return (
    `Sealyard runs on Node ${NODE_MAJOR}; this is Node ${process.versions.node}, and there is no package of Node\n` +
    `${NODE_MAJOR} for this platform (${process.platform}-${process.arch}; there is one for ${PLATFORM_NAMES.join(', ')}, glibc).\n` +
    `Install Node ${NODE_MAJOR} or newer and run the same command again.`
  );
}

function indent(text) {
  return text === '' ? '  (npm said nothing)' : text.replaceAll(/^/gm, '  ');
}
