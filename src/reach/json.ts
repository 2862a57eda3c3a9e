// Fetching JSON documents that others publish: discovery documents, key sets, trusted roots.
import { fromUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { type Json, parseJson } from '../ground/json.ts';
import type { Reach, ReachOptions } from './reach.ts';

const MAX_DEPTH = 32;

/**
 * A function that gets a JSON document by URL: status 200, well-formed, at most `maxBytes`; one retry.
 * @throws SealyardError `SY-REACH-STATUS`, `SY-JSON-MALFORMED`, `SY-JSON-TOO-LARGE` and those of `Reach.fetch`
 */
export function fetchJsonVia(
  reach: Reach,
  options: Omit<ReachOptions, 'method' | 'body'>,
): (url: string) => Promise<Json> {
  return async (url) => {
    const response = await reach.fetch(url, {
      retry: { attempts: 1 },
      ...options,
      headers: { accept: 'application/json', ...options.headers },
    });
    if (response.status !== 200) throw new SealyardError('SY-REACH-STATUS', `${response.status}`);
    const text = fromUtf8(response.body);
    if (text === undefined) throw new SealyardError('SY-JSON-MALFORMED');
    return parseJson(text, { maxLength: options.maxBytes, maxDepth: MAX_DEPTH });
  };
}
