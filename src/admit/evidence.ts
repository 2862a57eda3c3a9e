// From an image reference to facts about its digest; gathered once for many askers, and remembered while they hold.
import { type ImageReference, parseManifest, parseReference } from '../formats/oci.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Digest } from '../ground/ids.ts';
import type { Clock } from '../ground/ports.ts';
import type { ImageFacts } from '../policy/index.ts';
import type { Registry } from '../registry/registry.ts';
import type { VerifyRequirements } from '../verify/bundle.ts';
import type { Facts } from '../verify/facts.ts';
import type { TrustMaterial } from '../verify/trust.ts';
import { type Candidate, findBundles } from './bundles.ts';
import { BoundedCache } from './cache.ts';

const DEFAULT_CACHE_ENTRIES = 4096;
const CACHE_WEIGHT_BYTES = 64 * 1024 * 1024;
const ENTRY_WEIGHT_BYTES = 2048;
const DEFAULT_NEGATIVE_MS = 5_000;
const MAX_CHILDREN = 32;

export interface ImageEvidence extends ImageFacts {
  /** Every bundle that was looked at, good or bad. */
  readonly candidates: readonly Candidate[];
  readonly gatheredAt: Date;
}

/** A reference with its digest settled; what the reference's tag points to later does not matter any more. */
export interface SettledImage {
  readonly reference: string;
  readonly image: ImageReference;
  readonly digest: Digest;
}

/** Safe to use concurrently; equal questions at one time are asked once. All throw SealyardError `SY-REGISTRY-*`, `SY-REACH-*`. */
export interface EvidenceSource {
  /** @throws SealyardError `SY-ADMIT-UNREADABLE` where the reference cannot be read */
  settle(reference: string, signal?: AbortSignal): Promise<SettledImage>;
  /**
   * Facts about the digest. Facts that verified stay true under the same trust, so remembered ones are good for a
   * yes; before a no, ask with `fresh`, which looks again unless that was done within seconds.
   */
  gather(
    image: SettledImage,
    o: { readonly fresh: boolean; readonly signal?: AbortSignal },
  ): Promise<ImageEvidence>;
  /** The platform images of an index; none for a single image. */
  children(image: SettledImage, signal?: AbortSignal): Promise<readonly SettledImage[]>;
}

export interface EvidenceOptions {
  readonly registryOf: (ref: ImageReference) => Registry;
  /** The trust material in force at this moment. */
  readonly trust: () => TrustMaterial;
  readonly require: VerifyRequirements;
  readonly clock: Clock;
  readonly cacheEntries?: number;
  /** For how long a failure, or a look that found too little, answers the next ones. */
  readonly negativeMs?: number;
}

export function createEvidenceSource(o: EvidenceOptions): EvidenceSource {
  return new CachedEvidence(o);
}

/** Everything about one image, asked once: for `verify` and `why`. @throws SealyardError as `EvidenceSource` */
export async function gatherImageFacts(
  o: EvidenceOptions & { readonly reference: string; readonly signal?: AbortSignal },
): Promise<ImageEvidence> {
  const source = createEvidenceSource(o);
  // Life of a signature, step 12: what is said about the image is gathered, by its digest.
  const image = await source.settle(o.reference, o.signal);
  return source.gather(image, { fresh: true, ...(o.signal === undefined ? {} : { signal: o.signal }) });
}

type Outcome =
  | { readonly ok: true; readonly evidence: ImageEvidence }
  | { readonly ok: false; readonly error: SealyardError; readonly atMs: number };

class CachedEvidence implements EvidenceSource {
  readonly #o: EvidenceOptions;
  readonly #negativeMs: number;
  readonly #known: BoundedCache<Outcome>;
  readonly #facts: BoundedCache<Facts>;
  readonly #children: BoundedCache<readonly Digest[]>;
  readonly #pending = new Map<string, Promise<ImageEvidence>>();

  constructor(o: EvidenceOptions) {
    this.#o = o;
    this.#negativeMs = o.negativeMs ?? DEFAULT_NEGATIVE_MS;
    const bounds = { maxEntries: o.cacheEntries ?? DEFAULT_CACHE_ENTRIES, maxWeight: CACHE_WEIGHT_BYTES };
    this.#known = new BoundedCache(bounds);
    this.#facts = new BoundedCache(bounds);
    this.#children = new BoundedCache(bounds);
  }

