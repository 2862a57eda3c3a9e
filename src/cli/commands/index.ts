// Every command, in the order that `--help` lists them: the order of the story.
import type { CommandSpec } from '../command.ts';
import { accountCommand } from './account.ts';
import { admitCommand } from './admit.ts';
import { agentCommand, renewCommand } from './agent.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { caCommand } from './ca.ts';
import { configCommand } from './config.ts';
import { issueCommand } from './issue.ts';
import { keyCommand } from './key.ts';
import { policyCommand } from './policy.ts';
import { revokeCommand } from './revoke.ts';
import { attestCommand, signCommand } from './sign.ts';
import { statusCommand } from './status.ts';
import { tokenCommand } from './token.ts';
import { tourCommand } from './tour.ts';
import { trustCommand } from './trust.ts';
import { upCommand } from './up.ts';
import { verifyCommand } from './verify.ts';
import { whyCommand } from './why.ts';

export const COMMANDS: readonly CommandSpec[] = [
  upCommand,
  tourCommand,
  statusCommand,
  tokenCommand,
  accountCommand,
  revokeCommand,
  keyCommand,
  signCommand,
  attestCommand,
  verifyCommand,
  admitCommand,
  whyCommand,
  issueCommand,
  renewCommand,
  agentCommand,
  policyCommand,
  trustCommand,
  caCommand,
  configCommand,
  backupCommand,
  restoreCommand,
];
