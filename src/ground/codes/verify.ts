// Error codes of the room `verify` (and its doors).
import type { ErrorTable } from './shape.ts';

export const VERIFY_CODES = {} as const satisfies ErrorTable;
