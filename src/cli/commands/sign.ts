// `sealyard sign` and `sealyard attest`: keyless, with the identity of the CI job that runs it.
import { existsSync } from 'node:fs';
import { SealyardError } from '../../ground/errors.ts';
import { parseJson } from '../../ground/json.ts';
import { attestImage, signBlob, signImage } from '../../sign/sign.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readBytes, readText, writeFileDurably } from '../files.ts';
import { personalReach, personalRegistries, type RegistryFlags, readImageArgument } from '../images.ts';
import { signedJson, signedText, signingFor } from '../signing.ts';

const MAX_ARTIFACT_BYTES = 512 * 1024 * 1024;
const MAX_PREDICATE_BYTES = 1024 * 1024;

interface SignOptions extends RegistryFlags {
  readonly bundle?: string;
}

interface AttestOptions extends RegistryFlags {
  readonly type: string;
  readonly predicate: string;
}

export const signCommand: CommandSpec = {
  name: 'sign',
  summary: 'sign an image or file, keyless',
  description: 'sign an image or file with the identity of this CI job; the key lives for one signature',
  examples: [
    'sealyard sign registry.example.com/shop/app:1.4          in a CI job: the token is found',
    'sealyard sign localhost:5000/app:1 --token-file job.token',
    'sealyard sign oci:./image --token-file job.token         an OCI layout folder',
    'sealyard sign app.tar.gz --token-file job.token          a file; the bundle is app.tar.gz.sigstore.json',
  ],
  define(command, run) {
    command
      .argument('<image-or-file>', 'image reference, oci:<folder>, or the path of a file')
      .option('--bundle <file>', 'for a file: where the bundle goes; default <file>.sigstore.json')
      .option('--registry-roots <file>', 'PEM roots of the registry')
      .option('--insecure-http', 'speak plain HTTP to a registry that is not on loopback')
      .action(run(sign));
  },
};

export const attestCommand: CommandSpec = {
  name: 'attest',
  summary: 'attest something about an image',
  description: 'attest something about an image: a signed in-toto statement beside it',
  examples: [
    'sealyard attest localhost:5000/app:1 --type https://spdx.dev/Document --predicate sbom.spdx.json --token-file job.token',
  ],
  define(command, run) {
    command
      .argument('<image>', 'image reference or oci:<folder>')
      .requiredOption('--type <uri>', 'predicate type, a URI')
      .requiredOption('--predicate <file>', 'JSON document; - is standard input')
      .option('--registry-roots <file>', 'PEM roots of the registry')
      .option('--insecure-http', 'speak plain HTTP to a registry that is not on loopback')
      .action(run(attest));
  },
};

async function sign(context: CliContext, args: readonly string[], options: SignOptions): Promise<ExitStatus> {
  const target = args[0] ?? '';
  if (isFile(target)) return signFile(context, target, options);
  const reference = readImageArgument(target);
  const registry = personalRegistries(context, personalReach(context.environment), options)(reference);
  const signed = await signImage({ ...(await signingFor(context)), image: reference, registry });
  context.output.result(
    { ...signedJson(signed), image: target },
    signedText(context, 'signed', target, signed),
  );
  return EXIT.done;
}

async function signFile(context: CliContext, path: string, options: SignOptions): Promise<ExitStatus> {
  const bytes = readBytes(path, MAX_ARTIFACT_BYTES);
  const bundle = options.bundle ?? `${path}.sigstore.json`;
  const signed = await signBlob({ ...(await signingFor(context)), bytes });
  writeFileDurably(bundle, signed.bundleJson, 0o644);
  context.output.result(
    { ...signedJson(signed), file: path, bundle },
    `${signedText(context, 'signed', path, signed)}\n  bundle      ${bundle}`,
  );
  return EXIT.done;
}

async function attest(
  context: CliContext,
  args: readonly string[],
  options: AttestOptions,
): Promise<ExitStatus> {
  const target = args[0] ?? '';
  const reference = readImageArgument(target);
  const predicate = parseJson(readText(options.predicate, MAX_PREDICATE_BYTES));
  const registry = personalRegistries(context, personalReach(context.environment), options)(reference);
  const signed = await attestImage({
    ...(await signingFor(context)),
    image: reference,
    registry,
    predicateType: options.type,
    predicate,
  });
  context.output.result(
    { ...signedJson(signed), image: target },
    signedText(context, 'attested', target, signed),
  );
  return EXIT.done;
}

/** An existing path is a file; `./x` and `/x` are never image references, so a missing one is an error, not an image. */
export function isFile(argument: string): boolean {
  if (argument.startsWith('oci:')) return false;
  if (existsSync(argument)) return true;
  if (argument.startsWith('/') || argument.startsWith('./') || argument.startsWith('../')) {
    throw new SealyardError('SY-CLI-FILE', `${argument}: no such file`);
  }
  return false;
}
