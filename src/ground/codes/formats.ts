// Error codes of the room `formats` (and its doors).
import type { ErrorTable } from './shape.ts';

export const FORMAT_CODES = {} as const satisfies ErrorTable;
