// Error codes of the room `identity` (and its doors).
import type { ErrorTable } from './shape.ts';

export const IDENTITY_CODES = {} as const satisfies ErrorTable;
