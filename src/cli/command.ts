// What a command of the program is: its words, its examples and its action.
import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import type { ExitStatus } from './exit.ts';

/** A command's action; the status it returns is the process's. */
export type Action<Options> = (
  context: CliContext,
  args: readonly string[],
  options: Options,
) => Promise<ExitStatus>;

/** One command of surface.md. `examples` are what `--help` teaches with. */
export interface CommandSpec {
  readonly name: string;
  /** For the list of commands: a few words. */
  readonly summary: string;
  /** For the command's own help: a sentence. */
  readonly description: string;
  readonly examples: readonly string[];
  /** Adds arguments and options, and calls `run` with the action. */
  readonly define: (command: Command, run: Runner) => void;
}

export type Runner = <Options>(action: Action<Options>) => (...args: unknown[]) => Promise<void>;
