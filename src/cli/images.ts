// From what a person typed to an image reference and the registry that serves it, with the person's own credentials.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ImageReference, parseReference } from '../formats/oci.ts';
import { createReach, LOCAL_TOO, type Reach } from '../reach/reach.ts';
import { credentialHelper } from '../registry/credential-helper.ts';
import { dockerCredentials } from '../registry/credentials.ts';
import { registries } from '../registry/open.ts';
import type { Registry } from '../registry/registry.ts';
import type { CliContext, Environment } from './context.ts';
import { readText, readTextIfPresent } from './files.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;
/** What a credential helper may see of our environment: enough to find its programs and its user's files. */
const HELPER_VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
  'GNUPGHOME',
] as const;

export interface RegistryFlags {
  /** PEM file of the registry's own roots. */
  readonly registryRoots?: string;
  /** Speak plain HTTP to hosts that are not loopback too. */
  readonly insecureHttp?: boolean;
}

/** The outbound client of the command line: the person names the hosts, so loopback and private ones are allowed. */
export function personalReach(environment: Environment): Reach {
  return createReach({ allow: LOCAL_TOO, proxy: proxySettings(environment) });
}

/** Registries by reference, with docker's credentials of this person. */
export function personalRegistries(
  context: CliContext,
  reach: Reach,
  flags: RegistryFlags,
): (reference: ImageReference) => Registry {
  const folder = context.environment['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
  const roots =
    flags.registryRoots === undefined ? undefined : readText(flags.registryRoots, MAX_CONFIG_BYTES);
  return registries({
    layouts: 'any',
    reach,
    credentials: dockerCredentials({
      config: readTextIfPresent(join(folder, 'config.json'), MAX_CONFIG_BYTES),
      helper: credentialHelper({ environment: helperEnvironment(context.environment) }),
    }),
    ...(roots === undefined ? {} : { roots }),
    ...(flags.insecureHttp === true ? { plainHttp: true } : {}),
  });
}

/** @throws SealyardError for a reference that is none */
export function readImageArgument(text: string): ImageReference {
  return parseReference(text);
}

function helperEnvironment(environment: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    HELPER_VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function proxySettings(environment: Environment): { https?: string; http?: string; none?: string } {
  const pick = (name: string): string | undefined => environment[name] ?? environment[name.toUpperCase()];
  const [https, http, none] = [pick('https_proxy'), pick('http_proxy'), pick('no_proxy')];
  return {
    ...(https === undefined ? {} : { https }),
    ...(http === undefined ? {} : { http }),
    ...(none === undefined ? {} : { none }),
  };
}
