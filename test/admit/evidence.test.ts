// From references to facts: what is found, verified, remembered and bounded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, MEDIA_TYPES, referrersTag } from '../../src/formats/oci.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import { prepareTrust } from '../../src/verify/trust.ts';
import { pushNote, pushSmallImage, smallImage } from '../registry/content.ts';
import { SAN, World } from '../verify/world.ts';
import { attachBundle, bundleFor, pushSigned, stage } from './stage.ts';

test('a signed image’s facts say who signed it', async (t) => {
  const s = await stage(t);
  const ref = s.fake.ref('acme/shop:v1');
  const subject = await pushSigned(s, ref);
  const image = await s.evidence.settle(`${s.fake.host}/acme/shop:v1`);
  assert.equal(image.digest, subject.digest);
  const evidence = await s.evidence.gather(image, { fresh: false });
  assert.equal(evidence.repository, `${s.fake.host}/acme/shop`);
  assert.equal(evidence.facts.length, 1);
  assert.deepEqual(evidence.failures, []);
  const signer = evidence.facts[0]?.signer;
  assert.ok(signer?.kind === 'certificate');
  assert.equal(signer.san.value, SAN);
});

test('bundles about another image, forged ones, garbage and other referrers prove nothing and hide nothing', async (t) => {
  const s = await stage(t);
  const ref = s.fake.ref('acme/shop:v1');
  const subject = await pushSmallImage(s.registry, ref);
  const foreign = { ...s, world: new World() };
  const bundles = [
    bundleFor(s, subject, { digest: digestOf(toUtf8('another image')) }),
    bundleFor(foreign, subject),
    bundleFor(s, subject).replace('"signatures":[{"sig":"', '"signatures":[{"sig":"AAAA'),
    'not json',
    '{}',
    '['.repeat(1000),
  ];
  for (const bundle of bundles) await attachBundle(s, ref, subject, bundle);
  await s.registry.attach(ref, await pushNote(s.registry, ref, subject, 'an SBOM'));
  await attachBundle(s, ref, subject, bundleFor(s, subject));
  const evidence = await s.evidence.gather(await s.evidence.settle(`${s.fake.host}/acme/shop:v1`), {
    fresh: false,
  });
  assert.equal(evidence.facts.length, 1);
  assert.equal(evidence.failures.length, bundles.length);
  assert.ok(evidence.failures.some(({ code }) => code === 'SY-VERIFY-ARTIFACT-MISMATCH'));
});

test('a fallback index with wrong artifact types, as go-containerregistry writes it, is read all the same', async (t) => {
  const s = await stage(t);
  const ref = s.fake.ref('acme/shop:v1');
  const subject = await pushSigned(s, ref);
  const key = `acme/shop:${referrersTag(subject.digest)}`;
  const index = s.fake.manifests.get(key);
  assert.ok(index !== undefined);
  const text = new TextDecoder().decode(index.bytes);
  const wrong = text.replaceAll('application/vnd.dev.sigstore.bundle.v0.3+json', MEDIA_TYPES.empty);
  assert.notEqual(wrong, text);
  s.fake.manifests.set(key, { ...index, bytes: toUtf8(wrong) });
  const evidence = await s.evidence.gather(await s.evidence.settle(`${s.fake.host}/acme/shop:v1`), {
    fresh: true,
  });
  assert.equal(evidence.facts.length, 1);
});

test('facts are remembered, so that a warm answer asks the registry nothing', async (t) => {
  const s = await stage(t);
  const subject = await pushSigned(s, s.fake.ref('acme/shop:v1'));
  const image = await s.evidence.settle(`${s.fake.host}/acme/shop@${subject.digest}`);
  await s.evidence.gather(image, { fresh: false });
  const asked = s.fake.seen.length;
  s.time.nowMs += 3_600_000;
  assert.equal((await s.evidence.gather(image, { fresh: false })).facts.length, 1);
  assert.equal(s.fake.seen.length, asked);
  // Other trust material: nothing that was remembered counts.
  s.trust.material = prepareTrust(new World().trustedRoot());
  assert.equal((await s.evidence.gather(image, { fresh: false })).facts.length, 0);
});

test('a hundred askers at once cause one look', async (t) => {
  const s = await stage(t);
  const subject = await pushSigned(s, s.fake.ref('acme/shop:v1'));
  const image = await s.evidence.settle(`${s.fake.host}/acme/shop@${subject.digest}`);
  const before = s.fake.seen.length;
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => s.evidence.gather(image, { fresh: true })),
  );
  for (const { facts } of answers) assert.equal(facts.length, 1);
  assert.ok(s.fake.seen.length - before <= 5, `${s.fake.seen.length - before} requests`);
});

test('a look that found too little is repeated on request, but only after seconds', async (t) => {
  const s = await stage(t);
  const ref = s.fake.ref('acme/shop:v1');
  const subject = await pushSmallImage(s.registry, ref);
  const image = await s.evidence.settle(`${s.fake.host}/acme/shop@${subject.digest}`);
  assert.equal((await s.evidence.gather(image, { fresh: true })).facts.length, 0);
  await attachBundle(s, ref, subject, bundleFor(s, subject));
  assert.equal((await s.evidence.gather(image, { fresh: true })).facts.length, 0);
  s.time.nowMs += 5_001;
  assert.equal((await s.evidence.gather(image, { fresh: true })).facts.length, 1);
});

