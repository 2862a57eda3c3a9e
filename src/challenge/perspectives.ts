// Several points of view: our own must see the proof, and enough of the further ones must agree.
import type { JsonObject } from '../ground/json.ts';
import type { View } from './config.ts';
import type { Looked } from './look.ts';
import type { ChallengeCode, Failure } from './target.ts';

export type Seen<T> =
  | { readonly ok: true; readonly values: readonly T[]; readonly evidence: JsonObject }
  | { readonly ok: false; readonly failure: Failure; readonly evidence: JsonObject };

/** From how many further views on one of them may disagree (Baseline Requirements 3.2.2.9). */
const ONE_MAY_FAIL_FROM = 3;

/** Our own view first: what it does not see is not worth asking others for. */
export async function fromEveryView<T>(
  views: readonly [View, ...View[]],
  look: (view: View) => Promise<Looked<T>>,
  /** What it is called when too few agree. */
  disagreement: ChallengeCode,
): Promise<Seen<T>> {
  const [own, ...others] = views;
  const first = await look(own);
  if (!first.ok) return { ok: false, failure: first.failure, evidence: { views: [first.evidence] } };
  const further = await Promise.all(
    others.map(async (view) => ({ name: view.name, looked: await look(view) })),
  );
  const evidence = { views: [first.evidence, ...further.map(({ looked }) => looked.evidence)] };
  const values = [first.value, ...further.flatMap(({ looked }) => (looked.ok ? [looked.value] : []))];
  const failed = further.flatMap(({ name, looked }) =>
    looked.ok ? [] : [`${name}: ${looked.failure.detail}`],
  );
  if (failed.length <= (others.length >= ONE_MAY_FAIL_FROM ? 1 : 0)) return { ok: true, values, evidence };
  const detail = `${failed.length} of ${others.length} further points of view disagree; ${failed.slice(0, 3).join('; ')}`;
  return { ok: false, failure: { code: disagreement, detail, retry: true }, evidence };
}
