// What a person names as a file: written whole or not at all, and a device is never replaced by a file.
import assert from 'node:assert/strict';
import { readFileSync, statSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { writeFileDurably } from '../../src/cli/files.ts';
import { temporaryFolder } from '../driver/folder.ts';

test('a file is replaced with the mode that was asked for', () => {
  using folder = temporaryFolder('files');
  const path = folder.file('token');
  writeFileDurably(path, 'one', 0o644);
  writeFileDurably(path, 'two', 0o600);
  assert.equal(readFileSync(path, 'utf8'), 'two');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a device is written to and stays one', { skip: process.platform === 'win32' }, () => {
  using folder = temporaryFolder('files');
  const path = folder.file('null');
  symlinkSync('/dev/null', path);
  writeFileDurably(path, 'gone', 0o600);
  assert.ok(statSync(path).isCharacterDevice());
});
