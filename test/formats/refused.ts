// How the tests of formats say "refused, with this code", and the values that no field of a format may have.
import assert from 'node:assert/strict';
import type { Code } from '../../src/ground/errors.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';

export function refused(code: Code | readonly Code[], attempt: () => unknown, what?: string): void {
  const codes: readonly string[] = typeof code === 'string' ? [code] : code;
  assert.throws(
    attempt,
    (error) => error instanceof Error && 'code' in error && codes.includes(String(error.code)),
    what,
  );
}

/** Wrong types and hostile texts, for a member that is neither of them. */
export const WRONG: readonly Json[] = [
  true,
  1.5,
  -1,
  '',
  [],
  {},
  [null],
  'x'.repeat(70_000),
  '\u0000',
  '__proto__',
];

/** Each document that differs from `json` in one member anywhere: absent, or with one of the values. */
export function* variants(
  json: Json,
  values: readonly Json[] = WRONG,
): Generator<{ path: string; json: Json }> {
  if (Array.isArray(json)) {
    for (const [i, item] of json.entries())
      for (const variant of variants(item, values))
        yield { path: `[${i}]${variant.path}`, json: json.with(i, variant.json) };
  } else if (typeof json === 'object' && json !== null) {
    const object = json as JsonObject;
    for (const [name, value] of Object.entries(object)) {
      const { [name]: _, ...rest } = object;
      yield { path: `.${name} absent`, json: rest };
      for (const wrong of values)
        yield {
          path: `.${name} = ${JSON.stringify(wrong).slice(0, 20)}`,
          json: { ...object, [name]: wrong },
        };
      for (const variant of variants(value, values))
        yield { path: `.${name}${variant.path}`, json: { ...object, [name]: variant.json } };
    }
  }
}
