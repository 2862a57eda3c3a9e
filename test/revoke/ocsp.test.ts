// OCSP answers of a yard: statuses, caching and its end, nonces, foreign issuers, the delegated responder's life.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { readSpki } from '../../src/formats/algorithms.ts';
import {
  type BasicOcspResponse,
  type CertIdHash,
  encodeCertId,
  encodeOcspRequest,
  parseOcspResponse,
} from '../../src/formats/ocsp.ts';
import { encodePem } from '../../src/formats/pem.ts';
import type { Certificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import type { Commit } from '../../src/ground/change.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import type { Serial } from '../../src/ground/ids.ts';
import type { KeyStore, Signer } from '../../src/keys/signer.ts';
import type { Revocation } from '../../src/revoke/revocation.ts';
import { readPublicKey, verifySignature } from '../../src/verify/key.ts';
import { createMemoryKeyStore } from '../contract/memory-keystore.ts';
import { noOpenssl, openssl } from '../formats/openssl.ts';
import { makeParty, serialOf } from '../formats/x509-factory.ts';
import { DAY_MS, OPERATOR, openWorld, type World } from './world.ts';

const digest = (hash: CertIdHash, bytes: Uint8Array) =>
  new Uint8Array(createHash(hash).update(bytes).digest());

function idOf(issuer: Certificate, serial: Serial, hash: CertIdHash = 'sha1'): Uint8Array {
  const issuerNameHash = digest(hash, issuer.subject.der);
  return encodeCertId({
    hash,
    issuerNameHash,
    issuerKeyHash: digest(hash, readSpki(issuer.spki).key),
    serial,
  });
}

async function ask(
  revocation: Revocation,
  ids: readonly Uint8Array[],
  nonce?: Uint8Array,
): Promise<BasicOcspResponse> {
  const { der } = await revocation.ocsp(
    encodeOcspRequest({ ids, ...(nonce === undefined ? {} : { nonce }) }),
  );
  const parsed = parseOcspResponse(der);
  assert.ok(parsed.status === 'successful');
  const [certificate] = parsed.certificates;
  assert.ok(certificate);
  assert.ok(
    verifySignature(
      readPublicKey(certificate.spki),
      parsed.signatureAlgorithm,
      parsed.responseData,
      parsed.signature,
    ),
  );
  return parsed;
}

const tlsOf = (world: World) => world.authorities.issuing('tls').certificate;

for (const hash of ['sha1', 'sha256'] as const)
  test(`good, then revoked in the very next answer, asked with ${hash}`, async () => {
    await using world = await openWorld();
    const { serial } = await world.issue();
    const id = idOf(tlsOf(world), serial, hash);
    for (let i = 0; i < 2; i++)
      assert.deepEqual((await ask(world.revocation, [id])).responses[0]?.certStatus, { status: 'good' });
    await world.revocation.revoke({ what: [serial], reason: 'keyCompromise', actor: OPERATOR });
    const { responses } = await ask(world.revocation, [id]);
    assert.equal(responses[0]?.certStatus.status, 'revoked');
    assert.deepEqual(responses[0]?.id.der, id);
    const again = world.again();
    assert.equal((await ask(again, [id])).responses[0]?.certStatus.status, 'revoked', 'after a restart too');
  });

test('an answer is kept, byte for byte, until half of its time, and signed anew for each nonce', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const request = encodeOcspRequest({ ids: [idOf(tlsOf(world), serial)] });
  const first = await world.revocation.ocsp(request);
  assert.equal(await world.revocation.ocsp(request).then(({ der }) => Buffer.compare(der, first.der)), 0);
  world.clock.ms += 2 * 3_600_000 + 1000;
  const later = await world.revocation.ocsp(request);
  assert.ok(later.thisUpdate > first.thisUpdate);
  const nonce = new Uint8Array(128).fill(3);
  const fresh = await world.revocation.ocsp(encodeOcspRequest({ ids: [idOf(tlsOf(world), serial)], nonce }));
  assert.equal(fresh.cacheable, false);
  assert.deepEqual((await ask(world.revocation, [idOf(tlsOf(world), serial)], nonce)).nonce, nonce);
});

