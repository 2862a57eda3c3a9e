// What every scene of the store's contract says: a change of some parts, and the refusal of one.
import type { Change } from '../../src/ground/change.ts';
import { isSealyardError } from '../../src/ground/errors.ts';

export const change = (parts: Partial<Change>): Change => ({ puts: [], events: [], ...parts });
export const refused = (code: Parameters<typeof isSealyardError>[1]) => (error: unknown) =>
  isSealyardError(error, ...(code === undefined ? [] : [code]));
