// Error codes of the room `keys` (and its doors).
import type { ErrorTable } from './shape.ts';

export const KEYS_CODES = {} as const satisfies ErrorTable;
