// `sealyard admit`: what the cluster would answer for an image or a manifest, and why; needs no cluster.
import { type Document, parseAllDocuments } from 'yaml';
import { type AdmissionOutcome, admit, type ImageDecision } from '../../admit/admit.ts';
import { createEvidenceSource } from '../../admit/evidence.ts';
import { type ImageUse, imagesOf } from '../../admit/images.ts';
import { SealyardError } from '../../ground/errors.ts';
import { asEnvironmentName } from '../../ground/ids.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import { REAL_CLOCK } from '../../server/clock.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readText } from '../files.ts';
import { personalReach, personalRegistries, type RegistryFlags } from '../images.ts';
import { loadPolicyFile } from '../policy-file.ts';
import { loadTrust } from '../trust-file.ts';

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_DOCUMENTS = 1000;
const MAX_LIST_DEPTH = 8;
/** A person waits longer than an API server. */
const DEADLINE_MS = 60_000;
const REQUIRE = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 } as const;

interface AdmitFlags extends RegistryFlags {
  readonly environment: string;
}

export const admitCommand: CommandSpec = {
  name: 'admit',
  summary: 'what would the cluster answer, and why?',
  description: 'what the cluster would answer for an image or a manifest, and why',
  examples: [
    'sealyard admit registry.example.com/shop/app:1.4 --environment production',
    'sealyard admit deployment.yaml --environment production',
    'helm template shop | sealyard admit - --environment production',
  ],
  define(command, run) {
    command
      .argument(
        '<image-or-manifest>',
        'image reference, oci:<folder>, a Kubernetes manifest, or - for standard input',
      )
      .requiredOption('--environment <name>', 'the environment of the policy document that it shall run in')
      .option('--registry-roots <file>', 'PEM roots of the registry')
      .option('--insecure-http', 'speak plain HTTP to a registry that is not on loopback')
      .action(run(judge));
  },
};

async function judge(context: CliContext, args: readonly string[], flags: AdmitFlags): Promise<ExitStatus> {
  const target = args[0] ?? '';
  const environment = asEnvironmentName(flags.environment);
  if (environment === undefined)
    throw new SealyardError('SY-CLI-USAGE', `${flags.environment} is no environment's name`);
  const policy = loadPolicyFile(context);
  if (!policy.environments.has(environment))
    throw new SealyardError('SY-CLI-USAGE', `the policy has no environment ${environment}`);
  const images = readImages(target);
  const trust = loadTrust(context);
  const outcome = await admit({
    images,
    environment,
    policy,
    evidence: createEvidenceSource({
      registryOf: personalRegistries(context, personalReach(context.environment), flags),
      trust: () => trust,
      require: REQUIRE,
      clock: REAL_CLOCK,
    }),
    clock: REAL_CLOCK,
    deadlineMs: DEADLINE_MS,
  });
  context.output.result(outcomeJson(outcome, flags.environment), outcomeText(context, outcome));
  return outcome.allowed ? EXIT.done : EXIT.no;
}

/** A manifest file (or standard input) gives the images of all its documents; anything else is one image. */
function readImages(target: string): readonly ImageUse[] {
  const isManifest = target === '-' || /\.(ya?ml|json)$/.test(target);
  if (!isManifest) return [{ path: '', image: target }];
  const documents = parseAllDocuments(readText(target, MAX_MANIFEST_BYTES));
  if (!Array.isArray(documents) || documents.length > MAX_DOCUMENTS) {
    throw new SealyardError(
      'SY-CLI-USAGE',
      `${target} holds no Kubernetes objects, or more than ${MAX_DOCUMENTS}`,
    );
  }
  const objects = documents.flatMap((document, index) => {
    const [fault] = document.errors;
    if (fault !== undefined)
      throw new SealyardError('SY-CLI-USAGE', `${target}: document ${index + 1}: ${fault.code}`);
    return objectsOf(objectIn(document, `${target}: document ${index + 1}`), 0);
  });
  // What a failed command pipes here is nothing, and nothing must not pass for "may run".
  if (objects.length === 0) throw new SealyardError('SY-CLI-USAGE', `${target} holds no Kubernetes objects`);
  return objects.flatMap((each) => imagesOf(each));
}

/** At most 100 aliases expand: a manifest may be as hostile as any input. */
function objectIn(document: Document, name: string): Json {
  try {
    return document.toJS({ maxAliasCount: 100 }) as Json;
  } catch {
    throw new SealyardError('SY-CLI-USAGE', `${name}: an alias is unknown, or there are too many`);
  }
}

/** A `List` holds objects, lists among them; everything else is one. */
function objectsOf(object: Json, depth: number): readonly Json[] {
  if (!isObject(object)) return [];
  const items = object['items'];
  if (!Array.isArray(items)) return [object];
  if (depth === MAX_LIST_DEPTH) throw new SealyardError('SY-CLI-USAGE', 'lists of objects nest too deeply');
  return (items as readonly Json[]).flatMap((item) => objectsOf(item, depth + 1));
}

function outcomeJson(outcome: AdmissionOutcome, environment: string): JsonObject & { readonly code: string } {
  return {
    code: outcome.code,
    allowed: outcome.allowed,
    environment,
    message: outcome.message,
    images: outcome.images.map((image) => ({
      image: image.image,
      ...(image.path === '' ? {} : { path: image.path }),
      ...(image.digest === undefined ? {} : { digest: image.digest }),
      allowed: image.decision.allowed,
      code: image.decision.code,
      message: image.decision.message,
      policyVersion: image.decision.policyVersion,
      failedBundles: image.failedBundles,
    })),
  };
}

function outcomeText(context: CliContext, outcome: AdmissionOutcome): string {
  if (outcome.images.length === 0) return outcome.message;
  return outcome.images.map((image) => imageText(context, image)).join('\n');
}

function imageText(context: CliContext, image: ImageDecision): string {
  const { style } = context.output;
  const { decision } = image;
  const mark = decision.allowed ? style('good', 'allowed') : style('bad', 'denied ');
  return [
    `${mark} ${image.image}`,
    ...(image.digest === undefined ? [] : [`        ${image.digest}`]),
    `        ${decision.message}`,
    ...(decision.allowed ? [] : [`        code ${decision.code}; evidence: sealyard why ${image.image}`]),
  ].join('\n');
}
