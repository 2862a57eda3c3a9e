// The admission door: decisions, records, mutation, deadlines, and reviews that are none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Commit } from '../../src/ground/change.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';
import { attachBundle, bundleFor, pushSigned } from '../admit/stage.ts';
import { pushSmallImage } from '../registry/content.ts';
import { create, decisions, door, podOf, TWO } from './admission-door.ts';

test('a signed image is admitted, an unsigned one is not, and the answer says why', async (t) => {
  const d = await door(t);
  const signed = await pushSigned(d, d.fake.ref('acme/shop:v1'));
  const unsigned = await pushSmallImage(d.registry, d.fake.ref('acme/shop:v2'), 'unsigned');
  const yes = await d.review(create(podOf(`${d.fake.host}/acme/shop@${signed.digest}`)));
  assert.equal(yes.allowed, true, JSON.stringify(yes));
  assert.equal(yes.auditAnnotations?.['verdict'], 'SY-OK');
  assert.equal(yes.auditAnnotations?.['digest'], signed.digest);
  assert.match(yes.auditAnnotations?.['policy'] ?? '', /^sha256:/);
  assert.match(yes.auditAnnotations?.['signer'] ?? '', /^https:\/\/github\.com\/acme\/shop\//);
  const image = `${d.fake.host}/acme/shop:v2@${unsigned.digest}`;
  const no = await d.review(create(podOf(image)));
  assert.equal(no.allowed, false);
  assert.equal(no.status?.code, 403);
  assert.match(no.status?.reason ?? '', /^SY-/);
  assert.ok(no.status?.message.includes(unsigned.digest), no.status?.message);
});

test('every decision is on record with its reason, and a dry run leaves none', async (t) => {
  const d = await door(t);
  const signed = await pushSigned(d, d.fake.ref('acme/shop:v1'));
  const image = `${d.fake.host}/acme/shop@${signed.digest}`;
  await d.review({ ...create(podOf(image)), dryRun: true });
  assert.equal(decisions(d).length, 0);
  await d.review(create(podOf(image, `${d.fake.host}/acme/none@${signed.digest}`)));
  const rows = decisions(d);
  assert.deepEqual(rows.map(({ allowed }) => allowed).sort(), [0, 1]);
  const yes = rows.find(({ allowed }) => allowed === 1);
  assert.equal(yes?.['cluster'], 'prod');
  assert.equal(yes?.['environment'], 'production');
  assert.equal(yes?.['namespace'], 'shop');
  assert.equal(yes?.['digest'], signed.digest);
  assert.equal(yes?.['user'], 'system:serviceaccount:shop:deployer');
  assert.equal(JSON.parse(`${yes?.['bundles']}`).length, 1);
});

test('what cannot be recorded is not admitted', async (t) => {
  const commit: Commit = async () => {
    throw new SealyardError('SY-STORE-UNAVAILABLE');
  };
  const d = await door(t, { commit });
  const signed = await pushSigned(d, d.fake.ref('acme/shop:v1'));
  const answer = await d.review(create(podOf(`${d.fake.host}/acme/shop@${signed.digest}`)));
  assert.equal(answer.allowed, false);
  assert.equal(answer.status?.reason, 'SY-STORE-UNAVAILABLE');
});

test('an attestation, a foreign signer and a signature of another image do not admit', async (t) => {
  const d = await door(t);
  const cases = {
    attestation: { predicateType: 'https://slsa.dev/provenance/v1' },
    stranger: {
      names: [{ type: 'uri', value: 'https://github.com/evil/shop/.github/workflows/x.yml@refs/heads/main' }],
    },
    other: { digest: `sha256:${'0'.repeat(64)}` },
  } as const;
  for (const [name, statement] of Object.entries(cases)) {
    const subject = await pushSigned(d, d.fake.ref(`acme/${name}:v1`), [statement], name);
    const answer = await d.review(create(podOf(`${d.fake.host}/acme/${name}@${subject.digest}`)));
    assert.equal(answer.allowed, false, name);
  }
});

test('a tag alone is pinned by the mutating webhook and refused by the validating one', async (t) => {
  const d = await door(t);
  const subject = await pushSigned(d, d.fake.ref('acme/shop:v1'));
  await d.registry.pushManifest(
    d.fake.ref('acme/shop'),
    (await d.registry.manifest(d.fake.ref('acme/shop'), subject.digest)).bytes,
    subject.mediaType,
    'latest',
  );
  const images = [
    `${d.fake.host}/acme/shop:v1`,
    `${d.fake.host}/acme/shop`,
    `${d.fake.host}/acme/shop@${subject.digest}`,
    `${d.fake.host}/acme/none:v1`,
  ];
  const refused = await d.review(create(podOf(images[0] ?? '')));
  assert.equal(refused.status?.reason, 'SY-ADMIT-UNPINNED');
  const mutated = await d.review(create(podOf(...images)), '/admission/prod/mutate');
  assert.equal(mutated.allowed, true);
  assert.equal(mutated.patchType, 'JSONPatch');
  assert.deepEqual(JSON.parse(Buffer.from(mutated.patch ?? '', 'base64').toString()), [
    { op: 'test', path: '/spec/containers/0/image', value: images[0] },
    { op: 'replace', path: '/spec/containers/0/image', value: `${images[0]}@${subject.digest}` },
    { op: 'test', path: '/spec/containers/1/image', value: images[1] },
    { op: 'replace', path: '/spec/containers/1/image', value: `${images[1]}:latest@${subject.digest}` },
  ]);
  assert.equal(mutated.warnings?.length, 1);
  assert.equal((await d.review(create(podOf(`${images[0]}@${subject.digest}`)))).allowed, true);
  assert.equal(decisions(d).filter(({ path }) => path === '/spec/containers/3/image').length, 0);
});

test('a template that a controller owns is not mutated, since both would go on for ever', async (t) => {
  const d = await door(t);
  await pushSigned(d, d.fake.ref('acme/shop:v1'));
  const spec = { template: { spec: podOf(`${d.fake.host}/acme/shop:v1`)['spec'] ?? null } };
  const owned = {
    kind: 'ReplicaSet',
    metadata: { ownerReferences: [{ kind: 'Deployment', controller: true }] },
    spec,
  };
  assert.equal((await d.review(create(owned), '/admission/prod/mutate')).patch, undefined);
  const free = { kind: 'ReplicaSet', metadata: {}, spec };
  assert.notEqual((await d.review(create(free), '/admission/prod/mutate')).patch, undefined);
});

test('deletions, connections, status and unchanged images pass; a new image on update does not', async (t) => {
  const d = await door(t);
  const old = podOf(`${d.fake.host}/acme/old:v1`);
  const gone = { ...old, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
  const other = podOf(`${d.fake.host}/acme/other:v1`);
  const passes: readonly JsonObject[] = [
    { ...create(null), operation: 'DELETE', oldObject: old },
    { ...create({ kind: 'PodExecOptions' }), operation: 'CONNECT' },
    { ...create(old), operation: 'UPDATE', oldObject: old },
    { ...create(other), operation: 'UPDATE', subResource: 'status', oldObject: old },
    { ...create({ ...gone, ...other, metadata: gone.metadata }), operation: 'UPDATE', oldObject: gone },
    create({ kind: 'ConfigMap' }),
  ];
  for (const request of passes)
    assert.equal((await d.review(request)).allowed, true, JSON.stringify(request));
  const debug = {
    ...old,
    spec: { ...(old['spec'] as JsonObject), ephemeralContainers: [{ name: 'd', image: 'debug:1' }] },
  };
  const refused: readonly JsonObject[] = [
    { ...create(other), operation: 'UPDATE', oldObject: old },
    { ...create(debug), operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: old },
    { ...create({ ...other, metadata: gone.metadata }), operation: 'UPDATE', oldObject: old },
    create({ ...other, metadata: gone.metadata }),
  ];
  for (const request of refused)
    assert.equal((await d.review(request)).allowed, false, JSON.stringify(request));
});

test('a slow registry is a refusal within the deadline', async (t) => {
  let slow = false;
  const d = await door(t, {
    deadlineMs: 150,
    fake: {
      before: async () => {
        if (slow) await new Promise((resolve) => setTimeout(resolve, 1000));
        return false;
      },
    },
  });
  const signed = await pushSigned(d, d.fake.ref('acme/shop:v1'));
  slow = true;
  const started = performance.now();
  const answer = await d.review(create(podOf(`${d.fake.host}/acme/shop@${signed.digest}`)));
  assert.equal(answer.status?.reason, 'SY-ADMIT-TIMEOUT');
  assert.ok(performance.now() - started < 5_000);
});

test('an image signed after a refusal is admitted when seconds have passed', async (t) => {
  const d = await door(t);
  const ref = d.fake.ref('acme/shop:v1');
  const subject = await pushSmallImage(d.registry, ref);
  const pod = create(podOf(`${d.fake.host}/acme/shop@${subject.digest}`));
  assert.equal((await d.review(pod)).allowed, false);
  await attachBundle(d, ref, subject, bundleFor(d, subject));
  d.time.nowMs += 6000;
  assert.equal((await d.review(pod)).allowed, true);
});

test('an index may run where each of its platform images may, and not where one may not', async (t) => {
  const d = await door(t);
  const amd = await pushSigned(d, d.fake.ref('acme/shop:amd'), [{}], 'amd');
  const arm = await pushSmallImage(d.registry, d.fake.ref('acme/shop:arm'), 'arm');
  const type = 'application/vnd.oci.image.index.v1+json';
  const index = (...manifests: readonly object[]) =>
    d.registry.pushManifest(
      d.fake.ref('acme/shop'),
      new Uint8Array(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, manifests }))),
      type,
    );
  const good = await index({ ...amd, platform: { os: 'linux', architecture: 'amd64' } });
  const mixed = await index(amd, { ...arm, platform: { os: 'linux', architecture: 'arm64' } });
  const reversed = await index({ ...arm, platform: { os: 'linux', architecture: 'arm64' } }, amd);
  const empty = await index();
  const at = (digest: string) => d.review(create(podOf(`${d.fake.host}/acme/shop@${digest}`)));
  assert.equal((await at(good.digest)).allowed, true);
  assert.equal((await at(mixed.digest)).allowed, false);
  assert.equal((await at(reversed.digest)).allowed, false);
  assert.equal((await at(empty.digest)).allowed, false);
});

