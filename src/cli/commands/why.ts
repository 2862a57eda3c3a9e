// `sealyard why`: decision, policy, signature, certificate, CI job, CA key and log index behind an image or a serial.
import { gatherImageFacts, type ImageEvidence } from '../../admit/evidence.ts';
import { isSealyardError } from '../../ground/errors.ts';
import { asDigest, asSerial } from '../../ground/ids.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import { REAL_CLOCK } from '../../server/clock.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { evidenceTree, type TreeNode, treeText } from '../evidence-tree.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { personalReach, personalRegistries, type RegistryFlags, readImageArgument } from '../images.ts';
import { loadTrust } from '../trust-file.ts';
import { askAdmin } from '../yard.ts';
import { factsJson } from './verify.ts';

const REQUIRE = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 } as const;

export const whyCommand: CommandSpec = {
  name: 'why',
  summary: 'the evidence chain behind an image or certificate',
  description: 'the evidence chain: decision, policy, signature, certificate, CI job, CA key, log',
  examples: [
    'sealyard why registry.example.com/shop/app:1.4',
    'sealyard why sha256:…                     a digest that the yard has seen',
    'sealyard why 3f21…                        a certificate’s serial',
    'sealyard why localhost:5000/app:1 --json | jq .signatures',
  ],
  define(command, run) {
    command
      .argument('<image-or-serial>', 'image reference, oci:<folder>, digest, or certificate serial')
      .option('--registry-roots <file>', 'PEM roots of the registry')
      .option('--insecure-http', 'speak plain HTTP to a registry that is not on loopback')
      .action(run(why));
  },
};

async function why(context: CliContext, args: readonly string[], flags: RegistryFlags): Promise<ExitStatus> {
  const target = args[0] ?? '';
  const record = recordName(target);
  const chain =
    record !== undefined ? await chainOfRecord(context, record) : await chainOfImage(context, target, flags);
  const tree: TreeNode = evidenceTree(target, chain);
  context.output.result({ code: 'SY-OK', ...chain }, treeText(tree, context.output.style));
  return EXIT.done;
}

/** A bare digest or serial is looked up in the yard's records alone. */
function recordName(target: string): string | undefined {
  if (asDigest(target) !== undefined) return target;
  // Colons stand where openssl prints a serial.
  const serial = target.toLowerCase().replaceAll(':', '');
  return /^[0-9a-f]{2}(:?[0-9a-f]{2}){7,}$/.test(target.toLowerCase()) ? asSerial(serial) : undefined;
}

async function chainOfRecord(context: CliContext, target: string): Promise<JsonObject> {
  const answer = await askAdmin(context, 'GET', `/admin/v1/why?subject=${encodeURIComponent(target)}`);
  return isObject(answer) ? answer : {};
}

/**
 * The registry says which signatures there are, the yard what it knows of each certificate and of its decisions; an
 * image that the yard never judged has no decision, and that is said rather than an error.
 */
async function chainOfImage(context: CliContext, target: string, flags: RegistryFlags): Promise<JsonObject> {
  const evidence = await evidenceOf(context, target, flags);
  const about = await recordsOf(context, evidence.digest);
  const signatures: Json[] = [];
  for (const { bundle, outcome } of evidence.candidates) {
    if (!outcome.verified) {
      signatures.push({ bundle, verified: false, code: outcome.code, message: outcome.message });
      continue;
    }
    const facts = factsJson(outcome.facts);
    const serial = facts['certificateSerial'];
    const records = typeof serial === 'string' ? await recordsOf(context, serial) : {};
    signatures.push({
      bundle,
      verified: true,
      kind: outcome.facts.kind,
      ...facts,
      certificate: firstOf(records['certificates']),
      authorities: records['authorities'] ?? [],
      policies: records['policies'] ?? [],
      entries: records['entries'] ?? [],
    });
  }
  return {
    image: target,
    digest: evidence.digest,
    decisions: about['decisions'] ?? [],
    policies: about['policies'] ?? [],
    signatures,
    logs: about['logs'] ?? (await logsOf(context)),
    // A cosignature counts where our own trust names a witness; none does yet.
    witnessed: evidence.facts.some((facts) => facts.entries.some((entry) => entry.cosigners > 0)),
  };
}

async function evidenceOf(context: CliContext, target: string, flags: RegistryFlags): Promise<ImageEvidence> {
  readImageArgument(target);
  const trust = loadTrust(context);
  return gatherImageFacts({
    reference: target,
    registryOf: personalRegistries(context, personalReach(context.environment), flags),
    trust: () => trust,
    require: REQUIRE,
    clock: REAL_CLOCK,
  });
}

async function recordsOf(context: CliContext, subject: string): Promise<JsonObject> {
  try {
    return await chainOfRecord(context, subject);
  } catch (error) {
    if (isSealyardError(error, 'SY-ADMIN-NOT-FOUND')) return {};
    throw error;
  }
}

async function logsOf(context: CliContext): Promise<readonly Json[]> {
  return [await askAdmin(context, 'GET', '/admin/v1/log/signature/head')];
}

function firstOf(list: Json | undefined): Json {
  return Array.isArray(list) ? ((list as readonly Json[])[0] ?? null) : null;
}
