// The secret that unlocks the private keys, from the reference in the configuration.
import { toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Unlock } from '../keys/unlock.ts';
import { inData, readAtMost } from './data-directory.ts';

const MAX_SECRET_BYTES = 4096;

/** @throws SealyardError `SY-SERVER-UNLOCK-SECRET`, which never repeats the value */
export function resolveUnlock(
  reference: string | undefined,
  o: {
    readonly directory: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): Unlock {
  if (reference === undefined) return { kind: 'development', file: inData(o.directory, 'unlockSecret') };
  const [, kind, name = ''] = /^(file|env):(.+)$/.exec(reference) ?? [];
  const text = kind === 'file' ? readSecretFile(name) : (o.environment[name] ?? '');
  // One final line end is the editor's, not the secret's.
  const bytes = toUtf8(text.replace(/\r?\n$/, ''));
  if (bytes.length === 0)
    throw new SealyardError('SY-SERVER-UNLOCK-SECRET', `${kind}:${name} is empty or absent`);
  return { kind: 'secret', bytes };
}

function readSecretFile(path: string): string {
  try {
    const text = readAtMost(path, MAX_SECRET_BYTES);
    if (text === undefined)
      throw new SealyardError('SY-SERVER-UNLOCK-SECRET', `${path} is larger than ${MAX_SECRET_BYTES} bytes`);
    return text;
  } catch (error) {
    if (error instanceof SealyardError) throw error;
    throw new SealyardError('SY-SERVER-UNLOCK-SECRET', path, { cause: error });
  }
}