test('a revocation that comes while an answer is being signed is not hidden by it', async () => {
  const gate = { wait: undefined as Promise<void> | undefined };
  await using world = await openWorld({ keys: waitingAt(gate) });
  const { serial } = await world.issue();
  const id = idOf(tlsOf(world), serial);
  // The responder's certificate is made now, so that what waits below is the answer itself.
  await ask(world.revocation, [idOf(tlsOf(world), serialOf('77'))]);
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.wait = promise;
  const asked = ask(world.revocation, [id]);
  await new Promise((done) => setTimeout(done, 50));
  await world.revocation.revoke({ what: [serial], reason: 'superseded', actor: OPERATOR });
  gate.wait = undefined;
  resolve();
  assert.equal((await asked).responses[0]?.certStatus.status, 'good', 'it was, when it was asked');
  assert.equal((await ask(world.revocation, [id])).responses[0]?.certStatus.status, 'revoked');
});

/** Keys in memory; responders sign when the gate lets them. */
function waitingAt(gate: { readonly wait: Promise<void> | undefined }): KeyStore {
  const keys = createMemoryKeyStore();
  const gated = (signer: Signer): Signer => ({
    ...signer,
    async sign(purpose, message) {
      if (purpose === 'ocsp-responder') await gate.wait;
      return signer.sign(purpose, message);
    },
  });
  return {
    ...keys,
    create: async (o) => gated(await keys.create(o)),
    open: async (ref) => gated(await keys.open(ref)),
  };
}

test('a revocation whose commit failed after it was written is seen all the same', async () => {
  let lose = false;
  const wrap =
    (inner: Commit): Commit =>
    async (change) => {
      const receipt = await inner(change);
      if (lose) throw new SealyardError('SY-STORE-UNAVAILABLE');
      return receipt;
    };
  await using world = await openWorld({ wrap });
  const { serial } = await world.issue();
  const id = idOf(tlsOf(world), serial);
  await ask(world.revocation, [id]);
  lose = true;
  await assert.rejects(world.revocation.revoke({ what: [serial], reason: 'superseded', actor: OPERATOR }));
  lose = false;
  assert.equal((await ask(world.revocation, [id])).responses[0]?.certStatus.status, 'revoked');
});

test('a serial that nobody issued is unknown, or revoked since 1970 where that is configured (RFC 6960 §2.2)', async () => {
  await using world = await openWorld();
  const id = idOf(tlsOf(world), serialOf('0badc0de'));
  const plain = await ask(world.revocation, [id]);
  assert.deepEqual([plain.responses[0]?.certStatus, plain.extendedRevoke], [{ status: 'unknown' }, false]);
  const extended = await ask(world.again({ neverIssued: 'revoked' }), [id]);
  assert.equal(extended.extendedRevoke, true);
  assert.deepEqual(extended.responses[0]?.certStatus, {
    status: 'revoked',
    at: new Date(0),
    reason: 'certificateHold',
  });
});

test('a certificate of one authority is unknown under another, though both are ours', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const root = world.authorities.get('root-1');
  assert.ok(root);
  const { responses } = await ask(world.revocation, [idOf(root.certificate, serial)]);
  assert.deepEqual(responses[0]?.certStatus, { status: 'unknown' });
});

test('foreign issuers and several issuers in one request are unauthorized', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const root = world.authorities.get('root-1');
  assert.ok(root);
  const foreign = makeParty().certificate;
  const request = (...ids: readonly Uint8Array[]) => world.revocation.ocsp(encodeOcspRequest({ ids }));
  await assert.rejects(request(idOf(foreign, serial)), { code: 'SY-OCSP-UNAUTHORIZED' });
  const mixed = [idOf(tlsOf(world), serial), idOf(root.certificate, tlsOf(world).serial)];
  await assert.rejects(request(...mixed), { code: 'SY-OCSP-UNAUTHORIZED' });
});

test('several certificates of one issuer are answered in one, in their order', async () => {
  await using world = await openWorld();
  const all = [await world.issue(), await world.issue(), await world.issue()];
  await world.revocation.revoke({
    what: [all[1]?.serial ?? serialOf('01')],
    reason: 'superseded',
    actor: OPERATOR,
  });
  const { responses } = await ask(
    world.revocation,
    all.map(({ serial }) => idOf(tlsOf(world), serial)),
  );
  assert.deepEqual(
    responses.map(({ certStatus }) => certStatus.status),
    ['good', 'revoked', 'good'],
  );
});

