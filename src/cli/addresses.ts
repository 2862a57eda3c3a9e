// What a running yard leaves in its data directory for the commands on the same machine: public values, and of a restored yard its token.
import { join } from 'node:path';
import type { JsonObject } from '../ground/json.ts';
import type { Yard } from '../server/yard.ts';
import { writeFileDurably } from './files.ts';
import { ROOTS_FILE, SERVICE_TOKEN_FILE, TRUSTED_ROOT_FILE, YARD_FILE } from './yard.ts';

/** Where the yard listens, its roots, and what its signatures are verified with. */
export function leaveAddresses(dataDirectory: string, yard: Yard): void {
  const file = (name: string) => join(dataDirectory, name);
  writeFileDurably(file(ROOTS_FILE), yard.listenerRootsPem, 0o644);
  if (yard.localToken !== undefined) writeFileDurably(file(SERVICE_TOKEN_FILE), yard.localToken, 0o600);
  writeFileDurably(file(TRUSTED_ROOT_FILE), yard.trustedRootJson, 0o644);
  const addresses: JsonObject = {
    url: yard.publicUrl,
    ...(yard.plainUrl === undefined ? {} : { plainUrl: yard.plainUrl }),
  };
  writeFileDurably(file(YARD_FILE), `${JSON.stringify(addresses)}\n`, 0o644);
}

/**
 * Leaves them, and again whenever a root came or went: the listener's next certificate may chain to it alone.
 * @param say told of files that could not be written again; those from before stay
 * @throws SealyardError, or an error of the file system, where they cannot be written the first time
 * @returns ends that
 */
export function keepAddresses(dataDirectory: string, yard: Yard, say: (text: string) => void): () => void {
  leaveAddresses(dataDirectory, yard);
  return yard.onTrustChange(() => {
    try {
      leaveAddresses(dataDirectory, yard);
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      say(`the roots for the commands on this machine could not be written: ${reason}`);
    }
  });
}
