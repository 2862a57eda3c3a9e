// Which adapter serves a reference: a layout folder, or the registry that its host names.
import type { ImageReference } from '../formats/oci.ts';
import { LayoutRegistry } from './layout.ts';
import type { Registry } from './registry.ts';
import { RemoteRegistry } from './remote.ts';
import type { SessionOptions } from './session.ts';

export type RegistryOptions = SessionOptions;

/** The registry of one reference. A layout folder need not exist; the first push makes it. */
export function openRegistry(ref: ImageReference, o: RegistryOptions): Registry {
  return 'layout' in ref ? new LayoutRegistry(ref.layout) : new RemoteRegistry(ref.registry, o);
}

const MAX_HOSTS = 256;

/** Registries by host, each made once, so that tokens and connections are shared among many references. */
export function registries(o: RegistryOptions): (ref: ImageReference) => Registry {
  const known = new Map<string, Registry>();
  return (ref) => {
    if ('layout' in ref) return new LayoutRegistry(ref.layout);
    const found = known.get(ref.registry);
    if (found !== undefined) return found;
    const made = new RemoteRegistry(ref.registry, o);
    known.set(ref.registry, made);
    // Hosts come from whoever creates pods; the oldest goes, and would only cost a new token.
    for (const oldest of known.keys()) {
      if (known.size <= MAX_HOSTS) break;
      known.delete(oldest);
    }
    return made;
  };
}
