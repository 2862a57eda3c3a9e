// The signature log's door, write and read, and the certificate log's.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { preAuthEncoding } from '../../src/formats/dsse.ts';
import { leafHash, verifyInclusion } from '../../src/formats/merkle.ts';
import { parseCheckpoint, parseNote } from '../../src/formats/note.ts';
import { decodeEntryBundle } from '../../src/formats/tile.ts';
import { parseTransparencyEntry } from '../../src/formats/transparency-entry.ts';
import {
  type Answer,
  bearer,
  chainOf,
  newKey,
  type RunningYard,
  runYard,
  signingRequest,
} from '../server/running.ts';

let running: RunningYard;
const key = newKey();
const spki = (publicKey: KeyObject) => publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const ownSpki = () => Buffer.from(key.pem.replaceAll(/-----.*-----/g, ''), 'base64').toString('base64');

before(async () => {
  running = await runYard({ development: true });
});
after(() => running.close());

const post = (body: unknown) => running.ask('POST', '/api/v2/log/entries', { body });

function record(text: string, change: Record<string, unknown> = {}, verifier: Record<string, unknown> = {}) {
  const digest = createHash('sha256').update(text).digest();
  return {
    hashedRekordRequestV002: {
      digest: digest.toString('base64'),
      signature: {
        content: sign('sha256', Buffer.from(text), key.privateKey).toString('base64'),
        verifier: {
          publicKey: { rawBytes: ownSpki() },
          keyDetails: 'PKIX_ECDSA_P256_SHA_256',
          ...verifier,
        },
      },
      ...change,
    },
  };
}

/** The oracle: what an entry's answer must prove on its own. */
function assertEntry(answer: Answer): ReturnType<typeof parseTransparencyEntry> {
  assert.equal(answer.status, 201, answer.text);
  const entry = parseTransparencyEntry(JSON.parse(answer.text));
  const proof = entry.inclusionProof;
  assert.ok(proof?.checkpoint);
  const checkpoint = parseCheckpoint(parseNote(proof.checkpoint).text);
  assert.equal(checkpoint.origin, new URL(running.yard.publicUrl).hostname);
  assert.equal(checkpoint.size, proof.treeSize);
  assert.deepEqual(checkpoint.rootHash, proof.rootHash);
  assert.ok(
    verifyInclusion({
      index: proof.logIndex,
      size: proof.treeSize,
      leafHash: leafHash(entry.canonicalizedBody),
      proof: proof.hashes,
      root: proof.rootHash,
    }),
  );
  return entry;
}

function assertRefused(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal((answer.json() as { details: { reason: string }[] }).details[0]?.reason, code, answer.text);
}

