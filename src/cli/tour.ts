// The tour: a throw-away yard, a real image from the product's own tree, a seal, and the two answers of the gate.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gatherImageFacts } from '../admit/evidence.ts';
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';
import { buildImage, type LayerFile, pushImage } from '../registry/image.ts';
import { REAL_CLOCK } from '../server/clock.ts';
import { loadConfig } from '../server/config.ts';
import { startYard, type Yard } from '../server/yard.ts';
import { type SignedImage, signImage } from '../sign/sign.ts';
import { leaveAddresses } from './addresses.ts';
import { mintJobToken } from './commands/token.ts';
import type { CliContext } from './context.ts';
import { meets, signerText } from './expectation.ts';
import { writeFileDurably } from './files.ts';
import { personalReach, personalRegistries, readImageArgument } from './images.ts';
import { signingFor } from './signing.ts';
import { loadTrust } from './trust-file.ts';
import { askYard, TRUSTED_ROOT_FILE, yardAddress } from './yard.ts';

/** What a shell reports for a program that ended by SIGINT. */
const INTERRUPTED = 130;
const SUBJECT = 'tour/build';
const REQUIRE = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 } as const;
const MAX_LAYER_FILES = 2000;

export interface TourOptions {
  /** The yard stays in this folder; else everything is gone afterwards. */
  readonly keep?: string;
  /** `host[:port]` of a registry that gets the images; else an OCI layout folder in the data directory. */
  readonly registry?: string;
}

/** What `sealyard tour --json` prints (surface.md). */
export interface TourResult extends JsonObject {
  readonly code: string;
  readonly image: string;
  readonly unsigned: string;
  readonly identity: string;
  readonly issuer: string;
  readonly trustedRoot: string;
  readonly logIndex: number;
  readonly certificateSerial: string;
  readonly admission: { readonly signed: Answer; readonly unsigned: Answer };
}

interface Answer extends JsonObject {
  readonly allowed: boolean;
  readonly code: string;
  readonly message: string;
}

/**
 * Runs the whole chain for real in a yard of its own and tells each step as it happens.
 * @throws SealyardError `SY-TOUR-FAILED` where the gate does not answer as it should
 */
export async function runTour(context: CliContext, options: TourOptions): Promise<TourResult> {
  const folder =
    options.keep === undefined ? mkdtempSync(join(tmpdir(), 'sealyard-tour-')) : resolve(options.keep);
  if (options.keep !== undefined) prepareKept(folder);
  if (options.keep !== undefined) return inYard(context, folder, options);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const interrupted = (): void => {
    remove();
    process.exit(INTERRUPTED);
  };
  // During `up` the signal is the yard's, and the tour goes on to its end.
  const isOurs = process.listenerCount('SIGINT') === 0;
  if (isOurs) process.once('SIGINT', interrupted);
  try {
    return await inYard(context, folder, options);
  } finally {
    process.off('SIGINT', interrupted);
    remove();
  }
}

function prepareKept(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readdirSync(folder).length > 0) throw new SealyardError('SY-CLI-NOT-EMPTY', folder);
}

async function inYard(context: CliContext, folder: string, options: TourOptions): Promise<TourResult> {
  const step = stepTeller(context, options.keep);
  const config = loadConfig({
    environment: {},
    flags: {
      data: folder,
      listen: '127.0.0.1:0',
      'listen-plain': 'off',
      development: 'true',
      'log-level': 'error',
    },
  });
  const yard = await startYard(config);
  try {
    const inner: CliContext = {
      ...context,
      server: undefined,
      dataDirectory: folder,
      policyFile: join(folder, 'policy.yaml'),
      trustFile: join(folder, TRUSTED_ROOT_FILE),
      token: undefined,
      output: { ...context.output, say: () => undefined },
    };
    leaveAddresses(folder, yard);
    // Where it stays it is started again under the name that it has.
    const listen = options.keep === undefined ? '' : ` --listen ${new URL(yard.publicUrl).host}`;
    step(
      'yard',
      `a root, three issuing CAs, three logs and a policy in ${folder}`,
      `up --development${listen}`,
    );
    return await walk(inner, yard, folder, options, step);
  } finally {
    await yard.close();
  }
}

type Teller = (name: string, what: string, command?: string) => void;

/** @param kept the folder that the yard stays in, so that the commands can be given again as they stand */
function stepTeller(context: CliContext, kept: string | undefined): Teller {
  const { style, say } = context.output;
  const program = kept === undefined ? 'sealyard' : `sealyard --data ${kept}`;
  let number = 0;
  say(
    `\n${style('bold', 'The tour')}: from a CI job's token to an admitted image, and an unsigned twin refused\n`,
  );
  return (name, what, command) => {
    number += 1;
    say(`${style('dim', `${number}.`.padEnd(3))}${style('bold', name.padEnd(10))} ${what}`);
    if (command !== undefined) say(`${' '.repeat(14)}${style('dim', `$ ${program} ${command}`)}`);
  };
}