  async settle(reference: string, signal?: AbortSignal): Promise<SettledImage> {
    const image = readReference(reference);
    const digest = image.digest ?? (await this.#o.registryOf(image).resolve(image, signal)).digest;
    return { reference, image, digest };
  }

  async gather(
    image: SettledImage,
    o: { readonly fresh: boolean; readonly signal?: AbortSignal },
  ): Promise<ImageEvidence> {
    const trust = this.#o.trust();
    const key = `${repositoryOf(image.image)} ${image.digest} ${trust.generation}`;
    const known = this.#known.get(key);
    if (known !== undefined && this.#isUsable(known, o.fresh)) {
      if (known.ok) return { ...known.evidence, reference: image.reference };
      throw known.error;
    }
    const pending = this.#pending.get(key) ?? this.#start(key, image, trust);
    return { ...(await untilAborted(pending, o.signal)), reference: image.reference };
  }

  async children(image: SettledImage, signal?: AbortSignal): Promise<readonly SettledImage[]> {
    const key = `${repositoryOf(image.image)} ${image.digest}`;
    const digests = this.#children.get(key) ?? (await this.#readChildren(key, image, signal));
    return digests.map((digest) => ({ ...image, digest, image: { ...image.image, digest } }));
  }

  #isUsable(known: Outcome, fresh: boolean): boolean {
    const nowMs = this.#o.clock.now().getTime();
    const ageMs = nowMs - (known.ok ? known.evidence.gatheredAt.getTime() : known.atMs);
    // A clock that went back makes the age negative: then look again rather than trust the entry for ever.
    return (known.ok && !fresh) || (ageMs >= 0 && ageMs < this.#negativeMs);
  }

  /** One look for all who ask meanwhile; it goes on without any of them, each request being bounded by itself. */
  #start(key: string, image: SettledImage, trust: TrustMaterial): Promise<ImageEvidence> {
    const started = this.#look(image, trust)
      .then(
        (evidence) => {
          this.#known.set(key, { ok: true, evidence }, weightOf(evidence));
          return evidence;
        },
        (error: unknown) => {
          const atMs = this.#o.clock.now().getTime();
          if (isSealyardError(error)) this.#known.set(key, { ok: false, error, atMs }, ENTRY_WEIGHT_BYTES);
          throw error;
        },
      )
      .finally(() => this.#pending.delete(key));
    // Whoever waits sees the failure; where nobody waits any more it must not end the process.
    started.catch(() => {});
    this.#pending.set(key, started);
    return started;
  }

  async #look(image: SettledImage, trust: TrustMaterial): Promise<ImageEvidence> {
    const factsKey = (bundle: Digest): string => `${image.digest} ${bundle} ${trust.generation}`;
    const candidates = await findBundles({
      registry: this.#o.registryOf(image.image),
      image: image.image,
      digest: image.digest,
      trust,
      require: this.#o.require,
      known: (bundle) => this.#facts.get(factsKey(bundle)),
      signal: undefined,
    });
    for (const { bundle, outcome, sizeBytes } of candidates)
      if (outcome.verified) this.#facts.set(factsKey(bundle), outcome.facts, sizeBytes + ENTRY_WEIGHT_BYTES);
    return {
      reference: image.reference,
      repository: repositoryOf(image.image),
      digest: image.digest,
      facts: candidates.flatMap(({ outcome }) => (outcome.verified ? [outcome.facts] : [])),
      failures: candidates.flatMap(({ bundle, outcome }) =>
        outcome.verified ? [] : [{ bundle, code: outcome.code, message: outcome.message }],
      ),
      candidates,
      gatheredAt: this.#o.clock.now(),
    };
  }

  async #readChildren(
    key: string,
    image: SettledImage,
    signal: AbortSignal | undefined,
  ): Promise<readonly Digest[]> {
    const { bytes } = await this.#o.registryOf(image.image).manifest(image.image, image.digest, signal);
    const read = parseManifest(bytes);
    // Build records that buildx lists as platform "unknown" run nowhere.
    const digests =
      read.kind === 'index'
        ? read.index.manifests
            .filter((entry) => entry.platform?.os !== 'unknown')
            .map((entry) => entry.digest)
        : [];
    if (digests.length > MAX_CHILDREN)
      throw new SealyardError('SY-REGISTRY-TOO-LARGE', `an index of ${digests.length} images`);
    this.#children.set(key, digests, ENTRY_WEIGHT_BYTES);
    return digests;
  }
}

function readReference(reference: string): ImageReference {
  try {
    return parseReference(reference);
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-ADMIT-UNREADABLE', error.detail, { cause: error });
  }
}

/** What a policy's `images` patterns match. */
export function repositoryOf(image: ImageReference): string {
  return 'layout' in image ? `oci:${image.layout}` : `${image.registry}/${image.repository}`;
}

function weightOf(evidence: ImageEvidence): number {
  return evidence.candidates.reduce((sum, { sizeBytes }) => sum + sizeBytes, ENTRY_WEIGHT_BYTES);
}

/** The work goes on for others; this caller leaves when his time is over. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
