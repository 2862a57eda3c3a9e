// The admission door over a registry, a world of trust and a store in memory, asked as the server asks it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { DECISIONS } from '../../src/admit/tables.ts';
import type { Commit, Row } from '../../src/ground/change.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { type AdmissionDeps, admissionRoutes } from '../../src/protocols/admission/routes.ts';
import type { DoorReply, DoorRequest, Route } from '../../src/protocols/door.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { type Stage, stage } from '../admit/stage.ts';
import type { FakeOptions } from '../registry/fake-registry.ts';
import { ISSUER } from '../verify/world.ts';

const policyText = (host: string, clusters: string): string => `apiVersion: sealyard/v1
kind: Policy
issuers:
  github: { url: ${ISSUER} }
clusters:
${clusters}
identities:
  release:
    from: oidc
    issuer: github
    where: san.startsWith("https://github.com/acme/shop/")
environments:
  production:
    sign:
      - { who: release, counts-for: ["${host}/acme/**"], lifetime: 10m }
    run:
      - images: ["${host}/acme/**"]
        require: [ { signed: { by: release } } ]
`;

const ONE = '  prod: { environment: production }';
export const TWO = `${ONE}\n  other: { environment: production }`;

export interface Door extends Stage {
  readonly records: ReturnType<typeof createMemoryStore>['records'];
  ask(path: string, review: Json | Uint8Array): Promise<DoorReply>;
  review(request: JsonObject, path?: string): Promise<Answer>;
}

interface Answer {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly patch?: string;
  readonly patchType?: string;
}

export async function door(
  t: TestContext,
  o: { clusters?: string; fake?: FakeOptions; commit?: Commit; deadlineMs?: number } = {},
): Promise<Door> {
  const s = await stage(t, o.fake);
  const store = createMemoryStore();
  t.after(() => store.close());
  const policy = loadPolicy(policyText(s.fake.host, o.clusters ?? ONE), {
    publicUrl: 'https://yard.example',
    development: false,
  });
  const deps: AdmissionDeps = {
    policy: () => policy,
    evidence: s.evidence,
    commit: o.commit ?? store.commit,
    clock: { now: () => new Date(s.time.nowMs) },
    random: { bytes: (size) => new Uint8Array(randomBytes(size)) },
    ...(o.deadlineMs === undefined ? {} : { deadlineMs: o.deadlineMs }),
  };
  const routes = admissionRoutes(deps);
  const ask = (path: string, review: Json | Uint8Array): Promise<DoorReply> =>
    serveDoor(routes, path, review);
  return {
    ...s,
    records: store.records,
    ask,
    async review(request, path = '/admission/prod/validate') {
      const body = {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: { uid: 'u-1', ...request },
      };
      const reply = await ask(path, body);
      assert.equal(reply.status, 200, `${reply.body}`);
      const answer = JSON.parse(`${reply.body}`) as { apiVersion: string; kind: string; response: Answer };
      assert.equal(answer.apiVersion, 'admission.k8s.io/v1');
      assert.equal(answer.kind, 'AdmissionReview');
      assert.equal(answer.response.uid, 'u-1');
      return answer.response;
    },
  };
}

/** What the server does with a route: finds it, and turns what is thrown into its problem. */
async function serveDoor(
  routes: readonly Route[],
  path: string,
  review: Json | Uint8Array,
): Promise<DoorReply> {
  const [, , second = '', third] = path.split('/');
  const pattern = third === undefined ? `/admission/${second}` : `/admission/:cluster/${third}`;
  const route = routes.find((candidate) => candidate.path === pattern);
  assert.ok(route !== undefined, path);
  const request: DoorRequest = {
    method: 'POST',
    path,
    params: third === undefined ? {} : { cluster: second },
    query: new URLSearchParams(),
    headers: {},
    body: review instanceof Uint8Array ? review : new Uint8Array(Buffer.from(JSON.stringify(review))),
    peer: '127.0.0.1',
    signal: new AbortController().signal,
  };
  try {
    return await route.handle(request);
  } catch (error) {
    return route.problem(error);
  }
}

export const podOf = (...images: readonly string[]): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: images.map((image, i) => ({ name: `c${i}`, image })) },
});

export const create = (object: Json): JsonObject => ({
  operation: 'CREATE',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  namespace: 'shop',
  name: 'p',
  userInfo: { username: 'system:serviceaccount:shop:deployer' },
  object,
});

export const decisions = (d: Door): readonly Row[] => d.records.find(DECISIONS, { where: {}, limit: 100 });
