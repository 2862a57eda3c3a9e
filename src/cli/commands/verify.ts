// `sealyard verify`: is this image or file signed by whom I expect, with proof of time and log?
import { createHash } from 'node:crypto';
import { gatherImageFacts, type ImageEvidence } from '../../admit/evidence.ts';
import { type Bundle, parseBundle } from '../../formats/bundle.ts';
import { ERRORS, isSealyardError, SealyardError } from '../../ground/errors.ts';
import { asEnvironmentName, asIdentityName, type IdentityName } from '../../ground/ids.ts';
import { type JsonObject, parseJson } from '../../ground/json.ts';
import { decideRun } from '../../policy/decide-run.ts';
import { identityNamesOfFacts } from '../../policy/identities.ts';
import type { Policy } from '../../policy/policy.ts';
import { objectionEverywhere } from '../../policy/requirement-rules.ts';
import { REAL_CLOCK } from '../../server/clock.ts';
import { verifyBundle } from '../../verify/bundle.ts';
import type { Facts } from '../../verify/facts.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { meets, readExpectation, signerText } from '../expectation.ts';
import { readBytes, readText } from '../files.ts';
import { personalReach, personalRegistries, type RegistryFlags, readImageArgument } from '../images.ts';
import { loadPolicyFile } from '../policy-file.ts';
import { loadTrust } from '../trust-file.ts';
import { isFile } from './sign.ts';

const MAX_ARTIFACT_BYTES = 512 * 1024 * 1024;
const MAX_BUNDLE_BYTES = 4 * 1024 * 1024;
const REQUIRE = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 } as const;

interface VerifyOptions extends RegistryFlags {
  readonly by?: string;
  readonly identity?: string;
  readonly issuer?: string;
  readonly environment?: string;
  readonly bundle?: string;
}

export const verifyCommand: CommandSpec = {
  name: 'verify',
  summary: 'is it signed by whom I expect?',
  description: 'verify an image or file: certificate, log proof, timestamp, and who signed',
  examples: [
    'sealyard verify registry.example.com/shop/app:1.4 --by shop-release        an identity of the policy document',
    'sealyard verify IMAGE --identity https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main --issuer https://token.actions.githubusercontent.com',
    'sealyard verify IMAGE --policy policy.yaml --environment production        everything that its run rules demand',
    'sealyard verify app.tar.gz --by shop-release                               a file, with app.tar.gz.sigstore.json beside it',
  ],
  define(command, run) {
    command
      .argument('<image-or-file>', 'image reference, oci:<folder>, or the path of a file')
      .option('--by <identity>', 'an identity of the policy document')
      .option('--identity <san>', 'the exact subject alternative name of the certificate')
      .option('--issuer <url>', 'the exact issuer of the token behind it')
      .option('--environment <name>', 'judge by the run rules of this environment')
      .option('--bundle <file>', 'for a file: its bundle; default <file>.sigstore.json')
      .option('--registry-roots <file>', 'PEM roots of the registry')
      .option('--insecure-http', 'speak plain HTTP to a registry that is not on loopback')
      .action(run(verify));
  },
};

/** Says which of some verified facts count. */
type Judge = (facts: Facts) => boolean;

async function verify(
  context: CliContext,
  args: readonly string[],
  options: VerifyOptions,
): Promise<ExitStatus> {
  const target = args[0] ?? '';
  const modes = [options.by, options.identity ?? options.issuer, options.environment].filter(
    (mode) => mode !== undefined,
  );
  if (modes.length !== 1) {
    throw new SealyardError(
      'SY-CLI-USAGE',
      'say whom you expect: --by, --identity with --issuer, or --environment',
    );
  }
  if (isFile(target)) return verifyFile(context, target, options);
  const reference = readImageArgument(target);
  const registryOf = personalRegistries(context, personalReach(context.environment), options);
  const trust = loadTrust(context);
  const evidence = await gatherImageFacts({
    reference: target,
    registryOf: () => registryOf(reference),
    trust: () => trust,
    require: REQUIRE,
    clock: REAL_CLOCK,
  });
  return options.environment === undefined
    ? judgeImage(context, target, evidence, options)
    : judgeByRules(context, target, evidence, options.environment);
}

function judgeImage(
  context: CliContext,
  target: string,
  evidence: ImageEvidence,
  options: VerifyOptions,
): ExitStatus {
  const judge = judgeOf(context, options);
  // An attestation says something about an image; it does not sign it.
  const theirs = evidence.facts.filter((facts) => facts.kind === 'signature' && judge(facts));
  if (theirs.length === 0) throw nothingCounts(target, evidence, options);
  const { by } = options;
  const counted = by === undefined ? theirs : countedHere(context, target, evidence, { by, theirs });
  return succeed(context, target, evidence.digest, counted);
}

/** Of an identity's signatures those that the policy lets count for this image in some environment. */
function countedHere(
  context: CliContext,
  target: string,
  image: ImageEvidence,
  o: { readonly by: string; readonly theirs: readonly Facts[] },
): readonly Facts[] {
  const { policy, identity } = identityOf(context, o.by);
  const now = REAL_CLOCK.now();
  const judged = o.theirs.map((facts) => ({
    facts,
    objection: objectionEverywhere({ policy, image, facts, now }, identity),
  }));
  const counted = judged.filter(({ objection }) => objection === undefined).map(({ facts }) => facts);
  if (counted.length > 0) return counted;
  throw new SealyardError('SY-VERIFY-COUNTS-FOR', `${target}: ${judged[0]?.objection?.message ?? ''}`);
}

