// A yard over HTTP made of the verification tests' world: its services answer honestly unless a test bends them.
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { hashedRekordBody, parseHashedRekordRequest } from '../../src/formats/rekor.ts';
import { signingConfigJson } from '../../src/formats/signing-config.ts';
import {
  assembleTimestampResponse,
  encodeTstInfo,
  parseTimestampRequest,
  timestampSignedAttributes,
} from '../../src/formats/timestamp.ts';
import { transparencyEntryJson } from '../../src/formats/transparency-entry.ts';
import { trustedRootJson } from '../../src/formats/trusted-root.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { fromUtf8, toBase64 } from '../../src/ground/bytes.ts';
import { asSerial } from '../../src/ground/ids.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../src/ground/json.ts';
import { createReach, LOCAL_TOO } from '../../src/reach/reach.ts';
import { createYardClient, type YardClient } from '../../src/sign/yard-client.ts';
import { bodyOf, listening } from '../reach/loopback.ts';
import { World } from '../verify/world.ts';
import { signWith } from '../verify/world-keys.ts';
import { SIGNED_AT } from '../verify/world-tree.ts';

export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Uint8Array;
}

export interface WorldYard {
  readonly world: World;
  readonly url: string;
  readonly client: YardClient;
  readonly asked: readonly Asked[];
}

/** Changes what one service answers: status and body, or undefined to leave it; a throw breaks the connection. */
export type Bend = (
  path: string,
  answer: Uint8Array,
) => { status: number; body: string | Uint8Array } | undefined;

export const CLOCK = { now: () => SIGNED_AT };

/** A token whose payload is readable; nobody here verifies it. */
export function tokenOf(claims: JsonObject): string {
  const part = (json: Json): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`;
}

export async function worldYard(t: TestContext, bend: Bend = () => undefined): Promise<WorldYard> {
  const world = new World();
  const asked: Asked[] = [];
  let url = '';
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const body = await bodyOf(request);
    asked.push({ path, authorization: request.headers.authorization, body });
    const service = services(world, () => url)[path];
    if (service === undefined) return response.writeHead(404).end();
    const { status, bytes } = service(body);
    const bent = bentOrBroken(bend, path, bytes);
    if (bent === 'broken') return response.destroy();
    return response.writeHead(bent?.status ?? status).end(bent?.body ?? bytes);
  });
  ({ url } = await listening(t, server));
  const reach = createReach({ allow: LOCAL_TOO });
  t.after(() => reach.close());
  return { world, url, asked, client: createYardClient({ url, reach, clock: CLOCK, timeoutMs: 3000 }) };
}

type Service = (body: Uint8Array) => { status: number; bytes: Uint8Array };

function services(world: World, url: () => string): Readonly<Record<string, Service>> {
  const json = (status: number, value: Json) => ({ status, bytes: Buffer.from(JSON.stringify(value)) });
  const always = { validFor: { start: new Date(0) }, operator: 'tests' };
  return {
    '/trusted_root.json': () => json(200, trustedRootJson(world.trustedRoot())),
    '/signing_config.json': () =>
      json(
        200,
        signingConfigJson({
          caUrls: [{ url: url(), majorApiVersion: 1, ...always }],
          oidcUrls: [],
          rekorTlogUrls: [
            { url: 'https://old.example', majorApiVersion: 1, ...always },
            { url: url(), majorApiVersion: 2, ...always },
          ],
          tsaUrls: [{ url: `${url()}/api/v1/timestamp`, majorApiVersion: 1, ...always }],
        }),
      ),
    '/api/v2/signingCert': (body) => {
      const pem =
        /-----BEGIN PUBLIC KEY-----(.*?)-----END/s.exec(read(body))?.[1]?.replaceAll('\\n', '') ?? '';
      const leaf = world.leaf({ spki: new Uint8Array(Buffer.from(pem, 'base64')) });
      const chain = [leaf.der, world.ca.certificate.der].map(
        (der) => `-----BEGIN CERTIFICATE-----\n${toBase64(der)}\n-----END CERTIFICATE-----\n`,
      );
      return json(200, { signedCertificateEmbeddedSct: { chain: { certificates: chain } } });
    },
    '/api/v2/log/entries': (body) => {
      const request = parseJson(read(body));
      const inner = isObject(request) ? request['hashedRekordRequestV002'] : undefined;
      const record = parseHashedRekordRequest(inner ?? null);
      return json(201, transparencyEntryJson(world.entry({ log: 'v2', body: hashedRekordBody(record) })));
    },
    '/api/v1/timestamp': (body) => ({ status: 200, bytes: timestamp(world, body) }),
  };
}

function timestamp(world: World, request: Uint8Array): Uint8Array {
  const { hashAlgorithm, hashedMessage } = parseTimestampRequest(request);
  const serial = asSerial('0badc0de');
  if (serial === undefined) throw new TypeError('serial');
  const info = encodeTstInfo({
    policy: OID.sigstoreTimestampPolicy,
    hashAlgorithm,
    hashedMessage,
    serial,
    genTime: SIGNED_AT,
    ordering: false,
  });
  const { key, certificate } = world.tsa;
  const common = { info, signatureAlgorithm: 'ecdsa-sha256' } as const;
  const signedAttributes = timestampSignedAttributes({
    ...common,
    certificate: certificate.der,
    signingTime: SIGNED_AT,
  });
  const signature = signWith(key, signedAttributes);
  return assembleTimestampResponse({ ...common, signedAttributes, signature, certificate, certificates: [] });
}

function read(body: Uint8Array): string {
  return fromUtf8(body) ?? '';
}

function bentOrBroken(bend: Bend, path: string, answer: Uint8Array): ReturnType<Bend> | 'broken' {
  try {
    return bend(path, answer);
  } catch {
    return 'broken';
  }
}
