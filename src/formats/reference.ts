// Image references as Docker reads them (distribution/reference), and `oci:<folder>` for image layouts on disk.
import { SealyardError } from '../ground/errors.ts';
import { asDigest, type Digest } from '../ground/ids.ts';

interface Version {
  readonly tag?: string;
  readonly digest?: Digest;
}

export interface RegistryReference extends Version {
  /** Host with its port, `docker.io` where none was named. */
  readonly registry: string;
  readonly repository: string;
}

export interface LayoutReference extends Version {
  /** A folder with an OCI image layout. */
  readonly layout: string;
}

export type ImageReference = RegistryReference | LayoutReference;

const MAX_LENGTH = 4096;
const MAX_NAME_LENGTH = 255;
const DOMAIN_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])';
const DOMAIN = new RegExp(
  `^(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[[0-9a-fA-F:]{2,45}\\])(?::[0-9]{1,5})?$`,
);
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Reads a reference. Without tag and digest the tag is `latest`; with a digest the tag only informs.
 * `index.docker.io` is `docker.io`, whose single-word repositories are in `library/`.
 * @throws SealyardError `SY-REFERENCE-MALFORMED`
 */
export function parseReference(text: string): ImageReference {
  if (text.length === 0 || text.length > MAX_LENGTH) throw malformed('empty or too long');
  if (text.startsWith('oci:')) return parseLayout(text.slice('oci:'.length));
  const { name, tag, digest } = splitVersion(text);
  // 64 hex digits alone are an image id, which names no repository.
  if (/^[0-9a-f]{64}$/.test(name)) throw malformed('an image id');
  const { registry, path } = splitRegistry(name);
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  const components = repository.split('/');
  if (!components.every((component) => COMPONENT.test(component))) throw malformed('repository');
  if (registry.length + repository.length > MAX_NAME_LENGTH) throw malformed('name is too long');
  return { registry, repository, ...version(tag, digest) };
}

function parseLayout(text: string): LayoutReference {
  const { name, tag, digest } = splitVersion(text);
  if (name === '' || name.includes('\0')) throw malformed('layout folder');
  return { layout: name, ...version(tag, digest) };
}

function version(tag: string | undefined, digest: Digest | undefined): Version {
  if (tag === undefined && digest === undefined) return { tag: 'latest' };
  return { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

function splitVersion(text: string): { name: string; tag: string | undefined; digest: Digest | undefined } {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : asDigest(text.slice(at + 1));
  if (at >= 0 && digest === undefined) throw malformed('digest');
  const rest = at < 0 ? text : text.slice(0, at);
  // A colon after the last slash is the tag's; one before it belongs to the port.
  const colon = rest.lastIndexOf(':');
  if (colon <= rest.lastIndexOf('/')) return { name: rest, tag: undefined, digest };
  const tag = rest.slice(colon + 1);
  if (!TAG.test(tag)) throw malformed('tag');
  return { name: rest.slice(0, colon), tag, digest };
}

// The first component is a host if it looks like one: a dot, a port, an upper-case letter, or localhost.
function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = /[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (slash < 0 || !isHost) return { registry: 'docker.io', path: name };
  if (!DOMAIN.test(first)) throw malformed('registry');
  const registry = first.toLowerCase();
  return { registry: registry === 'index.docker.io' ? 'docker.io' : registry, path: name.slice(slash + 1) };
}

/** The reference in full, as people and policies spell it. */
export function formatReference(reference: ImageReference): string {
  const name =
    'layout' in reference ? `oci:${reference.layout}` : `${reference.registry}/${reference.repository}`;
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  return `${name}${tag}${reference.digest === undefined ? '' : `@${reference.digest}`}`;
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-REFERENCE-MALFORMED', detail);
}
