// Reads the trust material that a verification stands on: a trusted_root.json by flag, variable or data directory.
import { parseTrustedRoot } from '../formats/trusted-root.ts';
import { SealyardError } from '../ground/errors.ts';
import { parseJson } from '../ground/json.ts';
import { prepareTrust, type TrustMaterial } from '../verify/trust.ts';
import type { CliContext } from './context.ts';
import { readText } from './files.ts';

const MAX_TRUST_BYTES = 4 * 1024 * 1024;

/** @throws SealyardError `SY-CLI-NO-TRUST`, `SY-CLI-FILE`, or what is wrong with the document */
export function loadTrust(context: CliContext): TrustMaterial {
  if (context.trustFile === undefined) throw new SealyardError('SY-CLI-NO-TRUST');
  return prepareTrust(parseTrustedRoot(parseJson(readText(context.trustFile, MAX_TRUST_BYTES))));
}