test('the cluster of the path decides; without one only a policy with one cluster answers', async (t) => {
  const one = await door(t);
  const object = { kind: 'ConfigMap' };
  assert.equal((await one.review(create(object), '/admission/validate')).allowed, true);
  assert.equal(
    (await one.review(create(object), '/admission/unknown/validate')).status?.reason,
    'SY-ADMIT-CLUSTER',
  );
  const two = await door(t, { clusters: TWO });
  assert.equal((await two.review(create(object), '/admission/validate')).status?.reason, 'SY-ADMIT-CLUSTER');
  assert.equal((await two.review(create(object), '/admission/other/validate')).allowed, true);
  assert.equal((await two.review(create(object), '/admission/__proto__/validate')).allowed, false);
});

test('bodies that are no review get a problem document; malformed requests with a uid are refused reviews', async (t) => {
  const d = await door(t);
  const bytes = (text: string) => new Uint8Array(Buffer.from(text));
  const review = (request: Json, over: JsonObject = {}): Json => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request,
    ...over,
  });
  for (const body of [
    bytes(''),
    bytes('{'),
    bytes('null'),
    new Uint8Array([0xff]),
    bytes('['.repeat(5000)),
    review(null),
    review({}),
    review({ uid: '' }),
    review({ uid: 7 }),
    review({ uid: 'x'.repeat(300) }),
    review({ uid: 'x' }, { apiVersion: 'admission.k8s.io/v1beta1' }),
    review({ uid: 'x' }, { kind: 'Pod' }),
  ]) {
    const reply = await d.ask('/admission/prod/validate', body);
    assert.ok(reply.status === 400 || reply.status === 413, `${reply.status}`);
    assert.equal(reply.headers?.['content-type'], 'application/problem+json');
  }
  for (const request of [
    {},
    { operation: 'PATCH' },
    { ...create(null) },
    { ...create({ kind: 'Pod' }) },
    { ...create(podOf('x')), dryRun: 'yes' },
    { ...create(podOf('x')), subResource: 7 },
    { ...create(podOf('UPPER/x y')) },
    { ...create(podOf('')) },
  ])
    for (const path of ['/admission/prod/validate', '/admission/prod/mutate']) {
      if (
        path.endsWith('mutate') &&
        'object' in request &&
        typeof (request as JsonObject)['dryRun'] === 'undefined' &&
        imagesAreTheFault(request)
      )
        continue;
      assert.equal(
        (await d.review(request as JsonObject, path)).allowed,
        false,
        `${path} ${JSON.stringify(request)}`,
      );
    }
  const many = await d.review(create(podOf(...Array.from({ length: 300 }, (_, i) => `x/${i}`))));
  assert.equal(many.status?.reason, 'SY-ADMIT-TOO-MANY');
});

/** The mutating webhook leaves unreadable references to the validating one. */
function imagesAreTheFault(request: object): boolean {
  return JSON.stringify(request).includes('"containers"');
}

test('warnings are single short lines', async (t) => {
  const d = await door(t);
  const answer = await d.review(
    create(podOf(`${'a'.repeat(300)}\n/x`, `b/${'c'.repeat(400)}\u0007`, 'd/E f')),
  );
  assert.equal(answer.allowed, false);
  assert.equal(answer.warnings?.length, 2);
  for (const warning of answer.warnings ?? []) {
    assert.ok(warning.length < 256);
    assert.ok(![...warning].some((character) => character < ' '));
  }
});
