// The timestamp door: granted to openssl and to JSON clients, refused with the failure that RFC 3161 has for it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { der } from '../../src/formats/der.ts';
import {
  encodeTimestampRequest,
  parseTimestampResponse,
  type TimestampRequest,
} from '../../src/formats/timestamp.ts';
import { parseCertificatesPem } from '../../src/formats/x509/certificate.ts';
import { concat, toBase64, toUtf8 } from '../../src/ground/bytes.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import { ensureTimestampCertificates, type TimestampUnit } from '../../src/issue/service-certificates.ts';
import type { DoorReply } from '../../src/protocols/door.ts';
import { timestampRoutes } from '../../src/protocols/timestamp/routes.ts';
import { TIMESTAMP_POLICY } from '../../src/protocols/timestamp/stamp.ts';
import { certificatesPem } from '../../src/trust/pem.ts';
import { verifyTimestamp } from '../../src/verify/timestamp.ts';
import { runProgram } from '../clients/client.ts';
import { openssl } from '../clients/openssl.ts';
import { HOST, openTestYard, type TestYard } from '../issue/harness.ts';

let yard: TestYard;
let unit: TimestampUnit;
const message = toUtf8('a signature');
const digest = new Uint8Array(createHash('sha256').update(message).digest());

before(async () => {
  yard = await openTestYard();
  const { timestamping } = await yard.authorities();
  const { active } = await ensureTimestampCertificates(yard.deps, {
    authority: timestamping,
    organization: HOST,
  });
  unit = active;
});

after(() => yard.close());

function routes() {
  const { clockGuard, random } = yard.deps;
  const [post, chain] = timestampRoutes({ unit: () => unit, clockGuard, random });
  if (post === undefined || chain === undefined) throw new TypeError('two routes');
  return { post, chain };
}

/** As the server does it: what the door throws goes through its `problem`. */
async function send(body: Uint8Array, type = 'application/timestamp-query'): Promise<DoorReply> {
  const { post } = routes();
  try {
    return await post.handle({
      method: 'POST',
      path: post.path,
      params: {},
      query: new URLSearchParams(),
      headers: { 'content-type': type },
      body,
      peer: '127.0.0.1',
      signal: new AbortController().signal,
    });
  } catch (error) {
    return post.problem(error);
  }
}

function bytesOf({ body }: DoorReply): Uint8Array {
  if (!(body instanceof Uint8Array)) throw new TypeError('bytes were expected');
  return body;
}

function query(change: Partial<TimestampRequest> = {}): Uint8Array {
  return encodeTimestampRequest({
    hashAlgorithm: 'sha256',
    hashedMessage: digest,
    certReq: false,
    ...change,
  });
}

test('a query is answered 200 with a timestamp that verifies, nonce and policy as asked', async () => {
  const nonce = 0x1234567890abcdef1234n;
  const reply = await send(query({ nonce, certReq: true, policy: TIMESTAMP_POLICY }));
  assert.equal(reply.status, 200);
  assert.equal(reply.headers?.['content-type'], 'application/timestamp-reply');
  const root = unit.chain.at(-1);
  assert.ok(root !== undefined);
  const verified = verifyTimestamp({
    response: bytesOf(reply),
    imprint: { message },
    anchors: [root],
    nonce,
  });
  assert.equal(verified.at.getTime(), yard.clock.ms);
  assert.equal(verified.policy, TIMESTAMP_POLICY);
  const { token } = parseTimestampResponse(bytesOf(reply));
  assert.deepEqual(token?.info.accuracy, { seconds: 1 });
  assert.equal(token?.info.ordering, false);
});

test('certificates come along exactly where they were asked for', async () => {
  for (const certReq of [true, false]) {
    const { token } = parseTimestampResponse(bytesOf(await send(query({ certReq }))));
    assert.equal(token?.certificates.length, certReq ? 2 : 0);
  }
});

test('SHA-384 and SHA-512 are timestamped too, each with a serial of its own', async () => {
  const serials = new Set<string>();
  for (const hashAlgorithm of ['sha256', 'sha384', 'sha512'] as const) {
    const hashedMessage = new Uint8Array(createHash(hashAlgorithm).update(message).digest());
    const { token } = parseTimestampResponse(bytesOf(await send(query({ hashAlgorithm, hashedMessage }))));
    assert.equal(token?.info.hashAlgorithm, hashAlgorithm);
    serials.add(token?.info.serial ?? '');
  }
  assert.equal(serials.size, 3);
});

test('the JSON form of sigstore-js is answered in DER, a 64-bit nonce to the last digit', async () => {
  const short = JSON.stringify({ artifactHash: toBase64(digest), hashAlgorithm: 'sha256' });
  const plain = parseTimestampResponse(bytesOf(await send(toUtf8(short), 'application/json; charset=utf-8')));
  assert.deepEqual(plain.token?.info.hashedMessage, digest);
  const long = `{"artifactHash":"${toBase64(digest)}","hashAlgorithm":"sha256","certificates":true,"nonce":18446744073709551557}`;
  const { token } = parseTimestampResponse(bytesOf(await send(toUtf8(long), 'application/json')));
  assert.equal(token?.info.nonce, 18446744073709551557n);
  assert.equal(token?.certificates.length, 2);
});

