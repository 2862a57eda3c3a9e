// Where Kubernetes objects name images.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imagesOf } from '../../src/admit/images.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';

const POD_SPEC: JsonObject = {
  initContainers: [{ name: 'i', image: 'init:1', restartPolicy: 'Always' }],
  containers: [
    { name: 'a', image: 'app:1' },
    { name: 'b', image: 'side:1' },
  ],
  ephemeralContainers: [{ name: 'e', image: 'debug:1' }],
  volumes: [
    { name: 'v', emptyDir: {} },
    { name: 'w', image: { reference: 'data:1' } },
  ],
};

const under = (path: readonly string[], value: Json): Json =>
  path.reduceRight<Json>((inner, name) => ({ [name]: inner }), value);

test('every place where a kind can name an image is found', () => {
  const places: readonly (readonly [string, readonly string[]])[] = [
    ['Pod', ['spec']],
    ['PodTemplate', ['template', 'spec']],
    ['Deployment', ['spec', 'template', 'spec']],
    ['ReplicaSet', ['spec', 'template', 'spec']],
    ['StatefulSet', ['spec', 'template', 'spec']],
    ['DaemonSet', ['spec', 'template', 'spec']],
    ['ReplicationController', ['spec', 'template', 'spec']],
    ['Job', ['spec', 'template', 'spec']],
    ['CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
    ['SomebodysRollout', ['spec', 'template', 'spec']],
  ];
  for (const [kind, path] of places) {
    const object = { ...(under(path, POD_SPEC) as JsonObject), kind };
    const base = `/${path.join('/')}`;
    assert.deepEqual(
      imagesOf(object).map((use) => [use.path, use.image]),
      [
        [`${base}/initContainers/0/image`, 'init:1'],
        [`${base}/containers/0/image`, 'app:1'],
        [`${base}/containers/1/image`, 'side:1'],
        [`${base}/ephemeralContainers/0/image`, 'debug:1'],
        [`${base}/volumes/1/image/reference`, 'data:1'],
      ],
      kind,
    );
  }
});

test('kinds that run nothing have no images', () => {
  for (const object of [
    { kind: 'ConfigMap', data: { image: 'x' } },
    { kind: 'Service', spec: { ports: [] } },
    { kind: 'Scale', spec: { replicas: 3 } },
    { kind: 'ReplicationController', spec: { replicas: 0 } },
    { kind: 'constructor', spec: {} },
  ])
    assert.deepEqual(imagesOf(object), [], object.kind);
});

test('what should hold images and has another shape is refused, never passed over', () => {
  const pod = (spec: Json): Json => ({ kind: 'Pod', spec });
  for (const object of [
    null,
    [],
    'Pod',
    {},
    { kind: 7 },
    { kind: 'Pod' },
    pod(null),
    pod([]),
    pod({ containers: {} }),
    pod({ containers: 'app' }),
    pod({ containers: [null] }),
    pod({ containers: [['image', 'x']] }),
    pod({ containers: [{ image: 7 }] }),
    pod({ containers: [{ image: ['app:1'] }] }),
    pod({ initContainers: { 0: { image: 'x' } } }),
    pod({ volumes: [{ image: 'data:1' }] }),
    pod({ volumes: [{ image: { reference: {} } }] }),
    { kind: 'Deployment', spec: { template: [] } },
    { kind: 'CronJob', spec: { jobTemplate: 'x' } },
  ])
    assert.throws(() => imagesOf(object), { code: 'SY-ADMIT-OBJECT' }, JSON.stringify(object));
});

test('a pod’s container without image counts as an unreadable image, a template’s as none', () => {
  const spec = { containers: [{ name: 'a' }] };
  assert.deepEqual(imagesOf({ kind: 'Pod', spec }), [{ path: '/spec/containers/0/image', image: '' }]);
  assert.deepEqual(imagesOf({ kind: 'Deployment', spec: { template: { spec } } }), []);
});
