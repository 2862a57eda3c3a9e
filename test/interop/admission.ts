// Asks the admission door as a Kubernetes API server does: an AdmissionReview v1 for a pod, over the yard's TLS.
import { randomUUID } from 'node:crypto';
import { DoorClient } from '../driver/client.ts';
import type { RunningYard } from '../driver/yard.ts';

export interface ReviewAnswer {
  readonly allowed: boolean;
  readonly message: string;
}

/** The request body for a pod that runs these images. */
export function reviewOf(images: readonly string[], namespace: string, uid: string = randomUUID()): string {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const containers = images.map((image, i) => ({ name: `c${i}`, image }));
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod', namespace },
    spec: { containers },
  };
  const request = {
    uid,
    kind,
    resource,
    requestKind: kind,
    requestResource: resource,
    name: 'pod',
    namespace,
  };
  const review = {
    ...request,
    operation: 'CREATE',
    userInfo: { username: 'test' },
    object,
    oldObject: null,
    dryRun: false,
  };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { ...review, options: null },
  });
}

export async function admissionReview(o: {
  readonly yard: RunningYard;
  readonly images: readonly string[];
  readonly namespace: string;
}): Promise<ReviewAnswer> {
  const client = new DoorClient({ url: o.yard.url, roots: o.yard.rootsPem });
  try {
    const answer = await client.post(
      '/admission/validate?timeout=10s',
      'application/json',
      reviewOf(o.images, o.namespace),
    );
    if (answer.status !== 200)
      throw new Error(`the admission door answered ${answer.status}: ${answer.body.toString()}`);
    const { response } = JSON.parse(answer.body.toString()) as {
      response: { allowed: boolean; status?: { message?: string } };
    };
    return { allowed: response.allowed, message: response.status?.message ?? '' };
  } finally {
    client.close();
  }
}
