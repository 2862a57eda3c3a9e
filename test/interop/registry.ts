// A docker-registry on a free loopback port with a folder of its own, and the few requests that the tests make to it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { temporaryFolder } from '../driver/folder.ts';
import { freePort } from '../driver/port.ts';

export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';

interface Stored {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export class TestRegistry implements AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly #stop: () => Promise<void>;

  constructor(host: string, stop: () => Promise<void>) {
    this.host = host;
    this.#stop = stop;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }

  /** Pushes an image that differs from all others; gives its reference by digest. */
  async pushImage(name: string): Promise<string> {
    const layer = gzipSync(Buffer.from(`layer of ${name} ${performance.now()}`));
    const config = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      config: {},
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: await this.#blob(
        name,
        'application/vnd.oci.image.config.v1+json',
        Buffer.from(JSON.stringify(config)),
      ),
      layers: [await this.#blob(name, 'application/vnd.oci.image.layer.v1.tar+gzip', layer)],
    };
    const stored = await this.#manifest(name, 'latest', manifest);
    return `${this.host}/${name}@${stored.digest}`;
  }

  /** The bundles that refer to an image, by the fallback tag (this registry has no referrers API). */
  async bundlesOf(image: string): Promise<string[]> {
    const { name, tag } = placeOf(image);
    const index = JSON.parse((await this.#get(`${name}/manifests/${tag}`)).toString()) as {
      manifests: Stored[];
    };
    const bundles: string[] = [];
    for (const { digest } of index.manifests) {
      const manifest = JSON.parse((await this.#get(`${name}/manifests/${digest}`)).toString()) as {
        layers: Stored[];
      };
      const [layer] = manifest.layers;
      if (layer?.mediaType === BUNDLE_TYPE)
        bundles.push((await this.#get(`${name}/blobs/${layer.digest}`)).toString());
    }
    return bundles;
  }

  /** Makes this bundle the only one that refers to the image, as an attacker with push rights could. */
  async replaceBundles(image: string, bundle: string): Promise<void> {
    const { name, tag, digest } = placeOf(image);
    const annotations = {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
    };
    const subject = await this.#head(`${name}/manifests/${digest}`, digest);
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      artifactType: BUNDLE_TYPE,
      config: await this.#blob(name, EMPTY_TYPE, Buffer.from('{}')),
      layers: [await this.#blob(name, BUNDLE_TYPE, Buffer.from(bundle))],
      subject,
      annotations,
    };
    const stored = await this.#manifest(name, digestOf(Buffer.from(JSON.stringify(manifest))), manifest);
    const entry = { ...stored, artifactType: BUNDLE_TYPE, annotations };
    await this.#manifest(
      name,
      tag,
      { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [entry] },
      INDEX_TYPE,
    );
  }

  async #blob(name: string, mediaType: string, bytes: Buffer): Promise<Stored> {
    const begun = await fetch(`http://${this.host}/v2/${name}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', `http://${this.host}`);
    location.searchParams.set('digest', digestOf(bytes));
    const put = await fetch(location, {
      method: 'PUT',
      body: new Uint8Array(bytes),
      headers: { 'content-type': 'application/octet-stream' },
    });
    if (put.status !== 201) throw new Error(`pushing a blob: ${put.status}`);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  }

  async #manifest(
    name: string,
    reference: string,
    manifest: object,
    mediaType = MANIFEST_TYPE,
  ): Promise<Stored> {
    const body = Buffer.from(JSON.stringify(manifest));
    const url = `http://${this.host}/v2/${name}/manifests/${reference}`;
    const put = await fetch(url, {
      method: 'PUT',
      body: new Uint8Array(body),
      headers: { 'content-type': mediaType },
    });
    if (put.status !== 201) throw new Error(`pushing a manifest: ${put.status} ${await put.text()}`);
    return { mediaType, digest: digestOf(body), size: body.length };
  }

  async #head(path: string, digest: string): Promise<Stored> {
    const bytes = await this.#get(path);
    return { mediaType: MANIFEST_TYPE, digest, size: bytes.length };
  }

  async #get(path: string): Promise<Buffer> {
    const headers = { accept: `${MANIFEST_TYPE}, ${INDEX_TYPE}, */*` };
    const response = await fetch(`http://${this.host}/v2/${path}`, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }
}

/** Starts the program at `path`; resolves when it answers. */
export async function startRegistry(path: string): Promise<TestRegistry> {
  const folder = temporaryFolder('registry');
  const host = `127.0.0.1:${await freePort()}`;
  const configuration = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: folder.path }, delete: { enabled: true } },
    http: { addr: host },
  };
  // The configuration is YAML, and JSON is YAML.
  writeFileSync(folder.file('config.yml'), JSON.stringify(configuration));
  const child = spawn(path, ['serve', folder.file('config.yml')], {
    stdio: 'ignore',
    env: { OTEL_TRACES_EXPORTER: 'none' },
  });
  const ended = once(child, 'exit');
  await answers(`http://${host}/v2/`);
  return new TestRegistry(host, async () => {
    child.kill('SIGTERM');
    await ended;
    folder[Symbol.dispose]();
  });
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await sleep(25);
  }
  throw new Error(`${url} does not answer`);
}

function placeOf(image: string): { name: string; digest: string; tag: string } {
  const [path = '', digest = ''] = image.split('@');
  return { name: path.slice(path.indexOf('/') + 1), digest, tag: digest.replace(':', '-') };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
