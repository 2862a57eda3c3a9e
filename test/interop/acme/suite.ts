// One suite for each client: the commands of its how-to, run heading by heading against a server, and what must be true
// after each.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Installed } from '../../clients/client.ts';
import { type Guide, openGuide } from './guide.ts';
import { everyoneAgrees } from './opinions.ts';
import { type AcmeServer, type Binding, openAcmeServer, serialOf } from './server.ts';

export interface Scene {
  readonly server: AcmeServer;
  readonly guide: Guide;
  readonly binding: Binding;
  /** The file holds a chain to the roots, leaf first, for these names, and is not revoked; gives the leaf's serial number. */
  good(certificate: string, names: readonly string[]): Promise<string>;
  /** A certificate with another serial number has taken its place. */
  renewed(certificate: string, before: string): Promise<void>;
  revoked(certificate: string): Promise<void>;
}

export interface Step {
  readonly before?: (scene: Scene) => Promise<void> | void;
  readonly after?: (scene: Scene, said: string) => Promise<void> | void;
}

export interface ClientSuite {
  /** Of `docs/how-to/`. */
  readonly name: string;
  /** Why this machine cannot run it, if it cannot. */
  readonly installed: Installed;
  readonly programs: (path: string) => Readonly<Record<string, string>>;
  readonly settings: (at: {
    readonly server: AcmeServer;
    readonly binding: Binding;
  }) => Readonly<Record<string, string>>;
  readonly environment?: (at: { readonly server: AcmeServer }) => Readonly<Record<string, string>>;
  /** Before the first step, with what it gives ended after the last. */
  readonly stage?: (scene: Scene) => Promise<AsyncDisposable>;
  /** Heading -> what is done and looked at around its commands; the how-to has these headings and no other. */
  readonly steps: Readonly<Record<string, Step>>;
}

export function clientSuite(o: ClientSuite): void {
  const { installed } = o;
  if ('skip' in installed) {
    describe(o.name, { skip: installed.skip }, () => test('its how-to', () => {}));
    return;
  }
  describe(`${o.name} ${installed.version}`, () => {
    const open = new AsyncDisposableStack();
    let scene: Scene | undefined;
    const present = (): Scene => {
      assert.ok(scene, 'the stage was set');
      return scene;
    };
    before(async () => {
      const server = open.use(await openAcmeServer());
      const binding = await server.bind();
      const guide = open.use(
        openGuide({
          name: o.name,
          programs: o.programs(installed.path),
          settings: o.settings({ server, binding }),
          ...(o.environment === undefined ? {} : { environment: o.environment({ server }) }),
        }),
      );
      scene = sceneOf(server, guide, binding);
      open.use(await o.stage?.(scene));
    });
    after(() => open.disposeAsync());

    test('its how-to has the steps that are tried here', () => {
      assert.deepEqual(present().guide.steps, Object.keys(o.steps));
    });
    for (const [heading, step] of Object.entries(o.steps))
      test(heading, async () => {
        await step.before?.(present());
        const said = await present().guide.run(heading);
        await step.after?.(present(), said);
      });
  });
}

function sceneOf(server: AcmeServer, guide: Guide, binding: Binding): Scene {
  return {
    server,
    guide,
    binding,
    good: async (certificate, names) => {
      for (const name of names)
        await everyoneAgrees({ certificate: guide.file(certificate), roots: server.rootsFile, name });
      assert.equal(await server.statusOf(guide.file(certificate)), 'good');
      return serialOf(guide.file(certificate));
    },
    renewed: async (certificate, before) => {
      const serial = await serialOf(guide.file(certificate));
      assert.notEqual(serial, before, 'the certificate is still the old one');
    },
    revoked: async (certificate) => {
      assert.equal(await server.statusOf(guide.file(certificate)), 'revoked');
    },
  };
}

/** What a step remembers for the next. */
export class Memory {
  #serial = '';

  keep(serial: string): void {
    this.#serial = serial;
  }

  get serial(): string {
    assert.notEqual(this.#serial, '', 'no certificate was kept in mind');
    return this.#serial;
  }
}

/** Values of the settings that every how-to has. */
export function usualSettings({ server }: { readonly server: AcmeServer }): Record<string, string> {
  return { ACME_DIRECTORY: server.directory, ACME_ROOTS: server.rootsFile, NAME };
}

export function bindingSettings({ binding }: { readonly binding: Binding }): Record<string, string> {
  return { EAB_KEY_ID: binding.keyId, EAB_HMAC_KEY: binding.hmacKey };
}

/** The name that the suites ask for first. */
export const NAME = 'shop.example.test';
