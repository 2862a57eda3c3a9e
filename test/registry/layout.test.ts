// OCI layout folders and the images that we build: contents, races, damage, determinism.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type LayoutReference, parseManifest } from '../../src/formats/oci.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import { buildImage } from '../../src/registry/image.ts';
import { LayoutRegistry } from '../../src/registry/layout.ts';
import { tarOf } from '../../src/registry/tar.ts';
import { pushNote, pushSmallImage, smallImage } from './content.ts';

function folder(t: TestContext): { ref: LayoutReference; path: string; registry: LayoutRegistry } {
  const path = mkdtempSync(join(tmpdir(), 'sealyard-layout-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return { ref: { layout: path, tag: 'v1' }, path, registry: new LayoutRegistry(path) };
}

test('a layout folder keeps images and their referrers as a registry does', async (t) => {
  const { ref, registry, path } = folder(t);
  const subject = await pushSmallImage(registry, ref);
  assert.deepEqual(await registry.resolve(ref), subject);
  assert.deepEqual(await registry.referrers(ref, subject.digest), []);
  const note = await pushNote(registry, ref, subject, 'one');
  const attached = await registry.attach(ref, note);
  await registry.attach(ref, note);
  const found = await registry.referrers(ref, subject.digest);
  assert.deepEqual(
    found.map(({ digest, artifactType }) => [digest, artifactType]),
    [[attached.digest, 'application/vnd.example.note']],
  );
  assert.deepEqual(JSON.parse(readFileSync(join(path, 'oci-layout'), 'utf8')), {
    imageLayoutVersion: '1.0.0',
  });
  assert.deepEqual(readdirSync(path).sort(), ['blobs', 'index.json', 'oci-layout']);
});

test('a tag moves to the image that was pushed last', async (t) => {
  const { ref, registry } = folder(t);
  await pushSmallImage(registry, ref, 'old');
  const fresh = await pushSmallImage(registry, ref, 'new');
  assert.equal((await registry.resolve(ref)).digest, fresh.digest);
});

test('twenty writers at once lose no entry', async (t) => {
  const { ref, registry, path } = folder(t);
  const subject = await pushSmallImage(registry, ref);
  await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const own = new LayoutRegistry(path);
      await own.attach(ref, await pushNote(own, ref, subject, `note ${i}`));
    }),
  );
  assert.equal((await registry.referrers(ref, subject.digest)).length, 20);
});

test('content that was changed on disk is refused, and so is what is no file', async (t) => {
  const { ref, registry, path } = folder(t);
  const subject = await pushSmallImage(registry, ref);
  const blob = join(path, 'blobs', 'sha256', subject.digest.slice(7));
  writeFileSync(blob, readFileSync(blob, 'utf8').replace('2', '3'));
  await assert.rejects(registry.resolve(ref), { code: 'SY-REGISTRY-DIGEST-MISMATCH' });
  rmSync(blob);
  await assert.rejects(registry.resolve(ref), { code: 'SY-REGISTRY-NOT-FOUND' });
  mkdirSync(blob);
  await assert.rejects(registry.resolve(ref), { code: 'SY-REGISTRY-LAYOUT' });
  rmSync(blob, { recursive: true });
  execFileSync('mkfifo', [blob]);
  await assert.rejects(registry.resolve(ref), { code: 'SY-REGISTRY-LAYOUT' });
  rmSync(blob);
  symlinkSync('/etc/hostname', blob);
  await assert.rejects(registry.resolve(ref), { code: 'SY-REGISTRY-DIGEST-MISMATCH' });
});

test('a folder that is no layout, or one of the future, is not written to', async (t) => {
  const { ref, registry, path } = folder(t);
  await assert.rejects(registry.resolve(ref), { code: 'SY-REGISTRY-NOT-FOUND' });
  for (const [name, text, code] of [
    ['oci-layout', '{"imageLayoutVersion":"2.0.0"}', 'SY-REGISTRY-LAYOUT'],
    ['oci-layout', '', 'SY-REGISTRY-ANSWER'],
    ['index.json', '[]', 'SY-REGISTRY-ANSWER'],
  ] as const) {
    rmSync(join(path, 'oci-layout'), { force: true });
    writeFileSync(join(path, name), text);
    await assert.rejects(pushSmallImage(registry, ref), { code }, text);
    rmSync(join(path, name));
  }
});

test('equal files give an equal image, whatever their order, and tar reads the layer', (t) => {
  const files = [
    { path: 'b/two', bytes: toUtf8('2'), mode: 0o755 },
    { path: 'a/one', bytes: toUtf8('1'.repeat(1000)) },
    { path: `deep/${'x'.repeat(90)}/${'y'.repeat(90)}/z`, bytes: new Uint8Array() },
  ];
  const build = (layer: typeof files) => buildImage({ layers: [layer], createdAt: new Date(0) });
  assert.equal(build(files).digest, build(files.toReversed()).digest);
  const { path } = folder(t);
  const layer = build(files).layers[0];
  assert.ok(layer !== undefined);
  writeFileSync(join(path, 'layer.tar'), gunzipSync(layer.bytes));
  execFileSync('tar', ['-xf', 'layer.tar'], { cwd: path });
  assert.equal(readFileSync(join(path, 'a/one'), 'utf8'), '1'.repeat(1000));
  assert.equal(readFileSync(join(path, files[2]?.path ?? ''), 'utf8'), '');
});

test('an image’s manifest is one that our own reader accepts, and paths out of a layer are refused', () => {
  const read = parseManifest(smallImage().manifest);
  assert.equal(read.kind, 'manifest');
  for (const path of ['../x', '/x', 'a//b', '.', '', 'a/../b', 'x'.repeat(300), 'a\0b'])
    assert.throws(() => tarOf([{ path, bytes: new Uint8Array() }]), TypeError, path);
});

test('a lock that its writer left behind when it died is broken, a fresh one is waited for', async (t) => {
  const { ref, registry, path } = folder(t);
  const lock = join(path, 'index.json.lock');
  writeFileSync(lock, '');
  const long = new Date(Date.now() - 60_000);
  utimesSync(lock, long, long);
  await pushSmallImage(registry, ref, 'after a crash');
  writeFileSync(lock, '');
  const waiting = pushSmallImage(registry, ref, 'in turn');
  const before = readFileSync(join(path, 'index.json'), 'utf8');
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(readFileSync(join(path, 'index.json'), 'utf8'), before);
  rmSync(lock);
  await waiting;
  assert.notEqual(readFileSync(join(path, 'index.json'), 'utf8'), before);
});
