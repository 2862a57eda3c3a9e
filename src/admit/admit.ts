// May these images run here: references -> evidence -> policy -> one decision and one sentence an image.
import { type Code, isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Digest, EnvironmentName } from '../ground/ids.ts';
import type { Clock } from '../ground/ports.ts';
import { type Decision, decideRun, type Policy } from '../policy/index.ts';
import type { EvidenceSource, ImageEvidence, SettledImage } from './evidence.ts';
import type { ImageUse } from './images.ts';

export const MAX_IMAGES = 256;
/** Kubernetes gives a webhook 10 s by default; what is left is for the way there and back. */
export const DEFAULT_DEADLINE_MS = 8_000;
const AT_ONCE = 16;

export interface ImageDecision {
  readonly path: string;
  readonly image: string;
  readonly digest?: Digest;
  readonly decision: Decision;
  /** Bundles whose facts were before the policy. */
  readonly bundles: readonly Digest[];
  /** Bundles that were passed over since they could not be read or verified. */
  readonly failedBundles: number;
}

export interface AdmissionOutcome {
  readonly allowed: boolean;
  readonly code: Code | 'SY-OK';
  readonly message: string;
  readonly images: readonly ImageDecision[];
}

export interface AdmitOptions {
  readonly images: readonly ImageUse[];
  readonly environment: EnvironmentName;
  readonly policy: Policy;
  readonly evidence: EvidenceSource;
  readonly clock: Clock;
  readonly deadlineMs?: number;
  /** Refuse references without a digest: what their tag means may change between this answer and the pull. */
  readonly requireDigest?: boolean;
  readonly signal?: AbortSignal;
}

/** Judges every image; whatever goes wrong on the way is a refusal with its code, never an exception. */
export async function admit(o: AdmitOptions): Promise<AdmissionOutcome> {
  if (o.images.length > MAX_IMAGES) {
    const error = new SealyardError('SY-ADMIT-TOO-MANY', `${o.images.length} of at most ${MAX_IMAGES}`);
    return { allowed: false, code: error.code, message: error.message, images: [] };
  }
  const deadline = new AbortController();
  const deadlineMs = o.deadlineMs ?? DEFAULT_DEADLINE_MS;
  const late = new SealyardError('SY-ADMIT-TIMEOUT', `${deadlineMs} ms`);
  const timer = setTimeout(() => deadline.abort(late), deadlineMs);
  const signals = o.signal === undefined ? [deadline.signal] : [deadline.signal, o.signal];
  try {
    return outcomeOf(await judgeAll(o, AbortSignal.any(signals)));
  } finally {
    clearTimeout(timer);
  }
}

/** Equal references are judged once, so that one object cannot get two answers about one image. */
async function judgeAll(o: AdmitOptions, signal: AbortSignal): Promise<readonly ImageDecision[]> {
  const waiting = [...new Set(o.images.map(({ image }) => image))];
  const judged = new Map<string, Judgement>();
  const work = async (): Promise<void> => {
    for (let image = waiting.pop(); image !== undefined; image = waiting.pop())
      judged.set(image, await judge(o, image, signal));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return o.images.flatMap(({ path, image }) => {
    const judgement = judged.get(image);
    return judgement === undefined ? [] : [{ path, image, ...judgement }];
  });
}

type Judgement = Omit<ImageDecision, 'path' | 'image'>;

async function judge(o: AdmitOptions, image: string, signal: AbortSignal): Promise<Judgement> {
  let settled: SettledImage | undefined;
  try {
    settled = await o.evidence.settle(image, signal);
    if (o.requireDigest === true && settled.image.digest === undefined)
      throw new SealyardError('SY-ADMIT-UNPINNED', `now ${settled.digest}`);
    return await judgeSettled(o, settled, signal);
  } catch (error) {
    const decision = refusal(o, image, asRefusal(error, signal));
    return {
      decision,
      bundles: [],
      failedBundles: 0,
      ...(settled === undefined ? {} : { digest: settled.digest }),
    };
  }
}

/** A yes from what is remembered, a no only after looking again, then perhaps a yes for each platform of an index. */
async function judgeSettled(o: AdmitOptions, image: SettledImage, signal: AbortSignal): Promise<Judgement> {
  const remembered = await o.evidence.gather(image, { fresh: false, signal });
  const first = decide(o, remembered);
  if (first.decision.allowed) return first;
  const looked = await o.evidence.gather(image, { fresh: true, signal });
  const second = looked === remembered ? first : decide(o, looked);
  if (second.decision.allowed) return second;
  return (await judgeChildren(o, image, signal)) ?? second;
}

/**
 * An index may run where each of its platform images may, since whatever of it runs is one of those. The answer is
 * about the index all the same, which is what gets pinned.
 */
async function judgeChildren(
  o: AdmitOptions,
  index: SettledImage,
  signal: AbortSignal,
): Promise<Judgement | undefined> {
  const children = await o.evidence.children(index, signal);
  let last: Judgement | undefined;
  const bundles: Digest[] = [];
  for (const child of children) {
    last = decide(o, await o.evidence.gather(child, { fresh: true, signal }));
    if (!last.decision.allowed) return undefined;
    bundles.push(...last.bundles);
  }
  return last === undefined ? undefined : { ...last, digest: index.digest, bundles };
}

function decide(o: AdmitOptions, evidence: ImageEvidence): Judgement {
  return {
    digest: evidence.digest,
    decision: decideRun(o.policy, o.environment, evidence, o.clock.now()),
    bundles: evidence.candidates.flatMap(({ bundle, outcome }) => (outcome.verified ? [bundle] : [])),
    failedBundles: evidence.failures.length,
  };
}

/** Every failure has a code; one of ours is a refusal like any other, without detail. */
function asRefusal(error: unknown, signal: AbortSignal): SealyardError {
  const cause = signal.aborted && isSealyardError(signal.reason) ? signal.reason : error;
  if (!isSealyardError(cause)) return new SealyardError('SY-INTERNAL', undefined, { cause });
  if (cause.code.startsWith('SY-ADMIT-')) return cause;
  return new SealyardError('SY-ADMIT-UNKNOWN-IMAGE', cause.message, { cause });
}

function refusal(o: AdmitOptions, image: string, error: SealyardError): Decision {
  return {
    allowed: false,
    code: error.code,
    message: `image ${JSON.stringify(image.slice(0, 512))}: ${error.message}`,
    environment: o.environment,
    policyVersion: o.policy.version,
    violations: [],
    satisfiedBy: [],
  };
}

function outcomeOf(images: readonly ImageDecision[]): AdmissionOutcome {
  const denied = images.filter(({ decision }) => !decision.allowed);
  const [first] = denied;
  if (first !== undefined) {
    const more = denied.length === 1 ? '' : ` (and ${denied.length - 1} more)`;
    const { code, message } = first.decision;
    return { allowed: false, code, message: `${code}: ${message}${more}`, images };
  }
  const message = images.length === 0 ? 'nothing to judge' : `${images.length} images may run`;
  return { allowed: true, code: 'SY-OK', message, images };
}
