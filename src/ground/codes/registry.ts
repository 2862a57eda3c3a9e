// Error codes of the room `registry` (and its doors).
import type { ErrorTable } from './shape.ts';

export const REGISTRY_CODES = {} as const satisfies ErrorTable;
