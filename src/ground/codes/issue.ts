// Error codes of the room `issue` (and its doors).
import type { ErrorTable } from './shape.ts';

export const ISSUE_CODES = {} as const satisfies ErrorTable;