test('each authority has a responder of its own, short-lived and no-check, which renews itself before it ends', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const root = world.authorities.get('root-1');
  assert.ok(root);
  const first = (await ask(world.revocation, [idOf(tlsOf(world), serial)])).certificates[0];
  const ofRoot = (await ask(world.revocation, [idOf(root.certificate, tlsOf(world).serial)])).certificates[0];
  assert.ok(first && ofRoot);
  assert.deepEqual(first.extendedKeyUsage, [OID.ocspSigning]);
  assert.ok(first.extensions.some(({ oid }) => oid === OID.ocspNoCheck));
  assert.deepEqual(first.issuer.der, tlsOf(world).subject.der);
  assert.deepEqual(ofRoot.issuer.der, root.certificate.subject.der);
  const life = first.notAfter.getTime() - first.notBefore.getTime();
  assert.ok(life <= 31 * DAY_MS);
  const next = async () =>
    (await ask(world.revocation, [idOf(tlsOf(world), serial)])).certificates[0]?.serial;
  assert.equal(
    (await ask(world.again(), [idOf(tlsOf(world), serial)])).certificates[0]?.serial,
    first.serial,
  );
  world.clock.ms += (life * 3) / 4;
  await next();
  for (let i = 0; i < 100 && (await renewed(world, serial)) === first.serial; i++)
    await new Promise((done) => setTimeout(done, 10));
  assert.notEqual(await renewed(world, serial), first.serial);
});

/** By a nonce, so that no kept answer speaks. */
async function renewed(world: World, serial: Serial): Promise<Serial | undefined> {
  const parsed = await ask(world.revocation, [idOf(tlsOf(world), serial)], new Uint8Array(16));
  return parsed.certificates[0]?.serial;
}

test('an answer never outlives the responder’s certificate; without any certificate the client is told to come later', async () => {
  let fail = false;
  const wrap =
    (inner: Commit): Commit =>
    async (change) => {
      if (fail) throw new SealyardError('SY-STORE-UNAVAILABLE');
      return inner(change);
    };
  await using world = await openWorld({ wrap, settings: { ocspValiditySeconds: 40 * 86_400 } });
  const { serial } = await world.issue();
  const request = encodeOcspRequest({ ids: [idOf(tlsOf(world), serial)] });
  const { nextUpdate } = await world.revocation.ocsp(request);
  const [certificate] = (await ask(world.revocation, [idOf(tlsOf(world), serial)])).certificates;
  assert.equal(nextUpdate.getTime(), certificate?.notAfter.getTime());
  fail = true;
  await assert.rejects(
    world.again().ocsp(encodeOcspRequest({ ids: [idOf(rootOf(world), tlsOf(world).serial)] })),
    {
      code: 'SY-OCSP-TRY-LATER',
    },
  );
});

function rootOf(world: World): Certificate {
  const root = world.authorities.get('root-1');
  if (root === undefined) throw new TypeError('no root');
  return root.certificate;
}

test('openssl verifies the answer by the delegated responder', { skip: noOpenssl }, async () => {
  await using world = await openWorld();
  const certificate = await world.issue();
  const tls = world.authorities.issuing('tls');
  const { der } = await world.revocation.ocsp(
    encodeOcspRequest({ ids: [idOf(tls.certificate, certificate.serial)] }),
  );
  const args = [
    '-issuer',
    'tls.pem',
    '-cert',
    'leaf.pem',
    '-respin',
    'r.der',
    '-CAfile',
    'root.pem',
    '-no_nonce',
  ];
  const { text } = openssl(['ocsp', ...args, '-attime', String(Math.floor(world.clock.ms / 1000) + 60)], {
    'root.pem': encodePem('CERTIFICATE', rootOf(world).der),
    'tls.pem': encodePem('CERTIFICATE', tls.certificate.der),
    'leaf.pem': encodePem('CERTIFICATE', certificate.der),
    'r.der': der,
  });
  assert.match(text, /Response verify OK/);
});
