// Runs npm itself (no package manager of our own): finds its program and keeps its chatter unless it fails.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

// What npm tells the scripts that it runs and what would mislead an npm below it about where it stands.
const MISLEADING =
  /^npm_(package_|lifecycle_|command$|config_(global$|location$|local_prefix$|prefix$|omit$|include$|ignore_scripts$))/i;

/** npm failed; `output` is what it said. */
export class NpmError extends Error {
  constructor(message, output) {
    super(message);
    this.name = 'NpmError';
    this.output = output;
  }
}

/**
 * `npm ci` in `directory`: exactly what the lock file says, integrity checked by npm, no install scripts.
 * It runs on the Node that this npm came with: an old npm on a new Node is a pair that nobody tests.
 * @throws NpmError
 */
export async function npmCi(directory, extraArguments = []) {
  const npm = findNpm();
  if (npm === undefined) throw new NpmError('npm is not installed', '');
  const args = [npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier'];
  args.push('--engine-strict=false', '--loglevel=error', ...extraArguments);
  const { code, output } = await run(process.execPath, args, directory);
  if (code !== 0) throw new NpmError(`npm ci ended with status ${code}`, output);
}

function findNpm() {
  const told = process.env.npm_execpath;
  const beside = dirname(process.execPath);
  const candidates = [
    told !== undefined && /npm-cli\.[cm]?js$/.test(told) ? told : undefined,
    join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...(process.env.PATH ?? '').split(delimiter).map(npmOfPath),
  ];
  return candidates.find((candidate) => candidate !== undefined && existsSync(candidate));
}

// On a path, `npm` is a link to npm-cli.js or a wrapper that stands in its folder.
function npmOfPath(directory) {
  const link = join(directory, 'npm');
  if (!existsSync(link)) return undefined;
  const target = realpathSync(link);
  return target.endsWith('npm-cli.js') ? target : join(dirname(target), 'npm-cli.js');
}

function run(program, args, directory) {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !MISLEADING.test(name)),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: directory,
      // A set-up with NODE_ENV=production would leave out what the tests need.
      env: { ...environment, NODE_ENV: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-8_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}
