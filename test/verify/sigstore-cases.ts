// The bundle cases of sigstore-conformance as its README lays them out, and why each one that fails must fail.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Code } from '../../src/ground/errors.ts';
import type { VerifyFiles } from '../conformance/sigstore-verify.ts';

const vectors = process.env['SEALYARD_VECTORS'];
const folder = vectors === undefined ? undefined : join(vectors, 'sigstore-conformance');

const IDENTITY =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

export interface SigstoreCase {
  readonly name: string;
  readonly files: VerifyFiles;
  readonly mustFail: boolean;
}

export function sigstoreCases(): readonly SigstoreCase[] {
  if (folder === undefined) return [];
  return readdirSync(folder)
    .filter((name) => statSync(join(folder, name)).isDirectory())
    .map((name) => ({ name, files: filesOf(folder, name), mustFail: name.endsWith('_fail') }));
}

function filesOf(root: string, name: string): VerifyFiles {
  const own = (file: string): string | undefined => {
    const path = join(root, name, file);
    return existsSync(path) ? path : undefined;
  };
  const text = (file: string, otherwise: string): string => {
    const path = own(file);
    return path === undefined ? otherwise : readFileSync(path, 'utf8').trim();
  };
  const key = own('key.pub');
  return {
    bundle: join(root, name, 'bundle.sigstore.json'),
    trustedRoot: own('trusted_root.json') ?? join(root, 'public-good.trusted_root.json'),
    artifact: { path: own('artifact') ?? join(root, 'a.txt') },
    expect: key === undefined ? { san: text('identity', IDENTITY), issuer: text('issuer', ISSUER) } : { key },
  };
}

/** The reason that each case's README gives, as our code. A case that is not here may fail for any reason. */
export const REASONS: Readonly<Record<string, Code>> = {
  'bundle-empty-certificate-chain_fail': 'SY-BUNDLE-MALFORMED',
  'bundle-malformed-json_fail': 'SY-JSON-MALFORMED',
  'bundle-negative-log-index_fail': 'SY-BUNDLE-MALFORMED',
  'bundle-unknown-version_fail': 'SY-BUNDLE-VERSION',
  'bundle-with-root-cert_fail': 'SY-VERIFY-CERTIFICATE-ROOT',
  'checkpoint-wrong-roothash_fail': 'SY-VERIFY-CHECKPOINT-MISMATCH',
  'dsse-mismatch-sig_fail': 'SY-VERIFY-LOG-ENTRY-MISMATCH',
  'integrated-time-in-future_fail': 'SY-VERIFY-CERTIFICATE-TIME',
  'intoto-expired-certificate_fail': 'SY-VERIFY-CERTIFICATE-TIME',
  'intoto-log-entry-mismatch_fail': 'SY-VERIFY-LOG-ENTRY-MISMATCH',
  'intoto-set-outside-signing-cert-validity_fail': 'SY-VERIFY-CERTIFICATE-TIME',
  'intoto-tsa-timestamp-outside-cert-validity_fail': 'SY-VERIFY-CERTIFICATE-TIME',
  'invalid-checkpoint-signature_fail': 'SY-VERIFY-CHECKPOINT-SIGNATURE',
  'invalid-inclusion-proof_fail': 'SY-VERIFY-LOG-PROOF-INVALID',
  // The wrong key was made by writing over the base64, so that it is none at all.
  'managed-key-wrong-key_fail': 'SY-PEM-MALFORMED',
  'message-digest-mismatch_fail': 'SY-VERIFY-ARTIFACT-MISMATCH',
  'rekor2-checkpoint-missing-log-signature_fail': 'SY-NOTE-MALFORMED',
  'rekor2-checkpoint-missing-origin_fail': 'SY-CHECKPOINT-MALFORMED',
  'rekor2-checkpoint-missing-root-hash_fail': 'SY-CHECKPOINT-MALFORMED',
  'rekor2-checkpoint-missing-size_fail': 'SY-CHECKPOINT-MALFORMED',
  'rekor2-checkpoint-no-matching-signature_fail': 'SY-VERIFY-CHECKPOINT-MISMATCH',
  'rekor2-dsse-invalid-sig_fail': 'SY-VERIFY-SIGNATURE-INVALID',
  'rekor2-dsse-mismatch-envelope_fail': 'SY-VERIFY-LOG-ENTRY-MISMATCH',
  'rekor2-no-inclusion-proof_fail': 'SY-BUNDLE-MALFORMED',
  'rekor2-timestamp-outside-tsa-cert-validity_fail': 'SY-CHAIN-EXPIRED',
  'rekor2-timestamp-payload-mismatch_fail': 'SY-TIMESTAMP-IMPRINT',
  'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail': 'SY-TIMESTAMP-SIGNER',
  'rekor2-timestamp-with-incorrect-time_fail': 'SY-VERIFY-CERTIFICATE-TIME',
  'set-invalid-signature_fail': 'SY-VERIFY-SET-INVALID',
  'signature-mismatch_fail': 'SY-VERIFY-SIGNATURE-INVALID',
  'wrong-hashedrekord-cert-and-sig_fail': 'SY-VERIFY-LOG-ENTRY-MISMATCH',
  'wrong-hashedrekord-entry_fail': 'SY-VERIFY-LOG-ENTRY-MISMATCH',
};
