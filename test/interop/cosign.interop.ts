// cosign 3.1, unmodified, and `sealyard`: each verifies what the other signed, and both refuse the same forgeries.
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type BundleJson, makeBundle } from '../driver/bundle.ts';
import { DoorClient } from '../driver/client.ts';
import type { CommandResult, RunningYard } from '../driver/yard.ts';
import { admissionReview } from './admission.ts';
import { missingPrograms, openStage, type Stage, SUBJECT, startDocumentedYard } from './stage.ts';

/** Longer than the certificates of the documented policy live. */
const AFTER_EXPIRY_MS = 20 * 60_000;

const missing = await missingPrograms();

describe('cosign', { skip: missing ?? false }, () => {
  let stage: Stage;
  let client: DoorClient;

  before(async () => {
    stage = await openStage();
    client = new DoorClient({ url: stage.yard.url, roots: stage.yard.rootsPem });
  });
  after(async () => {
    client.close();
    await stage[Symbol.asyncDispose]();
  });

  interface Against {
    readonly yard: RunningYard;
    readonly trust: string;
    readonly identity?: string;
  }
  const usual = (): Against => ({ yard: stage.yard, trust: stage.trustedRoot });
  const expected = ({ yard, identity }: Against): { issuer: string; identity: string } => {
    const issuer = `${yard.url}/oidc`;
    return { issuer, identity: identity ?? `${issuer}/${SUBJECT}` };
  };
  const cosignVerify = (image: string, against: Against): Promise<CommandResult> => {
    const { issuer, identity } = expected(against);
    const who = ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer];
    return stage.cosign(['verify', '--trusted-root', against.trust, ...who, image]);
  };
  const ownVerify = (image: string, against: Against): Promise<CommandResult> => {
    const { issuer, identity } = expected(against);
    return stage.yard.sealyard(
      '--json',
      '--trust',
      against.trust,
      'verify',
      image,
      '--identity',
      identity,
      '--issuer',
      issuer,
    );
  };
  const token = (): string => readFileSync(stage.tokenFile, 'utf8');
  async function accepted(image: string, against = usual()): Promise<void> {
    const [theirs, ours] = [await cosignVerify(image, against), await ownVerify(image, against)];
    assert.equal(theirs.status, 0, theirs.stderr);
    assert.equal(ours.status, 0, ours.stdout + ours.stderr);
  }

  // Status 1 is "no"; anything else would be a verifier that could not tell.
  async function refused(image: string, code: RegExp, against = usual()): Promise<void> {
    const [theirs, ours] = [await cosignVerify(image, against), await ownVerify(image, against)];
    assert.notEqual(theirs.status, 0, `cosign accepted it: ${theirs.stdout}`);
    assert.equal(ours.status, 1, ours.stdout + ours.stderr);
    assert.match((JSON.parse(ours.stdout) as { code: string }).code, code);
  }

  async function withYard(name: string, use: (data: string) => Promise<RunningYard>): Promise<void> {
    const yard = await use(stage.folder.file(name));
    await yard.stop();
  }

  async function jobOf(yard: RunningYard): Promise<{ client: DoorClient; token: string }> {
    const file = stage.folder.file('other.token');
    await yard.ask('token', 'ci', SUBJECT, '--out', file);
    return {
      client: new DoorClient({ url: yard.url, roots: yard.rootsPem }),
      token: readFileSync(file, 'utf8'),
    };
  }

  async function forged(name: string, bend: (bundle: BundleJson) => void): Promise<string> {
    const image = await stage.registry.pushImage(name);
    const bundle = await makeBundle({
      client,
      token: token(),
      imageDigest: image.slice(image.indexOf('@') + 1),
    });
    await stage.registry.replaceBundles(image, JSON.stringify(bundle));
    await accepted(image);
    bend(bundle);
    await stage.registry.replaceBundles(image, JSON.stringify(bundle));
    return image;
  }

  test('cosign verifies an image that sealyard signed', async () => {
    const image = await stage.registry.pushImage('shop/ours');
    const signed = await stage.yard.sealyard('--json', '--token-file', stage.tokenFile, 'sign', image);
    assert.equal(signed.status, 0, signed.stdout + signed.stderr);
    await accepted(image);
  });

  test('sealyard and the admission door accept an image that cosign signed with our signing config', async () => {
    const image = await stage.registry.pushImage('shop/theirs');
    const signed = await stage.cosign([
      'sign',
      '--yes',
      '--identity-token',
      stage.tokenFile,
      '--signing-config',
      stage.signingConfig,
      '--trusted-root',
      stage.trustedRoot,
      image,
    ]);
    assert.equal(signed.status, 0, signed.stderr);
    await accepted(image);
    const admitted = await stage.yard.sealyard('--json', 'admit', image, '--environment', 'dev');
    assert.equal(admitted.status, 0, admitted.stdout + admitted.stderr);
    const review = await admissionReview({ yard: stage.yard, images: [image], namespace: 'shop' });
    assert.equal(review.allowed, true, review.message);
  });

  test('the admission door denies an image that nobody signed, and says why', async () => {
    const image = await stage.registry.pushImage('shop/unsigned');
    const review = await admissionReview({ yard: stage.yard, images: [image], namespace: 'shop' });
    assert.equal(review.allowed, false);
    assert.match(review.message, /SY-|signed/);
    const admitted = await stage.yard.sealyard('--json', 'admit', image, '--environment', 'dev');
    assert.equal(admitted.status, 1, admitted.stdout + admitted.stderr);
  });

  test('both refuse another identity', async () => {
    const image = await forged('shop/identity', () => {});
    await refused(image, /^SY-VERIFY-IDENTITY-MISMATCH$/, {
      ...usual(),
      identity: `${stage.issuer}/acme/shop/other`,
    });
  });

  test('both refuse an altered payload', async () => {
    const image = await forged('shop/payload', ({ dsseEnvelope }) => {
      const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString()) as {
        predicate: unknown;
      };
      statement.predicate = { altered: true };
      dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
    });
    await refused(image, /^SY-VERIFY-/);
  });

  test('both refuse a signature that belongs to another image', async () => {
    const image = await stage.registry.pushImage('shop/first');
    const other = await stage.registry.pushImage('shop/second');
    const bundle = await makeBundle({
      client,
      token: token(),
      imageDigest: other.slice(other.indexOf('@') + 1),
    });
    await stage.registry.replaceBundles(image, JSON.stringify(bundle));
    await refused(image, /^SY-VERIFY-/);
  });

  test('both refuse a signature that was made after its certificate expired', async () => {
    const image = await stage.registry.pushImage('shop/expired');
    const imageDigest = image.slice(image.indexOf('@') + 1);
    await withYard('late', async (data) => {
      const early = await startDocumentedYard(data, stage.registry.host);
      const job = await jobOf(early);
      const inTime = await makeBundle({ ...job, imageDigest });
      await stage.registry.replaceBundles(image, JSON.stringify(inTime));
      const trust = stage.folder.file('late-root.json');
      await early.ask('trust', 'export', '--trusted-root', '--out', trust);
      await accepted(image, { yard: early, trust });
      let late = early;
      const tooLate = await makeBundle({
        ...job,
        imageDigest,
        afterCertificate: async () => {
          job.client.close();
          await early.stop();
          late = await startDocumentedYard(data, stage.registry.host, { clockShiftMs: AFTER_EXPIRY_MS });
          return new DoorClient({ url: late.url, roots: late.rootsPem });
        },
      });
      await stage.registry.replaceBundles(image, JSON.stringify(tooLate));
      await refused(image, /^SY-(VERIFY|CHAIN)-/, { yard: late, trust });
      return late;
    });
  });

  test('both refuse the certificate of a foreign yard', async () => {
    await withYard('foreign', async (data) => {
      const foreign = await startDocumentedYard(data, stage.registry.host);
      const image = await stage.registry.pushImage('shop/foreign');
      const imageDigest = image.slice(image.indexOf('@') + 1);
      const bundle = await makeBundle({ ...(await jobOf(foreign)), imageDigest });
      await stage.registry.replaceBundles(image, JSON.stringify(bundle));
      await refused(image, /^SY-(VERIFY|CHAIN)-/, { yard: foreign, trust: stage.trustedRoot });
      return foreign;
    });
  });

  test('both refuse a checkpoint that another key signed', async () => {
    const image = await forged('shop/checkpoint', (bundle) => {
      const proof = bundle.verificationMaterial.tlogEntries[0]?.inclusionProof;
      assert.ok(proof);
      proof.checkpoint.envelope = resigned(proof.checkpoint.envelope);
    });
    await refused(image, /^SY-VERIFY-/);
  });

  test('both refuse a proof against a tree that the log did not sign', async () => {
    const image = await forged('shop/root', (bundle) => {
      const proof = bundle.verificationMaterial.tlogEntries[0]?.inclusionProof;
      assert.ok(proof);
      proof.checkpoint.envelope = proof.checkpoint.envelope.replace(
        /^(.*\n)(\d+)\n/,
        (_, origin, size) => `${origin}${Number(size) + 1}\n`,
      );
    });
    await refused(image, /^SY-VERIFY-/);
  });

  test('both refuse a bundle without its log proof', async () => {
    const image = await forged('shop/stripped', (bundle) => {
      bundle.verificationMaterial.tlogEntries = [];
    });
    await refused(image, /^SY-VERIFY-/);
  });

  test('both refuse an entry whose inclusion proof was stripped', async () => {
    const image = await forged('shop/proofless', (bundle) => {
      const [entry] = bundle.verificationMaterial.tlogEntries;
      assert.ok(entry);
      delete entry.inclusionProof;
    });
    await refused(image, /^SY-(VERIFY|BUNDLE)-/);
  });

  test('both refuse a bundle without a timestamp', async () => {
    const image = await forged('shop/timeless', (bundle) => {
      bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [];
    });
    await refused(image, /^SY-VERIFY-/);
  });
});

/** The same note text and key hint, signed by a key that the trusted root does not know. */
function resigned(note: string): string {
  const [text = '', signatures = ''] = note.split('\n\n');
  const [, name = '', blob = ''] = /^— (\S+) (\S+)/m.exec(signatures) ?? [];
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signature = sign('sha256', Buffer.from(`${text}\n`), privateKey);
  const hint = Buffer.from(blob, 'base64').subarray(0, 4);
  return `${text}\n\n— ${name} ${Buffer.concat([hint, signature]).toString('base64')}\n`;
}
