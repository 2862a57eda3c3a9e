// Caddy: docs/how-to/caddy.md as it is printed; and it renews a short-lived certificate while it runs.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { install } from '../../clients/caddy.ts';
import { freePort } from '../../driver/port.ts';
import { SHORT_PROFILE } from './server.ts';
import { bindingSettings, clientSuite, NAME, type Scene, usualSettings } from './suite.ts';

/** Longer than certificates of the short profile live. */
const RENEWED_WITHIN_MS = 90_000;
const admin = `127.0.0.1:${await freePort()}`;

clientSuite({
  name: 'caddy',
  installed: await install(),
  programs: (path) => ({ caddy: path }),
  settings: (at) => ({
    ...usualSettings(at),
    ...bindingSettings(at),
    HTTP_PORT: String(at.server.laboratory.httpPort),
    HTTPS_PORT: String(at.server.laboratory.tlsPort),
    PROFILE: SHORT_PROFILE,
    CADDY_ADMIN: admin,
  }),
  // Where a step failed, Caddy still runs.
  stage: async ({ guide }) => ({
    [Symbol.asyncDispose]: () =>
      guide.run('Stop').then(
        () => {},
        () => {},
      ),
  }),
  steps: {
    Serve: {},
    'Look at what it serves': {
      after: async (scene, said) => {
        assert.match(said, /good day/);
        await replacesItself(scene);
      },
    },
    Stop: {},
  },
});

async function replacesItself(scene: Scene): Promise<void> {
  const first = await scene.good('served.pem', [NAME]);
  const deadline = performance.now() + RENEWED_WITHIN_MS;
  let serial = first;
  while (serial === first && performance.now() < deadline) {
    await sleep(1_000);
    await scene.guide.run('Look at what it serves');
    serial = await scene.good('served.pem', [NAME]);
  }
  assert.notEqual(serial, first, 'Caddy did not renew what it serves');
}
