// The version of this program, read once from the package that it came in.
import { readFileSync } from 'node:fs';

// `src/cli` and `dist/cli` are both two levels below the package.
const PACKAGE = new URL('../../package.json', import.meta.url);

export const VERSION: string = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
