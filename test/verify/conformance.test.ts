// Outside vectors: each verification case of sigstore-conformance, for the reason in its README; and a second opinion.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { bundleJson, parseBundle } from '../../src/formats/bundle.ts';
import { parseTrustedRoot, trustedRootJson } from '../../src/formats/trusted-root.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { canonicalJson, parseJson } from '../../src/ground/json.ts';
import { type VerifyFiles, verifyFiles } from '../conformance/sigstore-verify.ts';
import { REASONS, sigstoreCases } from './sigstore-cases.ts';
import { skip } from './vectors.ts';

const cases = sigstoreCases();

suite('sigstore-conformance', { skip }, () => {
  for (const { name, files, mustFail } of cases) {
    if (mustFail)
      test(`${name}: refused for the reason in its README`, () => {
        assert.throws(
          () => verifyFiles(files),
          (error) => isSealyardError(error) && (REASONS[name] === undefined || error.code === REASONS[name]),
        );
      });
    else
      test(`${name}: verifies`, () => {
        const facts = verifyFiles(files);
        assert.ok(facts.entries.length > 0);
        assert.ok(facts.signer.kind === 'key' || facts.times.length > 0);
      });
  }

  test('every reason in the table belongs to a case', () => {
    const names = new Set(cases.map(({ name }) => name));
    assert.deepEqual(
      Object.keys(REASONS).filter((name) => !names.has(name)),
      [],
    );
  });

  test('the digest of the artifact answers as the artifact does', () => {
    for (const { files, mustFail, name } of cases) {
      if (mustFail || !('path' in files.artifact)) continue;
      const sha256 = createHash('sha256').update(readFileSync(files.artifact.path)).digest('hex');
      assert.ok(verifyFiles({ ...files, artifact: { sha256 } }), name);
    }
  });

  test('another identity or issuer is refused, though the bundle is good', () => {
    const good = cases.find(({ name }) => name === 'happy-path-v0.3');
    assert.ok(good !== undefined && 'san' in good.files.expect);
    for (const expect of [
      { ...good.files.expect, san: `${good.files.expect.san}x` },
      { ...good.files.expect, issuer: 'https://issuer.example' },
    ])
      assert.throws(() => verifyFiles({ ...good.files, expect }), { code: 'SY-VERIFY-IDENTITY-MISMATCH' });
  });

  test('a bundle that is written as 0.3 and read again verifies still', () => {
    for (const { files, mustFail } of cases) {
      if (mustFail) continue;
      const bundle = parseBundle(parseJson(readFileSync(files.bundle, 'utf8')));
      const again = parseBundle(bundleJson(bundle));
      assert.deepEqual(again.entries, bundle.entries);
      assert.deepEqual(again.content, bundle.content);
      assert.deepEqual(again.material, bundle.material);
      assert.deepEqual(again.timestamps, bundle.timestamps);
    }
  });

  test('a trusted root is written as it was read', () => {
    for (const { files } of cases) {
      const root = parseTrustedRoot(parseJson(readFileSync(files.trustedRoot, 'utf8')));
      assert.deepEqual(parseTrustedRoot(parseJson(canonicalJson(trustedRootJson(root)))), root);
    }
  });

  test('the executable speaks the protocol of the suite: exit 0 for yes, another for no', () => {
    for (const name of ['rekor2-happy-path', 'managed-key-and-trusted-root', 'signature-mismatch_fail']) {
      const found = cases.find((one) => one.name === name);
      assert.ok(found !== undefined && 'path' in found.files.artifact);
      const { bundle, trustedRoot, artifact, expect } = found.files;
      const who =
        'key' in expect
          ? ['--key', expect.key]
          : ['--certificate-identity', expect.san, '--certificate-oidc-issuer', expect.issuer];
      const command = new URL('../conformance/sigstore.ts', import.meta.url).pathname;
      const flags = ['--bundle', bundle, ...who, '--trusted-root', trustedRoot, artifact.path];
      const { status, stderr } = spawnSync(process.execPath, [command, 'verify-bundle', ...flags], {
        encoding: 'utf8',
      });
      assert.equal(status === 0, !found.mustFail, stderr);
      if (found.mustFail) assert.match(stderr, /^SY-VERIFY-SIGNATURE-INVALID: /);
    }
  });

  test('@sigstore/verify agrees on each case', () => {
    const disagreements = cases
      .filter(({ files, mustFail }) => secondOpinion(files) === mustFail)
      .map(({ name }) => name);
    assert.deepEqual(disagreements, []);
  });
});

/** Whether sigstore-js accepts the case. */
function secondOpinion(files: VerifyFiles): boolean {
  const { artifact, expect } = files;
  assert.ok('path' in artifact);
  try {
    const bundle = bundleFromJSON(JSON.parse(readFileSync(files.bundle, 'utf8')));
    const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(files.trustedRoot, 'utf8')));
    const isKey = 'key' in expect;
    const trust = isKey
      ? toTrustMaterial(root, () => ({
          publicKey: createPublicKey(readFileSync(expect.key, 'utf8')),
          validFor: () => true,
        }))
      : toTrustMaterial(root);
    const verifier = new Verifier(trust, { ctlogThreshold: isKey ? 0 : 1 });
    const entity = toSignedEntity(bundle, readFileSync(artifact.path));
    verifier.verify(
      entity,
      isKey ? {} : { subjectAlternativeName: expect.san, extensions: { issuer: expect.issuer } },
    );
    return true;
  } catch {
    return false;
  }
}