test('openssl makes a query, reads the reply and verifies it', async (t) => {
  const client = await openssl.install();
  if ('skip' in client) return t.skip(client.skip);
  const folder = await mkdtemp(join(tmpdir(), 'sealyard-timestamp-'));
  const at = (name: string) => join(folder, name);
  await writeFile(at('data'), message);
  await writeFile(at('root.pem'), certificatesPem(unit.chain.slice(-1)));
  await writeFile(at('chain.pem'), certificatesPem(unit.chain));
  const attime = ['-attime', String(Math.floor(yard.clock.ms / 1000))];
  for (const cert of [['-cert'], []]) {
    await runProgram('openssl', [
      'ts',
      '-query',
      '-data',
      at('data'),
      '-sha256',
      ...cert,
      '-out',
      at('query'),
    ]);
    await writeFile(at('reply'), bytesOf(await send(new Uint8Array(await readFile(at('query'))))));
    const { stdout } = await runProgram('openssl', ['ts', '-reply', '-in', at('reply'), '-text']);
    assert.match(stdout, /Status: Granted/);
    const trust = ['-CAfile', at('root.pem'), '-untrusted', at('chain.pem'), ...attime];
    const verify = ['ts', '-verify', '-queryfile', at('query'), '-in', at('reply'), ...trust];
    assert.match((await runProgram('openssl', verify)).stdout, /Verification: OK/);
  }
  await rm(folder, { recursive: true });
});

test('what cannot be read is refused as RFC 3161 has it, with our code in the text', async () => {
  const sha1 = der.sequence(
    der.integer(1),
    der.sequence(der.sequence(der.oid('1.3.14.3.2.26'), der.null()), der.octetString(new Uint8Array(20))),
  );
  const sha256 = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'));
  const imprint = (size: number) => der.sequence(sha256, der.octetString(new Uint8Array(size)));
  const extended = der.sequence(der.integer(1), imprint(32), der.context(0, der.sequence()));
  const cases: readonly (readonly [Uint8Array, number, RegExp])[] = [
    [new Uint8Array(0), 5, /SY-TIMESTAMP-MALFORMED/],
    [toUtf8('hello'), 5, /SY-TIMESTAMP-MALFORMED/],
    [query().subarray(0, -1), 5, /SY-TIMESTAMP-MALFORMED/],
    [concat(query(), new Uint8Array(1)), 5, /SY-TIMESTAMP-MALFORMED/],
    [new Uint8Array(5000).fill(0x30), 5, /SY-TIMESTAMP-MALFORMED/],
    [der.sequence(der.integer(1), imprint(31)), 5, /SY-TIMESTAMP-MALFORMED/],
    [extended, 16, /SY-TIMESTAMP-MALFORMED/],
    [sha1, 0, /SY-ALGORITHM-UNKNOWN/],
    [query({ policy: '1.2.3' }), 15, /SY-TSA-POLICY/],
  ];
  for (const [body, failure, text] of cases) {
    const reply = await send(body);
    const { status, failures, statusText, token } = parseTimestampResponse(bytesOf(reply));
    assert.equal(status, 2);
    assert.deepEqual(failures, [failure], statusText ?? '');
    assert.match(statusText ?? '', text);
    assert.equal(token, undefined);
    assert.ok(reply.status >= 400 && reply.status < 500);
  }
});

test('a JSON request that is wrong in any member gets a problem document', async () => {
  const good = { artifactHash: toBase64(digest), hashAlgorithm: 'sha256' };
  const bad: readonly unknown[] = [
    {},
    [],
    null,
    { ...good, artifactHash: toBase64(digest.subarray(1)) },
    { ...good, artifactHash: '%%' },
    { ...good, hashAlgorithm: 'md5' },
    { ...good, nonce: -1 },
    { ...good, nonce: 1.5 },
    { ...good, nonce: '7' },
    { ...good, certificates: 'yes' },
    { ...good, tsaPolicyOID: 'x' },
    { ...good, tsaPolicyOID: '1.2.3' },
    { ...good, more: 1 },
  ];
  for (const body of [...bad.map((each) => JSON.stringify(each)), '', '{', '[[[[]]]]']) {
    const reply = await send(toUtf8(body), 'application/json');
    assert.ok(reply.status >= 400 && reply.status < 500, body);
    assert.equal(reply.headers?.['content-type'], 'application/problem+json', body);
  }
});

test('a clock that is not believed gives timeNotAvailable, an unknown fault says nothing of itself', async () => {
  const { ms } = yard.clock;
  yard.clock.ms = 0;
  const { failures } = parseTimestampResponse(bytesOf(await send(query())));
  yard.clock.ms = ms;
  assert.deepEqual(failures, [14]);
  const { post } = routes();
  const reply = post.problem(new Error('the disk at /secret/path'));
  assert.equal(reply.status, 500);
  assert.doesNotMatch(parseTimestampResponse(bytesOf(reply)).statusText ?? '', /secret/);
  assert.equal(post.problem(new SealyardError('SY-KEYS-UNAVAILABLE')).status, 503);
});

test('the chain is served leaf first, root last', async () => {
  const { chain } = routes();
  const { body } = await chain.handle({
    method: 'GET',
    path: chain.path,
    params: {},
    query: new URLSearchParams(),
    headers: {},
    body: new Uint8Array(0),
    peer: '127.0.0.1',
    signal: new AbortController().signal,
  });
  assert.equal(typeof body, 'string');
  assert.deepEqual(
    parseCertificatesPem(String(body)).map(({ serial }) => serial),
    unit.chain.map(({ serial }) => serial),
  );
});
