// Error codes of the room `policy` (and its doors).
import type { ErrorTable } from './shape.ts';

export const POLICY_CODES = {} as const satisfies ErrorTable;
