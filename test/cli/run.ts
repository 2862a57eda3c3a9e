// Runs the program in this process with streams of its own, as `bin/sealyard` does.
import { main } from '../../src/cli/main.ts';

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** The program with these arguments, no terminal and no environment but the one given. */
export async function sealyard(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const status = await main(args, {
    environment,
    isTerminal: false,
    streams: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
    },
  });
  return { status, out, err };
}

/** The one object that `--json` printed; fails for anything before or after it. */
export function onlyObject(ran: Ran): Readonly<Record<string, unknown>> {
  const lines = ran.out.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`not one line: ${ran.out}`);
  return JSON.parse(lines[0] ?? '') as Readonly<Record<string, unknown>>;
}