describe('writing to the signature log', () => {
  test('an entry is answered with its canonical body, proof and checkpoint', async () => {
    const entry = assertEntry(await post(record('one')));
    const body = JSON.parse(Buffer.from(entry.canonicalizedBody).toString());
    assert.equal(body.spec.hashedRekordV002.data.algorithm, 'SHA2_256');
    assert.deepEqual(Object.keys(body), ['apiVersion', 'kind', 'spec']);
  });

  test('a signature by a certificate is found by its serial', async () => {
    const token = await running.jobToken('acme/shop');
    const own = newKey();
    const certificate = chainOf(
      await running.ask('POST', '/api/v2/signingCert', {
        headers: bearer(token),
        body: signingRequest(own, 'acme/shop'),
      }),
    )[0];
    assert.ok(certificate);
    const request = record(
      'two',
      {},
      { publicKey: undefined, x509Certificate: { rawBytes: certificate.raw.toString('base64') } },
    );
    request.hashedRekordRequestV002.signature.content = sign(
      'sha256',
      Buffer.from('two'),
      own.privateKey,
    ).toString('base64');
    const entry = assertEntry(await post(request));
    const why = await running.admin('GET', `/admin/v1/why?subject=${certificate.serialNumber}`);
    assert.equal((why.json() as { entries: { logIndex: number }[] }).entries[0]?.logIndex, entry.logIndex);
  });

  test('an envelope becomes the hashedrekord over its pre-authentication encoding', async () => {
    const payload = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
    const payloadType = 'application/vnd.in-toto+json';
    const encoded = preAuthEncoding(payloadType, payload);
    const entry = assertEntry(
      await post({
        dsseRequestV002: {
          envelope: {
            payload: payload.toString('base64'),
            payloadType,
            signatures: [{ sig: sign('sha256', encoded, key.privateKey).toString('base64'), keyid: '' }],
          },
          verifiers: [{ publicKey: { rawBytes: ownSpki() }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' }],
        },
      }),
    );
    const body = JSON.parse(Buffer.from(entry.canonicalizedBody).toString());
    assert.equal(
      body.spec.hashedRekordV002.data.digest,
      createHash('sha256').update(encoded).digest('base64'),
    );
  });

  test('P-384 and RSA signatures are taken', async () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const request = record(
      'three',
      { digest: createHash('sha384').update('three').digest('base64') },
      { publicKey: { rawBytes: spki(p384.publicKey) }, keyDetails: 'PKIX_ECDSA_P384_SHA_384' },
    );
    request.hashedRekordRequestV002.signature.content = sign(
      'sha384',
      Buffer.from('three'),
      p384.privateKey,
    ).toString('base64');
    assertEntry(await post(request));
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const second = record(
      'four',
      {},
      { publicKey: { rawBytes: spki(rsa.publicKey) }, keyDetails: 'PKIX_RSA_PKCS1V15_2048_SHA256' },
    );
    second.hashedRekordRequestV002.signature.content = sign(
      'sha256',
      Buffer.from('four'),
      rsa.privateKey,
    ).toString('base64');
    assertEntry(await post(second));
  });

  test('the same entry again is 409 and names its index, also when many come at once', async () => {
    const request = record('five');
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(request)));
    const [first, ...more] = answers.filter(({ status }) => status === 201);
    assert.ok(first);
    assert.equal(more.length, 0);
    const { logIndex } = assertEntry(first);
    for (const answer of answers.filter((each) => each !== first)) {
      assertRefused(answer, 409, 'SY-REKOR-EXISTS');
      assert.equal(answer.headers['x-log-index'], `${logIndex}`);
    }
  });
});

describe('what bad entries get', () => {
  test('absent, empty, malformed and oversized bodies', async () => {
    assertRefused(await post(''), 400, 'SY-JSON-MALFORMED');
    assertRefused(await post('{"hashedRekordRequestV002":'), 400, 'SY-JSON-MALFORMED');
    for (const body of ['[]', '{}', '{"x":1}', JSON.stringify({ ...record('x'), dsseRequestV002: {} })])
      assertRefused(await post(body), 400, 'SY-REKOR-MALFORMED');
    assertRefused(await post('['.repeat(100_000)), 413, 'SY-JSON-TOO-LARGE');
    const twice = JSON.stringify(record('x')).replace('"digest":', '"digest":"AAAA","digest":');
    assertRefused(await post(twice), 400, 'SY-JSON-MALFORMED');
    const large = await post('x'.repeat(4 * 1024 * 1024 + 1)).catch(() => undefined);
    if (large !== undefined) assertRefused(large, 413, 'SY-HTTP-TOO-LARGE');
  });

  test('unknown, missing and ill-typed fields', async () => {
    const bad: readonly Record<string, unknown>[] = [
      { surprise: true },
      { digest: undefined },
      { digest: 'AAAA' },
      { digest: 'not base64!' },
      { digest: 7 },
      { signature: undefined },
      { signature: { content: '', verifier: {} } },
    ];
    for (const change of bad) assertRefused(await post(record('six', change)), 400, 'SY-ENTRY-MALFORMED');
    for (const verifier of [
      { publicKey: undefined },
      { x509Certificate: { rawBytes: ownSpki() } },
      { keyDetails: 'PKIX_NONSENSE' },
      { keyDetails: undefined },
    ])
      assertRefused(await post(record('six', {}, verifier)), 400, 'SY-ENTRY-MALFORMED');
  });

  test('a signature by another key, over another digest, cut short, or of all zeros', async () => {
    const other = newKey();
    const request = record('seven');
    const { signature } = request.hashedRekordRequestV002;
    const good = Buffer.from(signature.content, 'base64');
    for (const content of [
      sign('sha256', Buffer.from('seven'), other.privateKey),
      sign('sha256', Buffer.from('eight'), key.privateKey),
      good.subarray(0, -1),
      Buffer.alloc(good.length),
    ]) {
      signature.content = content.toString('base64');
      assertRefused(await post(request), 400, 'SY-REKOR-SIGNATURE');
    }
  });

  test('key details that contradict the key, and keys of no use', async () => {
    assertRefused(
      await post(record('nine', {}, { keyDetails: 'PKIX_RSA_PKCS1V15_2048_SHA256' })),
      400,
      'SY-REKOR-ALGORITHM',
    );
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const answer = await post(
      record(
        'nine',
        {},
        { publicKey: { rawBytes: spki(weak.publicKey) }, keyDetails: 'PKIX_RSA_PKCS1V15_2048_SHA256' },
      ),
    );
    assert.match(answer.text, /SY-KEY-WEAK/);
    const garbage = await post(record('nine', {}, { publicKey: { rawBytes: 'AAAA' } }));
    assert.match(garbage.text, /SY-KEY-UNSUPPORTED/);
    const certificate = await post(
      record('nine', {}, { publicKey: undefined, x509Certificate: { rawBytes: 'MAA=' } }),
    );
    assert.match(certificate.text, /SY-X509-MALFORMED|SY-DER-MALFORMED/);
  });

  test('nothing of it reached the log', async () => {
    const size = async () => (await running.admin('GET', '/admin/v1/log/signature/head')).json()['size'];
    const before = await size();
    await post(record('ten', { digest: createHash('sha256').update('eleven').digest('base64') }));
    assert.equal(await size(), before);
  });
});

