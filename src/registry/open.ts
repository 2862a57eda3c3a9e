// Which adapter serves a reference: a layout folder, or the registry that its host names.
import { resolve, sep } from 'node:path';
import type { ImageReference } from '../formats/oci.ts';
import { SealyardError } from '../ground/errors.ts';
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

export interface RegistriesOptions extends RegistryOptions {
  /**
   * Layout folders that references may name, and all folders within them. `any` is for a person's own command; where
   * references come from strangers (pods), each folder that they name is a file of this machine that we open for them.
   */
  readonly layouts: 'any' | readonly string[];
}

/**
 * Registries by host, each made once, so that tokens and connections are shared among many references.
 * The function throws SealyardError `SY-REGISTRY-REFERENCE` for a layout folder that is not among those allowed.
 */
export function registries(o: RegistriesOptions): (ref: ImageReference) => Registry {
  const known = new Map<string, Registry>();
  return (ref) => {
    if ('layout' in ref) {
      if (!isAllowed(ref.layout, o.layouts))
        throw new SealyardError('SY-REGISTRY-REFERENCE', 'a folder that references may not name here');
      return new LayoutRegistry(ref.layout);
    }
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

function isAllowed(folder: string, layouts: RegistriesOptions['layouts']): boolean {
  if (layouts === 'any') return true;
  const path = resolve(folder) + sep;
  return layouts.some((allowed) => path.startsWith(resolve(allowed) + sep));
}
