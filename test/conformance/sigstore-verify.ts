// Verifies one bundle file as the conformance suite of Sigstore asks for it.
import { readFileSync } from 'node:fs';
import { parseBundle } from '../../src/formats/bundle.ts';
import { decodePem } from '../../src/formats/pem.ts';
import { parseTrustedRoot } from '../../src/formats/trusted-root.ts';
import { fromHex } from '../../src/ground/bytes.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import { type Json, parseJson } from '../../src/ground/json.ts';
import { verifyBundle } from '../../src/verify/bundle.ts';
import { expectIdentity, type Facts } from '../../src/verify/facts.ts';
import { type PublicKey, readPublicKey } from '../../src/verify/key.ts';
import { prepareTrust } from '../../src/verify/trust.ts';

export interface VerifyFiles {
  readonly bundle: string;
  readonly trustedRoot: string;
  readonly artifact: { readonly path: string } | { readonly sha256: string };
  readonly expect: { readonly san: string; readonly issuer: string } | { readonly key: string };
}

/** @throws SealyardError whatever the bundle is refused for */
export function verifyFiles(files: VerifyFiles): Facts {
  const { expect, artifact } = files;
  const trust = prepareTrust(parseTrustedRoot(readJson(files.trustedRoot)));
  const bundle = parseBundle(readJson(files.bundle));
  const what =
    'path' in artifact
      ? { bytes: new Uint8Array(readFileSync(artifact.path)) }
      : { digest: fromHex(artifact.sha256) ?? new Uint8Array() };
  if ('key' in expect) {
    // A key's bundle has no certificate that could be transparent, nor one that a time must save.
    const require = { timestampsAtLeast: 0, logEntriesAtLeast: 1, sctsAtLeast: 0 };
    return verifyBundle(bundle, { trust, artifact: what, key: readKey(expect.key), require });
  }
  const require = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 };
  const facts = verifyBundle(bundle, { trust, artifact: what, require });
  expectIdentity(facts, expect);
  return facts;
}

function readJson(path: string): Json {
  return parseJson(readFileSync(path, 'utf8'));
}

function readKey(path: string): PublicKey {
  const [block] = decodePem(readFileSync(path, 'utf8'));
  if (block?.label !== 'PUBLIC KEY') throw new SealyardError('SY-KEY-UNSUPPORTED', 'not a PEM public key');
  return readPublicKey(block.der);
}
