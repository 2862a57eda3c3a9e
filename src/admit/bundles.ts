// The bundles that refer to one image digest: found, read within bounds, and verified into facts.
import { BUNDLE_MEDIA_TYPE, parseBundle } from '../formats/bundle.ts';
import { type Descriptor, type ImageReference, parseManifest } from '../formats/oci.ts';
import { fromHex, fromUtf8 } from '../ground/bytes.ts';
import { type Code, isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Digest } from '../ground/ids.ts';
import { parseJson } from '../ground/json.ts';
import type { Registry } from '../registry/registry.ts';
import { type VerifyRequirements, verifyBundle } from '../verify/bundle.ts';
import type { Facts } from '../verify/facts.ts';
import type { TrustMaterial } from '../verify/trust.ts';

/** Per image; what lies beyond is not looked at, and said so. */
export const MAX_CANDIDATES = 64;
export const MAX_BUNDLE_BYTES = 2 * 1024 * 1024;
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;
const AT_ONCE = 8;
const MAX_DEPTH = 48;

/** One bundle that claims to be about the image. */
export interface Candidate {
  /** Of the bundle's bytes. */
  readonly bundle: Digest;
  readonly sizeBytes: number;
  readonly outcome:
    | { readonly verified: true; readonly facts: Facts }
    | { readonly verified: false; readonly code: Code; readonly message: string };
}

export interface BundleQuery {
  readonly registry: Registry;
  readonly image: ImageReference;
  readonly digest: Digest;
  readonly trust: TrustMaterial;
  readonly require: VerifyRequirements;
  /** Verified before, under the same trust. */
  known(bundle: Digest): Facts | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Looks at every referrer that may hold a bundle. One that cannot be read or verified never hides another: it is
 * reported and passed over. What makes the whole list unreadable throws.
 * @throws SealyardError `SY-REGISTRY-*`, `SY-REACH-*`; the signal's reason
 */
export async function findBundles(q: BundleQuery): Promise<readonly Candidate[]> {
  const referrers = await q.registry.referrers(q.image, q.digest, q.signal);
  const unique = [...new Map(referrers.map((descriptor) => [descriptor.digest, descriptor])).values()];
  // The hint decides the order only, since fallback indexes written by others have it wrong.
  const ordered = unique.sort((a, b) => Number(isHinted(b)) - Number(isHinted(a)));
  const budget = { leftBytes: MAX_TOTAL_BYTES };
  const found: Candidate[] = [];
  const looked = ordered.slice(0, MAX_CANDIDATES);
  for (let at = 0; at < looked.length; at += AT_ONCE) {
    const batch = looked.slice(at, at + AT_ONCE).map((descriptor) => examine(q, descriptor, budget));
    found.push(...(await Promise.all(batch)).flat());
  }
  const [next] = ordered.slice(MAX_CANDIDATES);
  if (next !== undefined) {
    const message = `${ordered.length - MAX_CANDIDATES} referrers beyond the first ${MAX_CANDIDATES} were not looked at`;
    found.push(failed(next, new SealyardError('SY-REGISTRY-TOO-LARGE', message)));
  }
  return found;
}

function isHinted(descriptor: Descriptor): boolean {
  return descriptor.artifactType === BUNDLE_MEDIA_TYPE;
}

async function examine(
  q: BundleQuery,
  referrer: Descriptor,
  budget: { leftBytes: number },
): Promise<readonly Candidate[]> {
  let layer: Descriptor | undefined;
  try {
    layer = await bundleLayer(q, referrer);
    if (layer === undefined) return [];
    const known = q.known(layer.digest);
    if (known !== undefined) return [success(layer, known)];
    budget.leftBytes -= layer.size;
    if (layer.size > MAX_BUNDLE_BYTES || budget.leftBytes < 0)
      throw new SealyardError('SY-REGISTRY-TOO-LARGE', `a bundle of ${layer.size} bytes`);
    const bytes = await q.registry.blob(q.image, layer, q.signal);
    return [success(layer, verify(q, bytes))];
  } catch (error) {
    q.signal?.throwIfAborted();
    if (!isSealyardError(error)) throw error;
    return [failed(layer ?? referrer, error)];
  }
}

/** The bundle in a referrer; `undefined` for referrers of other kinds (SBOMs, legacy signatures). */
async function bundleLayer(q: BundleQuery, referrer: Descriptor): Promise<Descriptor | undefined> {
  const { bytes } = await q.registry.manifest(q.image, referrer.digest, q.signal);
  const read = parseManifest(bytes);
  if (read.kind !== 'manifest') return undefined;
  const layers = read.manifest.layers.filter((layer) => layer.mediaType === BUNDLE_MEDIA_TYPE);
  if (layers.length > 1) throw new SealyardError('SY-REGISTRY-ANSWER', 'a referrer with several bundles');
  return layers[0];
}

function verify(q: BundleQuery, bytes: Uint8Array): Facts {
  const text = fromUtf8(bytes);
  if (text === undefined) throw new SealyardError('SY-JSON-MALFORMED');
  const bundle = parseBundle(parseJson(text, { maxLength: MAX_BUNDLE_BYTES, maxDepth: MAX_DEPTH }));
  const hex = q.digest.slice('sha256:'.length);
  const artifact = { digest: fromHex(hex) ?? new Uint8Array() };
  return verifyBundle(bundle, { trust: q.trust, artifact, require: q.require });
}

function success(layer: Descriptor, facts: Facts): Candidate {
  return { bundle: layer.digest, sizeBytes: layer.size, outcome: { verified: true, facts } };
}

function failed(descriptor: Descriptor, error: SealyardError): Candidate {
  return {
    bundle: descriptor.digest,
    sizeBytes: descriptor.size,
    outcome: { verified: false, code: error.code, message: error.message },
  };
}