describe('reading the signature log', () => {
  test('checkpoint, tiles and entry bundles agree', async () => {
    const note = await running.ask('GET', '/api/v2/checkpoint');
    assert.match(String(note.headers['content-type']), /^text\/plain/);
    const { size } = parseCheckpoint(parseNote(note.text).text);
    assert.ok(size > 0 && size < 256);
    const raw = async (path: string) => {
      const { get } = await import('node:https');
      return new Promise<{ status: number; cache: string; bytes: Buffer }>((resolve) =>
        get(new URL(path, running.yard.publicUrl), { ca: running.yard.rootPem, agent: false }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              cache: String(response.headers['cache-control']),
              bytes: Buffer.concat(chunks),
            }),
          );
        }),
      );
    };
    const bundle = await raw(`/api/v2/tile/entries/000.p/${size}`);
    const tile = await raw(`/api/v2/tile/0/000.p/${size}`);
    const hashes = decodeEntryBundle(bundle.bytes, size).map((entry) => Buffer.from(leafHash(entry)));
    assert.deepEqual(Buffer.concat(hashes), tile.bytes);
    assert.match(bundle.cache, /max-age=60/);
  });

  test('tiles that are not there, or are spelt another way, are 404', async () => {
    for (const path of [
      '0/000',
      '0/0',
      'entries/999',
      '0/000.p/256',
      '99/000',
      '../x',
      'data/000.p/1',
      '0/000.p/0',
      '',
    ])
      assert.equal((await running.ask('GET', `/api/v2/tile/${path}`)).status, 404, path);
  });
});

describe('the certificate log', () => {
  test('shows its checkpoint, and the issuers that its entries name', async () => {
    const note = await running.ask('GET', '/ct/checkpoint');
    const checkpoint = parseCheckpoint(parseNote(note.text).text);
    assert.equal(checkpoint.origin, `${new URL(running.yard.publicUrl).host}/ct`);
    const data = await running.ask('GET', `/ct/tile/data/000.p/${checkpoint.size}`);
    assert.equal(data.status, 200);
    assert.equal((await running.ask('GET', `/ct/issuer/${running.yard.rootFingerprint}`)).status, 200);
    for (const path of [`issuer/${'0'.repeat(64)}`, 'issuer/x', 'tile/entries/000.p/1'])
      assert.equal((await running.ask('GET', `/ct/${path}`)).status, 404, path);
  });
});
