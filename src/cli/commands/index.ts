// Every command, in the order that `--help` lists them: the order of the story.
import type { CommandSpec } from '../command.ts';
import { upCommand } from './up.ts';

export const COMMANDS: readonly CommandSpec[] = [upCommand];
