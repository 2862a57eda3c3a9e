// A registry, a world of trust and an evidence source over both, for the tests of admission.
import type { TestContext } from 'node:test';
import { createEvidenceSource, type EvidenceSource } from '../../src/admit/evidence.ts';
import { BUNDLE_MEDIA_TYPE, bundleJson } from '../../src/formats/bundle.ts';
import {
  type Descriptor,
  EMPTY_CONTENT,
  emptyDescriptor,
  encodeManifest,
  MEDIA_TYPES,
  type RegistryReference,
} from '../../src/formats/oci.ts';
import { STATEMENT_TYPE } from '../../src/formats/statement.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import type { Json } from '../../src/ground/json.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { prepareTrust, type TrustMaterial } from '../../src/verify/trust.ts';
import { pushSmallImage } from '../registry/content.ts';
import { client, type FakeOptions, type FakeRegistry, fakeRegistry } from '../registry/fake-registry.ts';
import { World } from '../verify/world.ts';
import { SIGNED_AT } from '../verify/world-tree.ts';

export const REQUIRE = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 };

export interface Stage {
  readonly world: World;
  readonly fake: FakeRegistry;
  readonly registry: Registry;
  readonly evidence: EvidenceSource;
  /** Moved by tests. */
  readonly time: { nowMs: number };
  readonly trust: { material: TrustMaterial };
}

export async function stage(t: TestContext, options: FakeOptions = {}, timeoutMs = 5000): Promise<Stage> {
  const world = new World();
  const fake = await fakeRegistry(t, options);
  const registry = client(t, fake, { timeoutMs });
  const time = { nowMs: SIGNED_AT.getTime() };
  const trust = { material: prepareTrust(world.trustedRoot()) };
  const evidence = createEvidenceSource({
    registryOf: () => registry,
    trust: () => trust.material,
    require: REQUIRE,
    clock: { now: () => new Date(time.nowMs) },
  });
  return { world, fake, registry, evidence, time, trust };
}

export interface Statement {
  readonly predicateType?: string;
  readonly predicate?: Json;
  /** Of what is signed, where that is not the image itself. */
  readonly digest?: string;
  readonly names?: Parameters<World['leaf']>[0]['names'];
}

/** Pushes an image and one bundle for each statement. */
export async function pushSigned(
  s: Stage,
  ref: RegistryReference,
  statements: readonly Statement[] = [{}],
  text = 'hello',
): Promise<Descriptor> {
  const subject = await pushSmallImage(s.registry, ref, text);
  for (const statement of statements) await attachBundle(s, ref, subject, bundleFor(s, subject, statement));
  return subject;
}

export function bundleFor(s: Stage, subject: Descriptor, o: Statement = {}): string {
  const bundle = s.world.bundle({
    content: {
      statement: {
        type: STATEMENT_TYPE,
        subject: [{ digest: { sha256: (o.digest ?? subject.digest).slice(7) } }],
        predicateType: o.predicateType ?? 'https://sigstore.dev/cosign/sign/v1',
        predicate: o.predicate ?? {},
      },
    },
    ...(o.names === undefined ? {} : { leaf: { names: o.names } }),
  });
  return JSON.stringify(bundleJson(bundle));
}

export async function attachBundle(
  s: Stage,
  ref: RegistryReference,
  subject: Descriptor,
  bundle: string,
): Promise<Descriptor> {
  await s.registry.pushBlob(ref, EMPTY_CONTENT);
  const layer = await s.registry.pushBlob(ref, toUtf8(bundle), BUNDLE_MEDIA_TYPE);
  const manifest = encodeManifest({
    mediaType: MEDIA_TYPES.manifest,
    artifactType: BUNDLE_MEDIA_TYPE,
    config: emptyDescriptor(),
    layers: [layer],
    subject,
  });
  return s.registry.attach(ref, manifest);
}
