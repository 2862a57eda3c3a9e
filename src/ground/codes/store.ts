// Error codes of the room `store` (and its doors).
import type { ErrorTable } from './shape.ts';

export const STORE_CODES = {} as const satisfies ErrorTable;
