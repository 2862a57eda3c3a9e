// Reads the policy document that a command was given, with the public URL of the yard that it belongs to.
import { SealyardError } from '../ground/errors.ts';
import { loadPolicy } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import type { CliContext } from './context.ts';
import { readText } from './files.ts';
import { yardAddress } from './yard.ts';

const MAX_POLICY_BYTES = 1024 * 1024;

/** @throws SealyardError `SY-POLICY-INVALID`, `SY-CLI-FILE`, `SY-CLI-NO-YARD` */
export function loadPolicyFile(context: CliContext): Policy {
  const text = readText(context.policyFile, MAX_POLICY_BYTES);
  return loadPolicy(text, { publicUrl: publicUrlOf(context), development: true, file: context.policyFile });
}

// Tokens are for the yard's URL unless the document says otherwise; a verification without a yard has no tokens to
// judge, so any URL will do there.
function publicUrlOf(context: CliContext): string {
  try {
    return yardAddress(context).url;
  } catch (error) {
    if (error instanceof SealyardError) return 'https://127.0.0.1:8443';
    throw error;
  }
}
