// The page of errors is what the table of codes says now.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERRORS_PAGE, errorsPage } from '../../scripts/errors-page.ts';

test('docs/errors.md is current; `node scripts/errors-page.ts` writes it', () => {
  assert.equal(readFileSync(ERRORS_PAGE, 'utf8'), errorsPage());
});
