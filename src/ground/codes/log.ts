// Error codes of the room `log` (and its doors).
import type { ErrorTable } from './shape.ts';

export const LOG_CODES = {} as const satisfies ErrorTable;