async function walk(
  context: CliContext,
  yard: Yard,
  folder: string,
  options: TourOptions,
  step: Teller,
): Promise<TourResult> {
  const token = await mintJobToken(context, { subject: SUBJECT, lifetimeSeconds: 600 });
  const tokenFile = join(folder, 'job.token');
  writeFileDurably(tokenFile, token, 0o600);
  step('identity', `a CI job's token for ${SUBJECT}`, `token ci ${SUBJECT} --out job.token`);

  const { image, unsigned } = await pushTwins(context, folder, options);
  step('image', `built from this program's own files, and an unsigned twin\n${' '.repeat(14)}${image}`);

  const job: CliContext = { ...context, token: { kind: 'value', token } };
  const reference = readImageArgument(image);
  const registryOf = personalRegistries(job, personalReach(job.environment), {});
  const signed = await signImage({
    ...(await signingFor(job)),
    image: reference,
    registry: registryOf(reference),
  });
  step('signature', `by ${signed.identity}`, `sign ${image} --token-file job.token`);
  step('log', `entry ${signed.logIndex}, proven in the tree; certificate ${signed.certificateSerial}`);

  await verifyAsAnybody(context, image, signed);
  step(
    'verify',
    'certificate, timestamp, log proof and identity hold',
    `verify ${image} --identity ${signed.identity} --issuer ${signed.issuer}`,
  );

  const admission = {
    signed: await askGate(context, image),
    unsigned: await askGate(context, unsigned),
  };
  step('admission', verdict(context, admission.signed), `admit ${image} --environment dev`);
  step('admission', verdict(context, admission.unsigned), `admit ${unsigned} --environment dev`);
  if (!admission.signed.allowed || admission.unsigned.allowed) {
    throw new SealyardError('SY-TOUR-FAILED', `${admission.signed.code}, ${admission.unsigned.code}`);
  }
  context.output.say('');
  return {
    code: 'SY-OK',
    image,
    unsigned,
    identity: signed.identity,
    issuer: signed.issuer,
    trustedRoot: join(yard.dataDirectory, TRUSTED_ROOT_FILE),
    logIndex: signed.logIndex,
    certificateSerial: signed.certificateSerial,
    admission,
  };
}

function verdict(context: CliContext, answer: Answer): string {
  const { style } = context.output;
  return answer.allowed
    ? `${style('good', 'allowed')}  ${answer.message}`
    : `${style('bad', 'denied')}   ${answer.message}`;
}

/** Two images that differ in one label, so that a signature on one says nothing of the other. */
async function pushTwins(
  context: CliContext,
  folder: string,
  options: TourOptions,
): Promise<{ readonly image: string; readonly unsigned: string }> {
  const base =
    options.registry === undefined ? `oci:${join(folder, 'images')}` : `${options.registry}/sealyard/tour`;
  const layers = [ownFiles()];
  const registryOf = personalRegistries(context, personalReach(context.environment), {});
  const push = async (tag: string): Promise<string> => {
    const reference = readImageArgument(`${base}:${tag}`);
    const image = buildImage({
      layers,
      config: {
        entrypoint: ['/sealyard/bin/sealyard'],
        labels: { 'org.opencontainers.image.title': `sealyard ${tag}` },
      },
      createdAt: REAL_CLOCK.now(),
    });
    const pushed = await pushImage(registryOf(reference), reference, image);
    return `${base}@${pushed.digest}`;
  };
  return { image: await push('signed'), unsigned: await push('unsigned') };
}

/** This program's own sources (or its build), as the files of a layer. */
function ownFiles(): readonly LayerFile[] {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort().slice(0, MAX_LAYER_FILES);
  return names
    .filter((name) => statSync(join(root, name)).isFile())
    .map((name) => ({ path: `sealyard/src/${name}`, bytes: new Uint8Array(readFileSync(join(root, name))) }));
}

async function verifyAsAnybody(context: CliContext, image: string, signed: SignedImage): Promise<void> {
  const registryOf = personalRegistries(context, personalReach(context.environment), {});
  const trust = loadTrust(context);
  const evidence = await gatherImageFacts({
    reference: image,
    registryOf,
    trust: () => trust,
    require: REQUIRE,
    clock: REAL_CLOCK,
  });
  const expected = { identity: signed.identity, issuer: signed.issuer };
  if (!evidence.facts.some((facts) => facts.kind === 'signature' && meets(facts, expected))) {
    throw new SealyardError(
      'SY-TOUR-FAILED',
      `found ${evidence.facts.map(signerText).join(', ') || 'no signature'}`,
    );
  }
}

/** Asks the admission door as an API server would, with a pod. */
async function askGate(context: CliContext, image: string): Promise<Answer> {
  const answer = await askYard(yardAddress(context), 'POST', '/admission/validate', {
    body: {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: '00000000-0000-4000-8000-000000000001',
        kind: { group: '', version: 'v1', kind: 'Pod' },
        resource: { group: '', version: 'v1', resource: 'pods' },
        operation: 'CREATE',
        name: 'tour',
        namespace: 'default',
        userInfo: { username: 'tour' },
        object: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'tour', namespace: 'default' },
          spec: { containers: [{ name: 'app', image }] },
        },
      },
    },
  });
  const response = member(parseJson(answer.body), 'response');
  const status = member(response, 'status');
  const allowed = member(response, 'allowed') === true;
  if (allowed) {
    const evidence = member(response, 'auditAnnotations');
    return {
      allowed,
      code: 'SY-OK',
      message: `signed by ${text(evidence, 'signer')}, under policy ${text(evidence, 'policy')}`,
    };
  }
  return { allowed, code: text(status, 'reason'), message: text(status, 'message') };
}

function text(value: Json | undefined, name: string): string {
  const found = member(value, name);
  return typeof found === 'string' ? found : '';
}

function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) ? value[name] : undefined;
}
