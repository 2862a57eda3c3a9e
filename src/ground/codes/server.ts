// Error codes of the room `server` (and its doors).
import type { ErrorTable } from './shape.ts';

export const SERVER_CODES = {} as const satisfies ErrorTable;
