// Which registry serves a reference, and which layout folders a reference may name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference } from '../../src/formats/oci.ts';
import { createReach, PUBLIC_ONLY } from '../../src/reach/reach.ts';
import { NO_CREDENTIALS } from '../../src/registry/credentials.ts';
import { registries } from '../../src/registry/open.ts';

const open = (layouts: 'any' | readonly string[]) =>
  registries({ reach: createReach({ allow: PUBLIC_ONLY }), credentials: NO_CREDENTIALS, layouts });

test('a registry host has one client, however many references name it', () => {
  const registryOf = open([]);
  const one = registryOf(parseReference('reg.example/a/b:1'));
  assert.equal(registryOf(parseReference('reg.example/c/d:2')), one);
  assert.notEqual(registryOf(parseReference('other.example/c/d:2')), one);
});

test('references open only the layout folders that are allowed', () => {
  const registryOf = open(['/data/images']);
  registryOf(parseReference('oci:/data/images:v1'));
  registryOf(parseReference('oci:/data/images/shop:v1'));
  for (const folder of [
    '/data',
    '/data/images/../secret',
    '/data/images-other',
    '/etc',
    'images',
    '/data/images/../../etc',
  ])
    assert.throws(
      () => registryOf(parseReference(`oci:${folder}:v1`)),
      { code: 'SY-REGISTRY-REFERENCE' },
      folder,
    );
  assert.throws(() => open([])(parseReference('oci:/data/images:v1')), { code: 'SY-REGISTRY-REFERENCE' });
  open('any')(parseReference('oci:/anywhere:v1'));
});

test('a host that is no host is refused before anything is sent', async () => {
  for (const registry of ['a b', 'user:pw@host', 'host/path', '', 'host?x']) {
    assert.throws(() => open([])({ registry, repository: 'x' }), { code: 'SY-REGISTRY-REFERENCE' }, registry);
  }
});
