// Error codes of the room `sign` (and its doors).
import type { ErrorTable } from './shape.ts';

export const SIGN_CODES = {} as const satisfies ErrorTable;
