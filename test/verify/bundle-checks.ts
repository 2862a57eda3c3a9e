// A world of its own for the tests of bundles, three good bundles in it, and the two questions that are asked.
import assert from 'node:assert/strict';
import type { Bundle } from '../../src/formats/bundle.ts';
import { SIGNATURE_PREDICATE_TYPE, STATEMENT_TYPE, type Statement } from '../../src/formats/statement.ts';
import { toHex, toUtf8 } from '../../src/ground/bytes.ts';
import type { Code } from '../../src/ground/errors.ts';
import type { Json } from '../../src/ground/json.ts';
import { type Artifact, type VerifyOptions, verifyBundle } from '../../src/verify/bundle.ts';
import type { Facts } from '../../src/verify/facts.ts';
import { prepareTrust } from '../../src/verify/trust.ts';
import { World } from './world.ts';
import { sha256 } from './world-keys.ts';

export const world = new World();
export const trust = prepareTrust(world.trustedRoot());
export const message = toUtf8('the artifact');
export const artifact: Artifact = { bytes: message };
export const all = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 };

export function statement(predicateType: string = SIGNATURE_PREDICATE_TYPE, predicate: Json = {}): Statement {
  return {
    type: STATEMENT_TYPE,
    subject: [{ digest: { sha256: toHex(sha256(message)) } }],
    predicateType,
    predicate,
  };
}

export function check(bundle: Bundle, options: Partial<VerifyOptions> = {}): Facts {
  return verifyBundle(bundle, { trust, artifact, require: all, ...options });
}

export function refuses(bundle: Bundle, code: Code, options: Partial<VerifyOptions> = {}): void {
  assert.throws(() => check(bundle, options), { code });
}

/** A note's signature line with one letter in the middle of its base64 changed. */
export function flipped(line: string): string {
  const at = line.length - 40;
  return `${line.slice(0, at)}${line[at] === 'A' ? 'B' : 'A'}${line.slice(at + 1)}`;
}

export const good = world.bundle({ content: { message } });
export const goodV1 = world.bundle({ content: { message }, log: 'v1' });
export const envelope = world.bundle({ content: { statement: statement() } });
