// Starts the program: finds a Node 26, switches the compile cache on, and hands over to the entry point.
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { become } from './child.mjs';
import { ensureNode, SetupError, setUp } from './setup.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LAUNCHER = join(ROOT, 'bin', 'sealyard');
// In the tree the program runs from its source; what npm installs has only the built one (Node refuses to strip
// types below node_modules).
const SOURCE = join(ROOT, 'src', 'cli', 'entry.ts');
const BUILT = join(ROOT, 'dist', 'cli', 'entry.js');
const IN_TREE = existsSync(SOURCE);

/** Runs `sealyard` with these arguments: in this process where its Node is new enough, else in a child. */
export async function launch(args) {
  endWithParent();
  const node = await orExplain(() => (IN_TREE ? setUp(ROOT) : ensureNode(join(userCache(), 'node'))));
  if (node === undefined) return;
  if (node !== process.execPath) return become(node, [LAUNCHER, ...args]);
  process.argv = [node, LAUNCHER, ...args];
  const cache = await privateFolder(IN_TREE ? join(ROOT, '.cache', 'compile') : join(userCache(), 'compile'));
  if (cache !== undefined) {
    module.enableCompileCache(cache);
    // Worker threads read it when they start; without it each would compile its modules again.
    process.env.NODE_COMPILE_CACHE = cache;
  }
  await import(pathToFileURL(IN_TREE ? SOURCE : BUILT).href);
}

// npm puts a shell between itself and us, and a signal to npm ends the shell alone: whoever stopped `npm start` would
// leave the yard running. So what `npm start` or `npx` started ends when its parent is gone.
function endWithParent() {
  if (!['start', 'npx'].includes(process.env.npm_lifecycle_event ?? '')) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    // Once: a second signal would cut the orderly end short.
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250).unref();
}

/** What `work` gives; `undefined` after a failed set-up was explained and the exit status set. */
export async function orExplain(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`sealyard set-up: ${error.message}\n`);
    // `could not tell`: nothing was run.
    process.exitCode = 3;
    return undefined;
  }
}

// Whoever can write into the compile cache can make us run code, so a folder that is not ours alone is not used.
async function privateFolder(path) {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (process.platform === 'win32') return path;
    const stat = await lstat(path);
    if (!stat.isDirectory() || stat.uid !== process.getuid()) return undefined;
    if ((stat.mode & 0o077) !== 0) await chmod(path, 0o700);
    return path;
  } catch {
    // A read-only tree or home costs a second at start, nothing else.
    return undefined;
  }
}

function userCache() {
  const base =
    process.platform === 'win32'
      ? (process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
      : process.platform === 'darwin'
        ? join(homedir(), 'Library', 'Caches')
        : process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'sealyard');
}
