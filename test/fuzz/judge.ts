// What a parser owes to any input: an answer or a coded error, in time linear in the size.
import { isSealyardError } from '../../src/ground/errors.ts';
import type { Parser } from './parsers.ts';

const BASE_MS = 100;
const MS_PER_KIB = 5;

/** What is wrong with how the parser took this input; `undefined` where nothing is. */
export function judge(parser: Parser, input: Uint8Array): string | undefined {
  const bound = BASE_MS + (MS_PER_KIB * input.length) / 1024;
  let took = Number.POSITIVE_INFINITY;
  // The shortest of three, since a shared machine stops a process now and then.
  for (let tries = 0; tries < 3 && took > bound; tries++) {
    const from = performance.now();
    const fault = faultOf(parser, input);
    took = Math.min(took, performance.now() - from);
    if (fault !== undefined) return fault;
  }
  return took > bound ? `took ${Math.round(took)} ms for ${input.length} bytes` : undefined;
}

function faultOf(parser: Parser, input: Uint8Array): string | undefined {
  try {
    parser.parse(input);
    return undefined;
  } catch (error) {
    return isSealyardError(error) ? undefined : String(error instanceof Error ? error.stack : error);
  }
}