function judgeByRules(
  context: CliContext,
  target: string,
  evidence: ImageEvidence,
  name: string,
): ExitStatus {
  const environment = asEnvironmentName(name);
  if (environment === undefined)
    throw new SealyardError('SY-CLI-USAGE', `${name} is not a name of an environment`);
  const policy = loadPolicyFile(context);
  if (!policy.environments.has(environment))
    throw new SealyardError('SY-CLI-USAGE', `the policy has no environment ${name}`);
  const decision = decideRun(policy, environment, evidence, REAL_CLOCK.now());
  const value = {
    code: decision.code,
    image: target,
    digest: evidence.digest,
    environment: name,
    message: decision.message,
  };
  const mark = decision.allowed
    ? context.output.style('good', 'verified')
    : context.output.style('bad', 'not verified');
  context.output.result(value, `${mark} ${target}\n  ${decision.message}`);
  return decision.allowed ? EXIT.done : EXIT.no;
}

function judgeOf(context: CliContext, options: VerifyOptions): Judge {
  const expected = readExpectation(options);
  if (expected !== undefined) return (facts) => meets(facts, expected);
  const { policy, identity } = identityOf(context, options.by ?? '');
  return (facts) => identityNamesOfFacts(policy, facts).includes(identity);
}

function identityOf(context: CliContext, name: string): { policy: Policy; identity: IdentityName } {
  const identity = asIdentityName(name);
  const policy = loadPolicyFile(context);
  if (identity === undefined || !policy.identities.has(identity))
    throw new SealyardError('SY-CLI-USAGE', `the policy has no identity ${name}`);
  return { policy, identity };
}

function nothingCounts(target: string, evidence: ImageEvidence, options: VerifyOptions): SealyardError {
  const wanted = options.by ?? `${options.identity ?? ''} (${options.issuer ?? ''})`;
  const others = evidence.facts.filter((facts) => facts.kind === 'signature').map(signerText);
  if (others.length > 0) {
    return new SealyardError(
      'SY-VERIFY-IDENTITY-MISMATCH',
      `${target}: wanted ${wanted}, found ${others.slice(0, 3).join(', ')}`,
    );
  }
  const [failure] = evidence.failures;
  if (failure !== undefined) {
    const negative =
      ERRORS[failure.code].kind === 'negative' ? failure.code : 'SY-VERIFY-EVIDENCE-UNREADABLE';
    return new SealyardError(negative, `${target}: ${failure.code}: ${failure.message}`);
  }
  return new SealyardError('SY-VERIFY-NO-SIGNATURE', target);
}

async function verifyFile(context: CliContext, path: string, options: VerifyOptions): Promise<ExitStatus> {
  if (options.environment !== undefined) {
    throw new SealyardError(
      'SY-CLI-USAGE',
      'run rules are about images; verify a file with --by or --identity',
    );
  }
  const digest = new Uint8Array(createHash('sha256').update(readBytes(path, MAX_ARTIFACT_BYTES)).digest());
  const bundle = readBundle(readText(options.bundle ?? `${path}.sigstore.json`, MAX_BUNDLE_BYTES));
  const facts = verifyBundle(bundle, { trust: loadTrust(context), artifact: { digest }, require: REQUIRE });
  if (facts.kind !== 'signature') throw new SealyardError('SY-VERIFY-NO-SIGNATURE', path);
  if (!judgeOf(context, options)(facts)) {
    throw new SealyardError('SY-VERIFY-IDENTITY-MISMATCH', `${path}: found ${signerText(facts)}`);
  }
  return succeed(context, path, `sha256:${Buffer.from(digest).toString('hex')}`, [facts]);
}

/** A bundle that cannot be read proves nothing, so the answer is no and not "wrong use". */
function readBundle(text: string): Bundle {
  try {
    return parseBundle(parseJson(text));
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-VERIFY-EVIDENCE-UNREADABLE', `${error.code}: ${error.message}`, {
      cause: error,
    });
  }
}

function succeed(context: CliContext, target: string, digest: string, counted: readonly Facts[]): ExitStatus {
  const { style } = context.output;
  const lines = counted.map((facts) => `  signed by ${signerText(facts)}, ${evidenceText(facts)}`);
  context.output.result(
    { code: 'SY-OK', target, digest, signatures: counted.map(factsJson) },
    [`${style('good', 'verified')} ${target}`, `  ${digest}`, ...lines].join('\n'),
  );
  return EXIT.done;
}

function evidenceText(facts: Facts): string {
  const time = facts.times[0]?.at.toISOString() ?? 'an unproven time';
  const entry = facts.entries[0];
  return `at ${time}${entry === undefined ? '' : `, log ${entry.origin} index ${entry.index}`}`;
}

/** The facts of one signature as scripts read them. */
export function factsJson(facts: Facts): JsonObject {
  const certificate = facts.signer.kind === 'certificate' ? facts.signer : undefined;
  return {
    ...(certificate === undefined
      ? {}
      : {
          identity: certificate.san.value,
          issuer: certificate.issuer,
          certificateSerial: certificate.certificate.serial,
        }),
    ...(facts.predicateType === undefined ? {} : { predicateType: facts.predicateType }),
    times: facts.times.map(({ source, at }) => ({ source, at: at.toISOString() })),
    log: facts.entries.map(({ origin, index, cosigners }) => ({ origin, index, cosigners })),
  };
}
