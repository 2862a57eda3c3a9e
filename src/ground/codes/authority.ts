// Error codes of the room `authority` (and its doors).
import type { ErrorTable } from './shape.ts';

export const AUTHORITY_CODES = {} as const satisfies ErrorTable;
