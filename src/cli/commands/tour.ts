// `sealyard tour`: watch a real image get a seal and an unsigned one be refused, in a throw-away yard.

import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { TourOptions } from '../tour.ts';

export const tourCommand: CommandSpec = {
  name: 'tour',
  summary: 'watch a real image get a seal and its unsigned twin be refused',
  description: 'watch a real image get a seal and its unsigned twin be refused, in a throw-away yard',
  examples: [
    'sealyard tour',
    'sealyard tour --keep ./tour-yard                 the yard stays, to repeat each step by hand',
    'sealyard tour --registry localhost:5000 --json   the images go to that registry',
  ],
  define(command, run) {
    command
      .option('--keep <dir>', 'keep the yard in this empty folder')
      .option('--registry <host>', 'push the images to this registry; default: an OCI layout folder')
      .action(run(tour));
  },
};

async function tour(
  context: CliContext,
  _args: readonly string[],
  options: TourOptions,
): Promise<ExitStatus> {
  const { runTour } = await import('../tour.ts');
  const result = await runTour(context, options);
  context.output.result(result, '');
  return EXIT.done;
}
