// Error codes of the room `cli` (and its doors).
import type { ErrorTable } from './shape.ts';

export const CLI_CODES = {} as const satisfies ErrorTable;