test('a registry that is down is asked again after seconds, not at every pod', async (t) => {
  let down = true;
  const s = await stage(t, {
    before: (request, response) => {
      if (!down || request.method !== 'GET') return false;
      response.writeHead(503, { 'retry-after': '0' }).end();
      return true;
    },
  });
  down = false;
  const subject = await pushSigned(s, s.fake.ref('acme/shop:v1'));
  down = true;
  const image = await s.evidence.settle(`${s.fake.host}/acme/shop@${subject.digest}`);
  await assert.rejects(s.evidence.gather(image, { fresh: true }), { code: 'SY-REGISTRY-BUSY' });
  const asked = s.fake.seen.length;
  await assert.rejects(s.evidence.gather(image, { fresh: true }), { code: 'SY-REGISTRY-BUSY' });
  assert.equal(s.fake.seen.length, asked);
  down = false;
  s.time.nowMs += 5_001;
  assert.equal((await s.evidence.gather(image, { fresh: false })).facts.length, 1);
});

test('one asker who gives up does not take the answer from the others', async (t) => {
  let slow = false;
  const s = await stage(t, {
    before: async () => {
      if (slow) await new Promise((resolve) => setTimeout(resolve, 100));
      return false;
    },
  });
  const subject = await pushSigned(s, s.fake.ref('acme/shop:v1'));
  slow = true;
  const image = await s.evidence.settle(`${s.fake.host}/acme/shop@${subject.digest}`);
  const hasty = s.evidence.gather(image, { fresh: true, signal: AbortSignal.timeout(20) });
  const patient = s.evidence.gather(image, { fresh: true });
  await assert.rejects(hasty, { name: 'TimeoutError' });
  assert.equal((await patient).facts.length, 1);
});

test('more referrers than are looked at are counted, and the flood does not grow without bound', async (t) => {
  const s = await stage(t, { referrersApi: true });
  const ref = s.fake.ref('acme/shop:v1');
  const subject = await pushSigned(s, ref);
  for (let i = 0; i < 80; i++)
    await s.registry.attach(ref, await pushNote(s.registry, ref, subject, `junk ${i}`));
  const before = s.fake.seen.length;
  const evidence = await s.evidence.gather(await s.evidence.settle(`${s.fake.host}/acme/shop:v1`), {
    fresh: true,
  });
  // The bundle's artifact type puts it before the junk.
  assert.equal(evidence.facts.length, 1);
  assert.deepEqual(
    evidence.failures.map(({ code }) => code),
    ['SY-REGISTRY-TOO-LARGE'],
  );
  assert.ok(s.fake.seen.length - before < 70);
});

test('a bundle larger than is read is passed over before it is fetched', async (t) => {
  const s = await stage(t);
  const ref = s.fake.ref('acme/shop:v1');
  const subject = await pushSmallImage(s.registry, ref);
  await attachBundle(s, ref, subject, ' '.repeat(2 * 1024 * 1024 + 1));
  const image = await s.evidence.settle(`${s.fake.host}/acme/shop:v1`);
  const before = s.fake.seen.length;
  const { failures } = await s.evidence.gather(image, { fresh: true });
  assert.deepEqual(
    failures.map(({ code }) => code),
    ['SY-REGISTRY-TOO-LARGE'],
  );
  assert.ok(!s.fake.seen.slice(before).some(({ url }) => url.includes('/blobs/')));
});

test('references that cannot be read say so', async (t) => {
  const s = await stage(t);
  for (const reference of [
    '',
    ' ',
    'acme/UPPER',
    'a b',
    `x@sha256:12`,
    'x:y:z',
    '\u0000',
    '../../etc',
    'a'.repeat(5000),
  ])
    await assert.rejects(s.evidence.settle(reference), { code: 'SY-ADMIT-UNREADABLE' }, reference);
});

test('the platform images of an index are its children, and a single image has none', async (t) => {
  const s = await stage(t);
  const ref = s.fake.ref('acme/shop:v1');
  const amd = await pushSmallImage(s.registry, s.fake.ref('acme/shop:amd'), 'amd');
  const build = { ...smallImage('attestation'), os: 'unknown' };
  const index = toUtf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: [
        { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
        {
          mediaType: MEDIA_TYPES.manifest,
          digest: build.digest,
          size: 5,
          platform: { os: 'unknown', architecture: 'unknown' },
        },
      ],
    }),
  );
  await s.registry.pushManifest(ref, index, MEDIA_TYPES.index, 'v1');
  const settled = await s.evidence.settle(`${s.fake.host}/acme/shop:v1`);
  const children = await s.evidence.children(settled);
  assert.deepEqual(
    children.map(({ digest }) => digest),
    [amd.digest],
  );
  const [child] = children;
  assert.ok(child !== undefined);
  assert.deepEqual(await s.evidence.children(child), []);
});
