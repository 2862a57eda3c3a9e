// Runs the commands of a how-to as they are printed, one heading after the other, in a folder and a home of their own.
// The first shell block holds the settings: in the place of the documented values the test puts its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { type Folder, temporaryFolder } from '../../driver/folder.ts';

const STEP_TIMEOUT_MS = 90_000;

export interface Guide extends Disposable {
  readonly folder: Folder;
  /** Headings that have commands, in order, without the settings. */
  readonly steps: readonly string[];
  /** Runs the commands below a heading. @throws with all that they wrote */
  run(heading: string): Promise<string>;
  /** Path of a file that the commands made, from the folder they ran in. */
  file(name: string): string;
}

export interface GuideOptions {
  /** `docs/how-to/NAME.md` */
  readonly name: string;
  /** Programs by the name that the commands call them by. */
  readonly programs: Readonly<Record<string, string>>;
  /** A value for each name that the settings export. */
  readonly settings: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export function openGuide(o: GuideOptions): Guide {
  const [settings, ...sections] = sectionsOf(readFileSync(join('docs', 'how-to', `${o.name}.md`), 'utf8'));
  demandSettings(o, settings?.script ?? '');
  const folder = temporaryFolder(`guide-${o.name}`);
  mkdirSync(folder.file('bin'));
  for (const [name, path] of Object.entries(o.programs))
    symlinkSync(path.includes('/') ? resolve(path) : path, folder.file(join('bin', name)));
  const environment = {
    PATH: `${folder.file('bin')}:${process.env['PATH'] ?? ''}`,
    HOME: folder.path,
    LC_ALL: 'C.UTF-8',
    ...o.settings,
    ...o.environment,
  };
  return {
    folder,
    steps: sections.map(({ heading }) => heading),
    run: (heading) => {
      const found = sections.find((section) => section.heading === heading);
      if (found === undefined) throw new Error(`docs/how-to/${o.name}.md has no commands below "${heading}"`);
      return runScript(found.script, folder, environment);
    },
    file: (name) => folder.file(name),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

interface Section {
  readonly heading: string;
  readonly script: string;
}

/** Shell blocks below the same heading are one script. */
function sectionsOf(markdown: string): Section[] {
  const sections: { heading: string; script: string }[] = [];
  const pattern = /^##? (.+)$|^```sh\n([\s\S]*?)^```$/gm;
  let heading = '';
  for (const [, title, script] of markdown.matchAll(pattern)) {
    if (title !== undefined) heading = title;
    else if (sections.at(-1)?.heading === heading) {
      const last = sections.at(-1);
      if (last !== undefined) last.script += script ?? '';
    } else sections.push({ heading, script: script ?? '' });
  }
  return sections;
}

function demandSettings(o: GuideOptions, script: string): void {
  const named = [...script.matchAll(/^export (\w+)=/gm)].map(([, name]) => name ?? '').sort();
  const given = Object.keys(o.settings).sort();
  if (named.join() !== given.join())
    throw new Error(
      `docs/how-to/${o.name}.md exports ${named.join(', ')}; the test knows ${given.join(', ')}`,
    );
}

// What a block exports holds in the next one too, as in the reader's shell. Output goes to a file: a program that the
// commands leave running would keep a pipe open.
async function runScript(script: string, folder: Folder, env: Record<string, string>): Promise<string> {
  const state = folder.file('.exported');
  const before = existsSync(state) ? `. ${state}\n` : '';
  writeFileSync(folder.file('.step'), `set -euo pipefail\n${before}${script}\nexport -p >${state}\n`);
  const output = openSync(folder.file('.output'), 'w');
  const child = spawn('bash', [folder.file('.step')], {
    cwd: folder.path,
    env,
    stdio: ['ignore', output, output],
    timeout: STEP_TIMEOUT_MS,
  });
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
  closeSync(output);
  const said = readFileSync(folder.file('.output'), 'utf8');
  if (status !== 0) throw new Error(`${script}\n(${status ?? signal})\n${said}`);
  return said;
}
